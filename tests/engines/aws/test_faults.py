"""Every AWS engine while its service fails in every way: a bounded number of requests, the right error."""

from __future__ import annotations

import os

import pytest

from infra.local_aws import LocalAws
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.s3 import S3Store
from pipeline.errors import ThrottledError, UnavailableError
from tests.engines.aws.faulty import CASES, outcome
from tests.engines.aws.loopback import no_backoff

# The limits of clients.py: requests in all, the first included.
LIMITS = {"sagemaker": 2, "translate": 3, "polly": 3, "s3": 5}
# Retried up to the limit. The others come with or after a 200, or are the container's own.
RETRIED = {"throttle", "error500", "error503", "reset", "hang"}
# An empty reply cannot be cut.
SUCCESSES = {("s3 put", "truncate")}
THROTTLED = ("throttle", "model_not_ready")


@pytest.mark.parametrize(("engine", "fault"), CASES)
def test_a_failing_service_gets_a_bounded_number_of_requests_and_the_right_error(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, engine: str, fault: str
) -> None:
    no_backoff(monkeypatch)
    if engine == "s3 get":
        S3Store(Clients(), os.environ["STORIES_BUCKET"]).put("existing", b"y" * 1000)
    result = outcome(aws, engine, fault)
    if fault == "drip" or (engine, fault) in SUCCESSES:
        assert result.error is None
        return
    limit = LIMITS[engine.split(",")[0].split()[0]]
    assert result.requests == limit if fault in RETRIED else 1 <= result.requests <= limit
    assert type(result.error) is (ThrottledError if fault in THROTTLED else UnavailableError)
    assert "run it again" in str(result.error)
    assert "\n" not in str(result.error)
