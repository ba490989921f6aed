"""Looks up the words of a sentence in a glossary (data/prompts/glossary.toml). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from typing import Any, TypeVar

from pipeline.story.text import words

Entries = tuple[tuple[str, str], ...]
Value = TypeVar("Value")

# Articles before a noun in an entry, which a sentence may lack.
_ARTICLE = re.compile(r"^((le|la|les|un|une|el|los|las|il|lo|gli|i|der|die|das|de|het)\s+|l'|un'|ال)(?=\S)")


class Glossary:
    """spec: `languages`, and `words`: English forms "mouse|mice" -> one entry for each language."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._spec = spec
        self._backward = cache(self._to_english)

    def find(self, sentence: str, language: str) -> Entries:
        """(English words as they stand in the sentence, their translation), in order, each once.

        Longest phrases first. Empty for a language that the glossary does not have.
        """
        if language not in self._spec["languages"]:
            return ()
        column = self._spec["languages"].index(language)
        entries = _scan(sentence, self._forward, _english_forms)
        return tuple((word, entry[column]) for word, entry in entries)

    def find_english(self, sentence: str, language: str) -> Entries:
        """The other direction: (words as they stand in a sentence of `language`, their English form)."""
        if language not in self._spec["languages"]:
            return ()
        return _scan(sentence, self._backward(language), _foreign_forms)

    @cached_property
    def _forward(self) -> dict[str, tuple[str, ...]]:
        return {_plain(form): tuple(entry) for forms, entry in self._entries() for form in forms}

    def _to_english(self, language: str) -> dict[str, str]:
        column = self._spec["languages"].index(language)
        skipped = self._spec.get("ambiguous", {}).get(language, ())
        known: dict[str, str] = {}
        for forms, entry in self._entries():
            for form in re.split(r", | / ", re.sub(r" \(.*\)", "", entry[column])):
                known.setdefault(_ARTICLE.sub("", _plain(form)), forms[0])
        return {form: english for form, english in known.items() if form not in skipped}

    def _entries(self) -> Iterable[tuple[list[str], list[str]]]:
        return ((key.split("|"), entry) for key, entry in self._spec["words"].items())


def _scan(
    sentence: str, known: Mapping[str, Value], forms: Callable[[str], tuple[str, ...]]
) -> tuple[tuple[str, Value], ...]:
    tokens = [_plain(word) for word in words(sentence)]
    longest = max((len(form.split()) for form in known), default=1)
    matches: dict[str, Value] = {}
    at = 0
    while at < len(tokens):
        for size in range(min(longest, len(tokens) - at), 0, -1):
            phrase = " ".join(tokens[at : at + size])
            form = next((form for form in forms(phrase) if form in known), None)
            if form is not None:
                matches.setdefault(phrase, known[form])
                at += size
                break
        else:
            at += 1
    return tuple(matches.items())


def _english_forms(phrase: str) -> tuple[str, ...]:
    return phrase, phrase.removesuffix("'s"), phrase.removesuffix("s")


def _foreign_forms(phrase: str) -> tuple[str, ...]:
    return phrase, _ARTICLE.sub("", phrase), phrase.rpartition("'")[2]


def _plain(word: str) -> str:
    return word.casefold().replace("’", "'")
