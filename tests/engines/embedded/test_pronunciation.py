"""How words find their symbols, with a front end of a few rules; the real front end: test_hibari.py."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from pipeline.engines.embedded.pronunciation import MAX_SYMBOLS, FrontEnd, pronounce

LETTERS = "abcdefghijklmnopqrstuvwxyz ,.—…"


@dataclass(frozen=True)
class Piece:
    text: str
    whitespace: str
    phonemes: str | None


def front_end(**written_out: str) -> FrontEnd:
    """A word's phonemes are its letters, lower case. written_out: what a word is replaced by."""

    def tokens(text: str) -> list[Piece]:
        pieces = re.finditer(r"(\w+|[^\w\s]+)(\s*)", text)
        return [Piece(match[1], match[2], match[1].lower()) for match in pieces]

    def write_out(text: str) -> str:
        return re.sub(r"\w+", lambda match: written_out.get(match[0], match[0]), text)

    return FrontEnd(lambda text: re.split(r"(?<=\.) (?=[A-Z])", text), write_out, tokens, LETTERS)


def spoken(text: str, engine: FrontEnd) -> list[tuple[str, list[tuple[str, str]]]]:
    """Of each piece its symbols, and each anchor as the three characters and symbols that follow it."""
    return [
        (
            piece.symbols,
            [(text[a.position :][:3], piece.symbols[a.phoneme :][:3]) for a in piece.anchors],
        )
        for piece in pronounce(text, engine)
    ]


def test_each_word_is_anchored_at_its_own_symbols() -> None:
    assert spoken("The cat, sat.", front_end()) == [
        ("the cat, sat.", [("The", "the"), ("cat", "cat"), ("sat", "sat")])
    ]


def test_each_sentence_is_spoken_by_itself_with_places_of_the_whole_text() -> None:
    (_, first), (_, second) = spoken("A cat. A dog.", front_end())
    assert first == [("A c", "a c"), ("cat", "cat")]
    assert second == [("A d", "a d"), ("dog", "dog")]


def test_a_number_that_is_read_as_several_words_is_anchored_at_the_first_of_them() -> None:
    ((_, anchors),) = spoken("see 1984 now", front_end(**{"1984": "nineteen eighty four"}))
    assert ("198", "nin") in anchors
    assert anchors[-1] == ("now", "now")


def test_words_that_are_written_out_as_words_are_anchored_each() -> None:
    ((_, anchors),) = spoken("Dr St go", front_end(Dr="doctor", St="saint"))
    assert anchors == [("Dr ", "doc"), ("St ", "sai"), ("go", "go")]


def test_symbols_that_the_voice_does_not_know_are_left_out() -> None:
    ((symbols, anchors),) = spoken("é 漢字 ok", front_end())
    assert symbols == "ok"
    assert anchors == [("ok", "ok")]


def test_a_text_without_symbols_is_no_piece() -> None:
    assert pronounce("漢字", front_end()) == []


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("wait... what", "wait… what"),
        ("the owl -- old", "the owl — old"),
        ("owl--old", "owl—old"),
        ("grey-green", "greygreen"),
    ],
)
def test_dots_and_dashes_become_the_marks_of_a_pause(text: str, symbols: str) -> None:
    assert [piece.symbols for piece in pronounce(text, front_end())] == [symbols]


@pytest.mark.parametrize("comma", ["", ","])
def test_a_long_sentence_is_cut_into_short_pieces_that_keep_every_word(comma: str) -> None:
    clause = " ".join(["abcdefghi"] * 9)
    text = f"{comma} ".join([clause] * 12)
    pieces = pronounce(text, front_end())
    assert all(len(piece.symbols) <= MAX_SYMBOLS for piece in pieces)
    assert " ".join(piece.symbols for piece in pieces) == text
    assert sum(len(piece.anchors) for piece in pieces) == 9 * 12
    if comma:
        assert all(piece.symbols.endswith(",") for piece in pieces[:-1])
