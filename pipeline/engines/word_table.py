"""data/function_words.toml inverted: which languages each word, part of a word and letter belongs to."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

# Which languages have it, and how much less likely it makes every other (a natural logarithm).
Trait = tuple[frozenset[str], float]

_OTHER = "other"  # whatever the table does not know
_IN_ARABIC_SCRIPT = frozenset({"ar", "fa"})
# Letters that distinguish nothing: a to z, and what Arabic and Persian share.
_COMMON = re.compile(r"[a-zا-غف-و]")
_LONG = 4  # letters; longer words weigh no more


class WordTable:
    """start: each language -> its score before anything is read, a natural logarithm."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._weights: dict[str, float] = spec["weights"]
        self.ours: tuple[str, ...] = tuple(spec["ours"])
        known = (*self.ours, *spec["near"], _OTHER)
        self.start = {
            language: 0.0 if language in self.ours else -self._weights["near"] for language in known
        }
        self._scripts = {"LATIN": frozenset(known) - _IN_ARABIC_SCRIPT, "ARABIC": _IN_ARABIC_SCRIPT}
        self._words = _inverted({language: text.split() for language, text in spec["words"].items()})
        self._letters = _inverted(spec["letters"])
        self._parts = {part: frozenset(languages.split()) for part, languages in spec["parts"].items()}

    def traits(self, word: str) -> Iterator[Trait]:
        """The traits of a word and its pieces. word: lower case, NFC, with straight apostrophes."""
        yield from self._of_script(word)
        for char in set(word):
            yield from self._of_letter(char)
        for token in self._tokens(word):
            yield from self._of_token(token)

    def _of_script(self, word: str) -> Iterator[Trait]:
        name = next((unicodedata.name(char, "") for char in word if char.isalpha()), "")
        if name:
            languages = self._scripts.get(name.split(" ")[0], frozenset({_OTHER}))
            yield languages, self._weights["script"]

    def _of_letter(self, char: str) -> Iterator[Trait]:
        if char in self._letters:
            yield self._letters[char], self._weights["letter"]
        elif char.isalpha() and not _COMMON.match(char):
            yield frozenset({_OTHER}), self._weights["script"]

    def _of_token(self, token: str) -> Iterator[Trait]:
        if languages := self._words.get(token):
            steps = min(len(token.strip("'")), _LONG) - 1
            yield languages, self._weights["word_base"] + self._weights["word_step"] * steps
        elif len(token) > 2:
            whole = f"_{token}_"
            for part, languages in self._parts.items():
                if part in whole:
                    yield languages, self._weights["part"]

    def _tokens(self, word: str) -> Iterator[str]:
        """l'arbre: l' and arbre; grandma's: grandma and 's; don't: itself; dit-il: dit and il."""
        if word in self._words:
            yield word
            return
        for piece in word.split("-"):
            head, apostrophe, tail = piece.partition("'")
            if not apostrophe or piece in self._words:
                yield piece
            elif f"'{tail}" in self._words:
                yield from filter(None, (head, f"'{tail}"))
            else:
                yield from filter(None, (f"{head}'" if head else "", tail))


def _inverted(lists: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """language -> items becomes item -> languages."""
    inverted: dict[str, set[str]] = defaultdict(set)
    for language, items in lists.items():
        for item in items:
            inverted[item].add(language)
    return {item: frozenset(languages) for item, languages in inverted.items()}
