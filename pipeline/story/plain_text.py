"""What no text may hold, whoever wrote it: signs that are not seen, and, where a model wrote it, addresses.

A control sign drives a terminal or ends a tag; an override shows letters in another order than they are read
and spoken in; what has no width hides one word in another. Such a text is refused and not cleaned: it is
damaged or hostile, another draft costs seconds, and what is checked stays what is shown and spoken.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from pipeline.types import Check

NAME = "plain text"
# Of Unicode's general categories: control, format, surrogate, private use; and what ends a line.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# Format characters that texts need: joiners (Persian, Indic scripts, emoji), direction marks, the signs
# that Arabic and Syriac write around numbers.
_NEEDED = frozenset("\u200c\u200d\u200e\u200f\u061c\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2")
# Of other categories, but seen no more: joiner and fillers, a blank of Braille, noncharacters; and the sign
# for a letter that was lost.
_ALSO_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufdd0-\ufdef\ufffd-\uffff]"
    # An emoji has two in a row at most (a variation, then a joiner); more of them are a hidden message.
    "|[\u200c-\u200f\u061c\ufe00-\ufe0f\U000e0100-\U000e01ef]{3}"
)
_ADDRESS = re.compile(
    r"\w://|\bwww[.。]\w|\w@\w"
    r"|\b(?:mailto|javascript|data|file|tel|sms):\S"
    # In small letters: a sentence that lacks its blank ("the door.Net in hand") goes on with a capital.
    r"|\w[.。](?-i:com|org|net|edu|gov|info|biz|io|app|dev|xyz|online|site|shop)\b"
    r"|\w[.。][a-z]{2,24}/\w|(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])",
    re.IGNORECASE,
)


def unseen(text: str) -> str:
    """The first sign that may not be here, as "U+202E"; "" where there is none."""
    if text.isascii() and text.isprintable():
        return ""
    for char in text:
        if _is_unseen(char):
            return _named(char)
    match = _ALSO_UNSEEN.search(text)
    return _named(match.group()[0]) if match else ""


def visible(text: str) -> str:
    """For a terminal: line ends and tabs, and every other such sign as JSON escapes it."""
    if text.isprintable():
        return text
    return "".join(_escaped(char) if _is_unseen(char) and char not in "\n\t" else char for char in text)


def has_address(text: str) -> bool:
    """Whether it holds an address of the web or of mail: a page or a phone would make it a link."""
    return bool(_ADDRESS.search(unicodedata.normalize("NFKC", text)))


def check(texts: tuple[str, ...]) -> Check:
    """Of a story or a translation, each of its texts a line. It binds also where other checks only report."""
    fault = next(filter(None, map(unseen, texts)), "") or next(filter(None, map(_joiner, texts)), "")
    if not fault and any(map(has_address, texts)):
        fault = "an address"
    return Check(NAME, not fault, fault or None, "no unseen signs, no addresses")


def _joiner(text: str) -> str:
    """A joiner after a letter with cases: Latin, Greek and Cyrillic never join."""
    pairs = pairwise(text)
    return next(
        (_named(sign) for letter, sign in pairs if sign in "\u200c\u200d" and letter.swapcase() != letter), ""
    )


def _is_unseen(char: str) -> bool:
    return unicodedata.category(char) in _UNSEEN and char not in _NEEDED


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _named(char: str) -> str:
    return f"U+{ord(char):04X}"
