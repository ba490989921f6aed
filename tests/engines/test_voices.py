from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config.profiles import profile, profiles
from pipeline.engines.voices import is_default, offered


@pytest.mark.parametrize("name", profiles())
def test_each_locales_own_voice_is_in_the_table_and_comes_first(name: str) -> None:
    spec = profile(name)
    rows = offered(spec)
    for locale in spec["locales"]:
        first, *others = [row for row in rows if row.locale == locale]
        assert is_default(spec, first)
        assert not any(is_default(spec, row) for row in others)


@pytest.mark.parametrize("name", profiles())
def test_a_voice_is_named_once_in_its_locale(name: str) -> None:
    names = [(row.locale, row.name) for row in offered(profile(name))]
    assert len(names) == len(set(names))


def test_english_french_italian_spanish_and_portuguese_have_a_choice_on_a_laptop() -> None:
    locales = [row.locale for row in offered(profile("embedded"))]
    assert all(locales.count(locale) >= 2 for locale in ("en", "fr", "it", "es", "pt"))


def test_pollys_neural_voices_are_in_the_locale_of_their_region_or_else_of_their_language() -> None:
    rows = [(row.locale, row.id) for row in offered(profile("aws"))]
    assert {("en", "Joanna"), ("en-GB", "Brian"), ("en", "Olivia"), ("de", "Sabrina")} <= set(rows)
    assert not any(voice in {"Zeina", "Hans"} for _, voice in rows)  # standard only


def test_a_refreshed_table_of_polly_replaces_the_shipped_one(tmp_path: Path) -> None:
    path = tmp_path / "voices.toml"
    path.write_text(
        'dated = "2026-12"\n[locales]\nen = "Joanna"\n[[voices]]\nid = "Joanna"\nlanguage = "en-US"\n'
        'engines = ["neural"]\n'
    )
    assert [row.id for row in offered(profile("aws"), path)] == ["Joanna"]
