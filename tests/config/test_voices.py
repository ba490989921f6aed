from __future__ import annotations

import re
from collections import Counter

import pytest

from pipeline.config.profiles import profile, profiles
from pipeline.config.voices import VoiceRow, paced, rows, sentence
from pipeline.engines.registry import REGISTRY

ROWS = rows()


def test_a_voice_is_named_once_in_its_locale() -> None:
    assert (
        Counter((row.locale, row.name) for row in ROWS if row.engine != "fake-speech").most_common(1)[0][1]
        == 1
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.locale}-{row.engine}-{row.name}")
def test_a_row_is_complete(row: VoiceRow) -> None:
    """A name is a part of a key, beside the pace that is written as p90."""
    assert re.fullmatch(r"[a-z]{2,15}", row.name)
    assert row.engine in REGISTRY
    assert row.id
    assert row.about
    assert row.quality in {"good", "fair", "weak", "poor", "draft", "fake"}


def test_every_engine_that_speaks_at_another_pace_is_registered() -> None:
    assert paced() <= REGISTRY.keys()


@pytest.mark.parametrize("name", profiles())
def test_each_locale_has_a_sentence_to_hear_its_voices_by(name: str) -> None:
    assert all(sentence(locale).strip().endswith(".") for locale in profile(name)["locales"])
