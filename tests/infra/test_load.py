"""The load of load.py in short: quotas of few, fast requests. Judged by counts alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local_aws import Fault, LocalAws
from infra.local_aws.rates import Rate
from tests.infra import branches, load
from tests.infra.branches import SPEAK
from tests.infra.load import NEURAL

# The fake's story has ten sentences, of two requests each.
STORY = 2 * 10


@pytest.fixture
def strict(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """A new account's quota, but for fifty requests a second: a test is not to wait for eight."""
    monkeypatch.setitem(aws.options.rates, NEURAL, Rate(50, 10, 18))
    aws.reset()
    return aws


def test_three_stories_at_once_are_all_spoken_though_polly_refuses(strict: LocalAws) -> None:
    with branches.flowing(strict) as flow:
        strict.inject(SPEAK, Fault("throttle", after=6, times=3))
        results = load.at_once(flow, 3)
    assert [result.state for result in results] == ["done"] * 3
    assert strict.requests(SPEAK) == 3 * STORY + 3 + strict.refused(NEURAL)


def test_a_chunk_of_a_catalog_is_all_spoken_though_polly_refuses(strict: LocalAws, tmp_path: Path) -> None:
    strict.inject(SPEAK, Fault("throttle", after=6, times=3))
    report = load.chunk(tmp_path, 2, ["en", "en-GB"])
    assert (report.made, report.causes) == (4, {})
    # A sentence in two voices is spoken twice; of two narrators at once both may pay for one sentence.
    assert strict.requests(SPEAK) >= 2 * 2 + 3 + strict.refused(NEURAL)
