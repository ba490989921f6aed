"""Signs that are not seen, and addresses: what is refused by Unicode's own tables, and what texts need."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from pipeline.story.plain_text import check, has_address, unseen

# Unicode 15.1, UAX 9: embeddings and overrides, isolates. ISO 6429: C0, DEL, C1.
_BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_CONTROLS = [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0))]


@pytest.mark.parametrize("sign", [*_BIDI, *_CONTROLS, "\u2028", "\u2029", "\ud800", "\ue000"])
def test_control_signs_overrides_and_surrogates_are_named(sign: str) -> None:
    assert unseen(f"a shy {sign}snail") == f"U+{ord(sign):04X}"


@pytest.mark.parametrize(
    "text",
    [
        "sn\u200bail",  # zero width space
        "sn\u00adail",  # soft hyphen
        "sn\u2060ail",  # word joiner
        "\ufeffsnail",  # byte order mark
        "snail\U000e0041\U000e0042",  # tags
        "snail😀\ufe01\ufe02\ufe03",  # bytes hidden in variations
        "a\u3164snail",  # Hangul filler
        "sn\u034fail",  # combining grapheme joiner
        "snail\ufffe",
        "snail\ufffd",  # a letter that was lost
    ],
)
def test_what_hides_words_is_refused(text: str) -> None:
    assert unseen(text)


@pytest.mark.parametrize("text", ["sn\u200dail", "ул\u200cитка", "ΣΑ\u200dΛ"])
def test_joiner_where_nothing_joins_is_refused_in_a_story(text: str) -> None:
    """In an idea it passes: the word filter reads through it, and says what is wrong."""
    assert not check((text,)).passed


@pytest.mark.parametrize(
    "text",
    [
        "A shy snail – “hello”, said Zoë; ¡vámonos! «Oui»…",
        "كانَ هناكَ قنفذٌ صغيرٌ، لا ينامُ.",  # right to left, with its short vowels
        "قال القنفذ: \u200f«مرحبا!»\u200e (2)",  # direction marks
        "\u061c12 قنفذ",
        "می\u200cخواهم بخوابم",  # Persian: the joiner that keeps letters apart
        "क्\u200dष और क्\u200cष",  # Hindi
        "ශ්\u200dරී ලංකා",  # Sinhala
        "👩\u200d👩\u200d👧\u200d👦 and 🏳️\u200d🌈 and ❤️\u200d🔥 and 👍🏽 and 1️⃣ and ℹ️",
        "🧑🏽\u200d🚀",
        "日本語のお話。",
        "Vie\u0302\u0323t",
        "a\u00a0snail\u202fhere",
        chr(0x1FAE9),  # an emoji newer than this Python's tables
    ],
)
def test_what_languages_and_emoji_need_passes(text: str) -> None:
    assert unseen(text) == ""
    assert check((text,)).passed


def test_every_letter_and_mark_of_unicode_passes_beside_a_letter() -> None:
    """But for those that Unicode defines as not seen (Default_Ignorable_Code_Point)."""
    ignorable = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0}
    letters = (chr(at) for at in range(sys.maxunicode) if unicodedata.category(chr(at))[0] in "LMN")
    assert {ord(char) for char in letters if unseen(f"a{char}b")} == ignorable


@pytest.mark.parametrize(
    "text",
    [
        "See https://example.com/a for more.",
        "See HTTP://EXAMPLE.COM",
        "Go to www.example.fr today.",
        "Write to nora@example.com.",
        "Write to nora@localhost",
        "Visit example.com",
        "Visit example.org.",
        "Read bit.ly/3xYz now",
        "mailto:nora",
        "javascript:alert(1)",
        "data:text/html,hi",
        "ftp://10.0.0.1/x",
        "Look at 192.168.0.1 now",
        "ｈｔｔｐｓ：／／ｅｘａｍｐｌｅ．ｃｏｍ",
        "a story by hxxp://x",
    ],
)
def test_addresses_are_noticed(text: str) -> None:
    assert has_address(text)
    refused = check(("Nora", text))
    assert (refused.passed, refused.figure) == (False, "an address")


@pytest.mark.parametrize(
    "text",
    [
        'Nora said: "hello." Then she slept.',
        "It was 12:30, or 3.14, or 1.000.000 stars.",
        "They ran.Then they stopped.",
        "She went to the door.Net in hand, she waited.App, app!",
        "Dit zei ze:«Bonjour» !",
        "She had a net. Come in.",
        "and/or, he/she, 1/2",
        "Mr. Milo et al. went home e.g. soon.",
        "He met @ the gate.",
        "On y va : l'escargot dit : oui",
    ],
)
def test_ordinary_sentences_hold_no_address(text: str) -> None:
    assert not has_address(text)
    assert check((text,)).passed
