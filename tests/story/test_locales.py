from __future__ import annotations

import pytest

from pipeline.errors import RequestError
from pipeline.story.locales import canonical, language, match

KNOWN = ["en", "fr", "pt", "pt-BR", "nl", "zh-Hant"]

TAGS = {
    "fr": "fr",
    "FR": "fr",
    " fr ": "fr",
    "fr_ca": "fr-CA",
    "FR-ca": "fr-CA",
    "zh-hant-tw": "zh-Hant-TW",
    "es-419": "es-419",
    "de-CH-1901": "de-CH-1901",
    "ast": "ast",
}


def test_tag_has_a_canonical_form() -> None:
    assert {tag: canonical(tag) for tag in TAGS} == TAGS


SERVED = {
    "fr": "fr",
    "fr-CA": "fr",
    "fr_CA": "fr",
    "nl-BE": "nl",
    "pt-BR": "pt-BR",
    "pt-PT": "pt",
    "EN-us": "en",
    "zh-Hant-TW": "zh-Hant",
}


def test_tag_matches_itself_or_its_language_only() -> None:
    assert {tag: match(tag, KNOWN) for tag in SERVED} == SERVED


UNKNOWN = ["de-CH-1901", "zh", "sv", "eng"]
MALFORMED = ["", " ", "-", "e", "english", "fr-", "-fr", "fr--CA", "../en", "fr/CA", "fr;rm", "fr\nCA"]


@pytest.mark.parametrize("tag", [*UNKNOWN, *MALFORMED, "ف", "a1", "en-\x00"])
def test_another_or_a_malformed_tag_is_an_unknown_locale(tag: str) -> None:
    with pytest.raises(RequestError) as caught:
        match(tag, KNOWN)
    assert caught.value.problem == "unknown-locale"
    assert str(caught.value).endswith("there are en, fr, pt, pt-BR, nl, zh-Hant")
    assert "\n" not in str(caught.value)


def test_a_very_long_tag_makes_a_short_message() -> None:
    with pytest.raises(RequestError) as caught:
        match("fr" * 5000, KNOWN)
    assert len(str(caught.value)) < 150


def test_the_language_of_a_tag() -> None:
    assert [language(tag) for tag in ("fr", "fr-CA", "ZH-Hant-TW")] == ["fr", "fr", "zh"]
