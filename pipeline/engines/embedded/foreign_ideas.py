"""Which ideas are surely in none of our languages, in some milliseconds: by script, by words, then by lingua.

Measured (tests/engines/foreign_ideas.toml, tests/engines/ideas.toml): of 62 ideas in scripts of their own all
are noticed, of 278 in Latin letters 211; of 838 in ours, and of 4,444 of a pattern ("a tiny kite"), none is.
"""

from __future__ import annotations

import threading
import tomllib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from typing import Any

from pipeline.engines.embedded.language import OURS
from pipeline.ports import LanguageDetector
from pipeline.story.text import clean, words

# A letter of these is a syllable or a word, and counts as three.
_DENSE = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})
# Of Persian, Urdu, Pashto, Kurdish and Uyghur.
_BEYOND_ARABIC = frozenset("پچژگکیےۍٹڈڑںھہۂۀۆۇۈېێەڤځڅډړښڼ")
_OUR_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzàâáãäæçéèêëíìîïñóòôõöœúùûüßÿ")
# What another language has to gather, and its least lead over ours. A word counts 0.75 to 1.5, by its length.
_LEAST, _LEAD, _LETTER = 2.0, 1.0, 0.75
# lingua is asked about so many words, of which ours have no more than this.
_FEWEST, _MOST_OURS = 3, 1.6
# The share it may leave to ours where such a word supports it, and where none does: "a tiny kite" is 0.002.
_SUPPORT, _SHARE, _SHARE_ALONE = 1.0, 1e-3, 1e-5
# Those with models in lingua that an idea may come in. More of them (Maori, Tsonga, Zulu) are taken for
# short English.
_OTHERS = (
    "sv da nb nn fi et lv lt pl cs sk sl hr bs hu ro sq tr az id ms tl sw vi ca eu af cy ga eo la so is"
).split()


class ForeignIdeas:
    """Implements the port of this name. words: a cheap detector of ours. Loads at first use; thread-safe.

    lingua's small models take 0.3 s and 45 MB, and are loaded only where the words decide nothing.
    """

    def __init__(self, words: LanguageDetector) -> None:
        self._words = words
        self._detector: Any = None
        self._loading = threading.Lock()

    def is_foreign(self, idea: str) -> bool:
        script = _script(idea)
        if script not in {"LATIN", "ARABIC"}:
            return bool(script)
        if self._words.detect(idea):
            return False
        if script == "ARABIC":
            return sum(char in _BEYOND_ARABIC for char in idea) > 1
        tokens = words(clean(idea).replace("’", "'"))
        theirs, ours = self._gathered(tokens)
        if theirs >= _LEAST and theirs >= ours + _LEAD:
            return True
        share = _SHARE if theirs >= _SUPPORT else _SHARE_ALONE
        return len(tokens) >= _FEWEST and ours <= _MOST_OURS and self._share_of_ours(idea) < share

    def _gathered(self, tokens: list[str]) -> tuple[float, float]:
        """What speaks for the likeliest other language, and for the likeliest of ours."""
        # A letter of a name says little: names are written large.
        strange = sum(token.islower() and not _OUR_LETTERS.issuperset(_letters(token)) for token in tokens)
        lower = [token.casefold() for token in tokens]
        return self._theirs.most(lower) + _LETTER * strange, self._ours.most(lower)

    def _share_of_ours(self, idea: str) -> float:
        """By lingua, 0 to 1; 1 where it knows no letter group of it, as in "Ho ho ho"."""
        values: dict[str, float] = {
            value.language.iso_code_639_1.name.lower(): value.value
            for value in self._loaded().compute_language_confidence_values(idea)
        }
        return sum(values.get(code, 0.0) for code in OURS) if any(values.values()) else 1.0

    def _loaded(self) -> Any:
        with self._loading:
            if self._detector is None:
                from lingua import IsoCode639_1, LanguageDetectorBuilder

                codes = [IsoCode639_1.from_str(code) for code in (*OURS, *_OTHERS)]
                builder = LanguageDetectorBuilder.from_iso_codes_639_1(*codes)
                self._detector = builder.with_low_accuracy_mode().build()
            return self._detector

    @cached_property
    def _theirs(self) -> _Lists:
        return _Lists(_table("foreign_words")["words"])

    @cached_property
    def _ours(self) -> _Lists:
        spec = _table("function_words")
        return _Lists({language: spec["words"][language] for language in spec["ours"]})


class _Lists:
    """Words by language, inverted. A word that ends with "-" is every word that begins so."""

    def __init__(self, lists: Mapping[str, str]) -> None:
        self._whole: dict[str, set[str]] = defaultdict(set)
        self._stems: dict[str, set[str]] = defaultdict(set)
        for language, listed in lists.items():
            for word in listed.split():
                (self._stems if word.endswith("-") else self._whole)[word.rstrip("-")].add(language)

    def most(self, tokens: list[str]) -> float:
        """The highest sum of a language; a word counts 0.75 to 1.5, by its length."""
        sums: dict[str, float] = defaultdict(float)
        for token in tokens:
            for language in self._languages(token):
                sums[language] += 0.5 + 0.25 * min(len(token.strip("'")), 4)
        return max(sums.values(), default=0.0)

    def _languages(self, token: str) -> set[str]:
        stems = (self._stems.get(token[:end], set()) for end in range(3, len(token) + 1))
        return self._whole.get(token, set()).union(*stems)


def _script(text: str) -> str:
    """Of most of its letters, as their names in Unicode begin; "" where it has none."""
    counts: Counter[str] = Counter()
    for char in filter(str.isalpha, text):
        name = unicodedata.name(char, "").split(" ")[0]
        counts[name] += 3 if name in _DENSE else 1
    return max(counts, key=counts.__getitem__) if counts else ""


def _letters(token: str) -> list[str]:
    return [char for char in token if char.isalpha()]


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(files("pipeline").joinpath("data", f"{name}.toml").read_text("utf-8"))
