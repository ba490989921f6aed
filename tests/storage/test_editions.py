from __future__ import annotations

import pytest

from pipeline.storage import editions

# Written by hand, as they lie in stores.
NAMES = [
    ("fr", ("fr", "", 1.0)),
    ("fr-CA", ("fr-CA", "", 1.0)),
    ("zh-Hant-TW", ("zh-Hant-TW", "", 1.0)),
    ("fr-x-sara", ("fr", "sara", 1.0)),
    ("pt-BR-x-dora-p70", ("pt-BR", "dora", 0.7)),
    ("en-x-heart-p130", ("en", "heart", 1.3)),
]


@pytest.mark.parametrize(("name", "parts"), NAMES)
def test_a_name_is_read_as_locale_voice_and_pace(name: str, parts: tuple[str, str, float]) -> None:
    assert editions.parse(name) == parts
    assert editions.locale(name) == parts[0]


@pytest.mark.parametrize(("name", "parts"), [pair for pair in NAMES if pair[1][1]])
def test_the_name_of_another_voice_or_pace_is_written(name: str, parts: tuple[str, str, float]) -> None:
    assert editions.name(*parts) == name


@pytest.mark.parametrize("percent", range(70, 131))
def test_every_pace_survives_being_written(percent: int) -> None:
    assert editions.parse(editions.name("en", "heart", percent / 100)).pace == percent / 100


@pytest.mark.parametrize("name", ["", "fr-x-", "fr-x-p90", "-x-sara"])
def test_what_is_no_edition_of_a_voice_is_a_locale_that_nothing_has(name: str) -> None:
    assert editions.parse(name).locale not in {"fr", "en"}
