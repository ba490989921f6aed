"""Every AWS engine while its service fails in every way: a bounded number of requests, the right error."""

from __future__ import annotations

import pytest

from infra.local_aws import LocalAws
from pipeline.engines.aws.clients import Clients
from tests.engines.aws.faulty import CASES, bucket, expected, failure
from tests.engines.aws.loopback import no_backoff


@pytest.mark.parametrize(("engine", "fault"), CASES)
def test_a_failing_service_gets_a_bounded_number_of_requests_and_the_right_error(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, engine: str, fault: str
) -> None:
    no_backoff(monkeypatch)
    if engine == "s3 get":
        bucket(Clients()).put("existing", b"y" * 1000)
    error, requests = failure(aws, engine, fault)
    kind, allowed = expected(engine, fault)
    assert requests in allowed
    if kind is None:
        assert error is None
        return
    assert type(error) is kind
    assert "run it again" in str(error)
    assert "\n" not in str(error)
