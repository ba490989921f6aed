"""English text to the symbols of the voice hibari, by its own front end, knowing where each word came from.

The front end first writes numbers, dates and abbreviations out and then cuts the text into tokens, so there
are two steps back: a token to its place in the written-out text, and that to its place in the given text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Protocol

from pipeline.engines.embedded.alignment import Anchor

# The voice was trained on sentences; its package too cuts what is longer than this many symbols.
MAX_SYMBOLS = 400
_CLAUSE_END = re.compile(r"[,;:.!?…—]”? +")
_BLANK = re.compile(r" +")
_WORD = re.compile(r"\S+")
# As long as what they replace, so that no place moves. The front end reads [text](/symbols/) as a command.
_PLAIN = str.maketrans("[]’", "()'")
# What the front end leaves silent, or reads as one pause a dot.
_DOTS, _DASHES = re.compile(r"\.{2,}"), re.compile(r"(?<!\S)-{2,}(?!\S)|(?<=\w)-{2,}(?=\w)")


class Token(Protocol):
    """A token of the front end; its texts and blanks, joined, are the written-out text."""

    text: str
    whitespace: str
    phonemes: str | None


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """The functions of the package. vocabulary: the symbols that the voice knows."""

    sentences: Callable[[str], Sequence[str]]
    write_out: Callable[[str], str]
    tokens: Callable[[str], Sequence[Token]]
    vocabulary: Collection[str]


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """What is spoken at once. anchors: (character of the text, index among the symbols) of each word."""

    symbols: str
    anchors: tuple[Anchor, ...]


def pronounce(text: str, front_end: FrontEnd) -> list[Pronunciation]:
    """In order, none longer than MAX_SYMBOLS; a sentence at a time, or less of a long sentence."""
    plain = text.translate(_PLAIN)
    pieces: list[Pronunciation] = []
    end = 0
    for sentence in front_end.sentences(plain):
        start = plain.index(sentence, end)
        end = start + len(sentence)
        pieces += _short(_sentence(sentence, start, front_end))
    return pieces


def _sentence(text: str, offset: int, front_end: FrontEnd) -> Pronunciation:
    """offset: of the sentence in the whole text."""
    written_out = _DASHES.sub("—", _DOTS.sub("…", front_end.write_out(text)))
    origins = _origins(text, written_out)
    symbols, place = "", 0
    anchors: list[Anchor] = []
    for token in front_end.tokens(written_out):
        spoken = "".join(symbol for symbol in token.phonemes or "" if symbol in front_end.vocabulary)
        if spoken and any(map(str.isalnum, token.text)):
            anchors.append(Anchor(offset + origins[place], len(symbols)))
        symbols += spoken
        if token.whitespace and symbols and not symbols.endswith(" "):
            symbols += " "
        place += len(token.text) + len(token.whitespace)
    return Pronunciation(symbols.rstrip(), tuple(anchors))


def _origins(text: str, written_out: str) -> list[int]:
    """For each character of the written-out text the place in `text` that it was written for.

    Words that stayed are matched; those between are matched in order where there are as many of them, else
    all of them belong to the first that they replace.
    """
    old, new = list(_WORD.finditer(text)), list(_WORD.finditer(written_out))
    origins = [len(text)] * len(written_out)
    matcher = SequenceMatcher(None, [m.group() for m in old], [m.group() for m in new], autojunk=False)
    for kind, first, end, new_first, new_end in matcher.get_opcodes():
        paired = end - first == new_end - new_first
        for number, word in enumerate(new[new_first:new_end]):
            source = first + number if paired else first
            start = old[source].start() if source < len(old) else len(text)
            for place in range(word.start(), word.end()):
                origins[place] = start + (place - word.start() if kind == "equal" else 0)
    return origins


def _short(whole: Pronunciation) -> Iterator[Pronunciation]:
    """Halves of it, and halves of those, until each is short: cut where a clause ends, else between words."""
    if len(whole.symbols) <= MAX_SYMBOLS:
        if whole.symbols:
            yield whole
        return
    cut = _middle(whole.symbols)
    for start, end in pairwise((0, cut, len(whole.symbols))):
        inside = [anchor for anchor in whole.anchors if start <= anchor.phoneme < end]
        anchors = tuple(Anchor(anchor.position, anchor.phoneme - start) for anchor in inside)
        yield from _short(Pronunciation(whole.symbols[start:end].rstrip(), anchors))


def _middle(symbols: str) -> int:
    """The best place to cut near the middle: within its half around it, an end of a clause, else a blank."""
    middle = len(symbols) // 2
    for pattern in (_CLAUSE_END, _BLANK):
        places = [match.end() for match in pattern.finditer(symbols, middle // 2, middle + middle // 2)]
        if places:
            return min(places, key=lambda place: abs(place - middle))
    return middle
