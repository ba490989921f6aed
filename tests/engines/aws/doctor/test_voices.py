"""Voices of the table that Polly does not have are named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pipeline.engines.aws.doctor import examine
from pipeline.engines.aws.voices import PollyVoice, Table
from tests.engines.aws.doctor.cloud import BUCKET, ENDPOINT, REGION, TABLE, Refusal, cloud, found, voices


@pytest.mark.parametrize(
    "told",
    [
        voices(("Joanna", "en-US", ["neural"]), ("Lotte", "nl-NL", ["standard"])),
        voices(("Joanna", "en-US", ["neural"]), ("Laura", "nl-NL", ["standard", "generative"])),
    ],
    ids=["gone", "no longer neural"],
)
def test_a_voice_that_cannot_speak_is_named(told: Mapping[str, Any]) -> None:
    finding = found(cloud(DescribeVoices=told))["voices"]
    assert finding.passed is False
    assert "Laura" in finding.told
    assert "Joanna" not in finding.told
    assert REGION in finding.told
    assert "stories voices refresh" in finding.todo


def test_a_voice_that_never_was_neural_is_no_fault() -> None:
    told = voices(("Joanna", "en-US", ["neural"]), ("Laura", "nl-NL", ["neural"]))
    assert found(cloud(DescribeVoices=told))["voices"].passed is True


def test_a_locale_whose_voice_lacks_the_engine_in_the_table_itself_is_a_fault() -> None:
    table = Table("2026-11", {"nl": "Lotte"}, TABLE.voices)
    findings = {one.name: one for one in examine(cloud(), ENDPOINT, BUCKET, table)}
    assert findings["voices"].passed is False
    assert "Lotte" in findings["voices"].told


def test_a_region_without_the_engine_is_told_in_one_short_line() -> None:
    names = [f"Voice{number:02}" for number in range(30)]
    table = Table("2026-11", {"en": names[0]}, tuple(PollyVoice(one, "en-US", ("neural",)) for one in names))
    told = voices(*((one, "en-US", ["standard"]) for one in names))
    findings = {one.name: one for one in examine(cloud(DescribeVoices=told), ENDPOINT, BUCKET, table)}
    assert "Voice07 and 22 more" in findings["voices"].told
    assert "AWS_REGION" in findings["voices"].todo


def test_voices_that_may_not_be_listed_stay_unknown() -> None:
    assert found(cloud(DescribeVoices=Refusal("AccessDeniedException", 403)))["voices"].passed is None
