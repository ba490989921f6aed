"""The load of load.py in short: quotas of few, fast requests. Judged by counts alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local_aws import Fault, LocalAws
from infra.local_aws.rates import Rate
from tests.engines.aws.loopback import no_backoff
from tests.infra import branches, load
from tests.infra.branches import INVOKE, SPEAK
from tests.infra.load import NEURAL

# The fake's story has ten sentences, of two requests each.
STORY = 2 * 10


@pytest.fixture
def strict(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """A new account's quota but for its rate, and clients that do not wait: a test has no time for that."""
    monkeypatch.setitem(aws.options.rates, NEURAL, Rate(1000, 10, 18))
    no_backoff(monkeypatch)
    monkeypatch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda *_, **__: True)
    aws.reset()
    return aws


def test_three_stories_at_once_are_all_spoken_though_polly_refuses(strict: LocalAws) -> None:
    with branches.flowing(strict) as flow:
        strict.inject(SPEAK, Fault("throttle", after=40, times=3))
        results = load.at_once(flow, 3)
        assert [result.state for result in results] == ["done"] * 3
        assert strict.requests(INVOKE) == 3 * 2  # the client asks again, not the workflow
        spoken = max(result.spoken for result in results)
        # Stories share sentences: of two that say one at once both may pay for it.
        assert strict.requests(SPEAK) >= 2 * spoken + 3 + strict.refused(NEURAL)


def test_a_chunk_of_a_catalog_is_all_spoken_though_polly_refuses(strict: LocalAws, tmp_path: Path) -> None:
    strict.inject(SPEAK, Fault("throttle", after=6, times=3))
    report = load.chunk(tmp_path, 2, ["en"])
    assert (report.made, report.causes) == (2, {})
    assert strict.requests(SPEAK) >= STORY + 3 + strict.refused(NEURAL)
