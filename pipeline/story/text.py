"""Pure text: cleaning an idea, counting words, cutting sentences."""

from __future__ import annotations

import re
import unicodedata

# \w leaves out what sits on a letter: accents apart from it, and the short vowels of Arabic.
WORD = re.compile(r"(?:[\w'’-][\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc]*)+")
MAX_CONTEXT = 300

_CLOSERS = "\"'”’»›“«‹)]"  # German closes with “ and «
_ENDERS = ".!?…؟。！？"
# An ender, its closing quotes (French sets a blank before: « Stop ! » dit-il), then a blank: a
# sentence may end here.
_BREAK = re.compile(rf"(?<=[{re.escape(_ENDERS)}])[{re.escape(_CLOSERS)}]*(?: [»›](?= |$))?\s+")
_ABBREVIATIONS = frozenset(
    (
        "mr mrs ms dr prof st sr sra srta mme mlle m dott sig sig.ra hr fr dhr mevr mw "
        "bzw z.b d.h usw e.g i.e etc vs"
    ).split()
)
# Short for "number" before one; else a word: She said no. Then she left.
_BEFORE_A_NUMBER = frozenset({"no", "nr", "n"})
_SAYS = re.compile(r"[^\W_]")


def words(text: str) -> list[str]:
    """The words of a text: runs of letters, digits, ' and -, with at least one letter or digit."""
    return [word for word in WORD.findall(text) if any(char.isalnum() for char in word)]


def clean(text: str) -> str:
    """NFC, trimmed, every run of blanks one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def sentences(text: str) -> tuple[str, ...]:
    """Cut where a sentence ends; " ".join of the result is clean(text).

    A break needs an ender (with its closing quotes) before blanks, no abbreviation or lone
    initial before the ender, no lower-case letter after it ("Stop!" said the owl), and a word on
    both sides: an emoji or dots alone are nothing to say.
    """
    text = clean(text)
    cut: list[str] = []
    start = 0
    for match in _BREAK.finditer(text):
        before, after = text[start : match.end()].rstrip(), text[match.end() :]
        if _ends(before, after):
            cut.append(before)
            start = match.end()
    if rest := text[start:]:
        cut.append(rest)
    return tuple(cut)


def _ends(before: str, after: str) -> bool:
    if after[:1].islower() or not _SAYS.search(before) or not _SAYS.search(after):
        return False
    if not before.endswith("."):
        return True
    stem = before.split()[-1].rstrip(".").lstrip("([\"'“‘«").lower()
    if stem in _BEFORE_A_NUMBER:
        return not after[0].isdecimal()
    return stem not in _ABBREVIATIONS and not (len(stem) == 1 and stem.isalpha())
