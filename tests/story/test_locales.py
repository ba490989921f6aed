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


@pytest.mark.parametrize("tag", TAGS)
def test_tag_has_a_canonical_form(tag: str) -> None:
    assert canonical(tag) == TAGS[tag]


SERVED = {
    "fr": "fr",
    "fr-CA": "fr",
    "fr_CA": "fr",
    "nl-BE": "nl",
    "pt-BR": "pt-BR",
    "pt-PT": "pt",
    "EN-us": "en",
    "zh-Hant-TW": "zh-Hant",
    "de-CH-1901": None,
    "zh": None,
    "sv": None,
    "eng": None,
}


@pytest.mark.parametrize("tag", SERVED)
def test_tag_matches_itself_or_its_language_only(tag: str) -> None:
    if expected := SERVED[tag]:
        assert match(tag, KNOWN) == expected
        return
    with pytest.raises(RequestError) as caught:
        match(tag, KNOWN)
    assert caught.value.problem == "unknown-locale"
    assert str(caught.value).endswith("there are en, fr, pt, pt-BR, nl, zh-Hant")


@pytest.mark.parametrize(
    "tag",
    [
        "",
        " ",
        "-",
        "e",
        "english",
        "fr-",
        "-fr",
        "fr--CA",
        "../en",
        "fr/CA",
        "fr;rm",
        "fr\nCA",
        "ف",
        "a1",
        "en-\x00",
    ],
)
def test_malformed_tag_is_an_unknown_locale(tag: str) -> None:
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
