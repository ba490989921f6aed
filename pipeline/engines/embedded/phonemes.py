"""Text to the phonemes that Kokoro was trained on, knowing which character each word came from.

espeak-ng pronounces; its IPA is respelled in Kokoro's symbols (one letter for a diphthong or an
affricate), and the punctuation, which espeak-ng drops and which shapes Kokoro's intonation, is put back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate, pairwise

from pipeline.engines.embedded.alignment import Anchor
from pipeline.engines.embedded.espeakng import EspeakNg
from pipeline.story.text import WORD

# Kokoro writes these as one symbol; "^" ties the letters of one espeak-ng phoneme.
_ONE_SYMBOL = {
    "a^ɪ": "I",
    "a^ʊ": "W",
    "e^ɪ": "A",
    "o^ʊ": "O",
    "ə^ʊ": "Q",
    "ɔ^ɪ": "Y",
    "d^ʒ": "ʤ",
    "t^ʃ": "ʧ",
    "d^z": "ʣ",
    "t^s": "ʦ",
}
# American English was trained without length marks and with its r-coloured vowels spelt out.
_AMERICAN = {
    "ə^l": "ᵊl",
    "ɚ": "əɹ",
    "ɜː^ɹ": "ɜɹ",
    "ɜːɹ": "ɜɹ",
    "ɜː": "ɜɹ",
    "ɪ^ə": "iə",
    "ɪə": "iə",
    "ː": "",
    "ɐ": "ə",
    "ɾ": "T",
    "ʔ": "t",
    "r": "ɹ",
    "x": "k",
    "ç": "k",
    "ɬ": "l",
}
_RESPELLED: Mapping[str, Mapping[str, str]] = {"en-us": _ONE_SYMBOL | _AMERICAN}

_MARKS = {
    **{mark: mark for mark in ";:,.!?—…()"},
    "–": "—",
    "،": ",",
    "؛": ";",
    "؟": "?",
    "„": "“",
    "«": "“",
    "»": "”",
}
_EITHER_QUOTE = frozenset('"“”')  # “ opens in English and closes in German: what follows decides
_OPENING = frozenset("“(")
_LANGUAGE_SWITCH = re.compile(r"\([a-z^-]+\)")  # espeak-ng's "(en)" before a foreign word
# The full stop of these ends no sentence.
_TITLE = re.compile(r"\b(?:Mrs?|Ms|Dr|St|Mme|Mlle|M|Sra?|Srta|Dra|Sig|Hr|Fr)$")


@dataclass(frozen=True, slots=True)
class Phonemes:
    """symbols: the input of Kokoro. anchors: (character of the text, index among symbols but spaces)."""

    symbols: str
    anchors: tuple[Anchor, ...]


def phonemes(text: str, language: str, espeak: EspeakNg, vocabulary: Mapping[str, int]) -> Phonemes:
    """language: espeak-ng's name of it. Symbols that Kokoro has no token for are left out."""
    pieces = _pieces(text, language, espeak)
    table = _RESPELLED.get(language, _ONE_SYMBOL)
    edges = [position for position, _ in pieces] + [len(text)]
    symbols, anchors = _known(_punctuation(text, 0, edges[0])[1], vocabulary), []
    for (start, ipa), end in zip(pieces, edges[1:], strict=True):
        anchors.append(Anchor(start, sum(not symbol.isspace() for symbol in symbols)))
        closing, opening = _punctuation(text, start, end)
        symbols += _known(f"{_respell(ipa, table)}{closing} {opening}", vocabulary)
    return Phonemes(" ".join(symbols.split()), tuple(anchors))


def _known(symbols: str, vocabulary: Mapping[str, int]) -> str:
    return "".join(symbol for symbol in symbols if symbol in vocabulary)


def _respell(ipa: str, table: Mapping[str, str]) -> str:
    for source in sorted(table, key=len, reverse=True):
        ipa = ipa.replace(source, table[source])
    return ipa


def _punctuation(text: str, start: int, end: int) -> tuple[str, str]:
    """The marks between the word at `start` and the next word at `end`: closing marks, opening marks.

    A mark inside a number or before a letter (3.5, 10:30) is no pause, nor is the stop of a title.
    """
    closing, opening = "", ""
    gap = WORD.sub(lambda word: " " * len(word.group()), text[start:end])
    for at, character in enumerate(gap, start):
        following = text[at + 1 : at + 2]
        mark = _quote(following) if character in _EITHER_QUOTE else _MARKS.get(character, "")
        if mark in _OPENING:
            opening += mark
        elif not _silent(mark, text[:at], following) and not (mark == "—" and closing):
            closing += mark
    return closing, opening


def _quote(following: str) -> str:
    return "“" if following.isalnum() or following in tuple("¡¿'‘—…") else "”"


def _silent(mark: str, before: str, following: str) -> bool:
    return mark in tuple(".,:") and (following.isalnum() or (mark == "." and bool(_TITLE.search(before))))


def _pieces(text: str, language: str, espeak: EspeakNg) -> list[tuple[int, str]]:
    """(character offset, IPA) of each word as it is spoken.

    Transcribing gives the sound but not the places, speaking gives the places but cuts long phoneme
    names short: the two strings are all but equal, so the places are carried over by matching them.
    """
    ipa = _LANGUAGE_SWITCH.sub("", espeak.transcribe(text, language))
    places = [i for i, character in enumerate(ipa) if character not in "^ "]
    spoken = espeak.speak(text, language)
    names = [_LANGUAGE_SWITCH.sub("", phoneme) for phoneme in spoken.phonemes]
    carried = list(_carried("".join(names), "".join(ipa[i] for i in places)))
    offsets = list(accumulate(map(len, names), initial=0))
    places.append(len(ipa))
    starts = [places[carried[offsets[anchor.phoneme]]] for anchor in spoken.anchors]
    edges = [0, *starts[1:], len(ipa)] if starts else []
    return [
        (anchor.position, ipa[start:end].strip())
        for anchor, (start, end) in zip(spoken.anchors, pairwise(edges), strict=True)
    ]


def _carried(source: str, target: str) -> Iterator[int]:
    """For each place in `source`, and its end, the same place in `target`."""
    blocks = SequenceMatcher(None, source, target, autojunk=False).get_matching_blocks()
    done, reached = 0, 0
    for block in blocks:
        for _ in range(done, block.a):
            yield reached
        yield from range(block.b, block.b + block.size)
        done, reached = block.a + block.size, block.b + block.size
    yield len(target)
