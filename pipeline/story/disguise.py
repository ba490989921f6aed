"""How else a text may be read: without what hides a word from a list of words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Letters of other alphabets that look like Latin ones; of Persian and Urdu, that look like Arabic ones; and
# what stands for a letter inside a word.
_ALIKE = str.maketrans(
    "аеорсухкіѕјԛԝһԁӏмтнвёαοεικνρτυχωβηıɡɩոօѵɑیےکہھٱڨگ",
    "aeopcyxkisjqwhdlmthbeaoeikvptuxwbniginovaييكههاقك",
)
_FIGURES = str.maketrans("013457@$!€", "oieastasie")
_FIGURE = re.compile(r"(?<=[^\W\d_])[013457@$!€]+(?=[^\W\d_])")
_SPACED = re.compile(r"(?<!\w)(?:[^\W\d_]([ .·*_-]))(?:[^\W\d_]\1){2,}[^\W\d_](?!\w)")


@lru_cache(maxsize=64)
def readings(text: str) -> tuple[str, ...]:
    """The text without joiners, compatible forms and vowel signs; where that differs, also with look-alike
    letters, figures in words and spaced words read as what they stand for.
    """
    plain = "".join(char for char in unicodedata.normalize("NFKC", text) if not _hides(char))
    meant = plain.lower().translate(_ALIKE)
    meant = _FIGURE.sub(lambda figures: figures.group().translate(_FIGURES), meant)
    meant = _SPACED.sub(lambda spaced: re.sub(r"\W|_", "", spaced.group()), meant)
    return (plain,) if meant == plain.lower() else (plain, meant)


def _hides(char: str) -> bool:
    return unicodedata.category(char) == "Cf" or "\u064b" <= char <= "\u065f" or char in "\u0640\u0670"
