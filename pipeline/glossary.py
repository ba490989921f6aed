"""Finds the words of a sentence that a glossary knows. Pure; the glossary is data (prompts/glossary.toml)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pipeline.text import words


class Glossary:
    """spec: `languages`, and `words`: English forms "mouse|mice" -> one entry for each language."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._spec = spec

    def find(self, sentence: str, language: str) -> tuple[tuple[str, str], ...]:
        """(words as they stand in the sentence, their translation), in order, each once; longest first.

        Empty for a language that the glossary does not have.
        """
        if language not in self._spec["languages"]:
            return ()
        column = self._spec["languages"].index(language)
        told = [word.casefold().replace("’", "'") for word in words(sentence)]
        found: dict[str, str] = {}
        at = 0
        while at < len(told):
            size, entry = self._longest(told, at)
            if entry is not None:
                found.setdefault(" ".join(told[at : at + size]), entry[column])
            at += size
        return tuple(found.items())

    def _longest(self, told: list[str], at: int) -> tuple[int, tuple[str, ...] | None]:
        for size in range(min(self._most, len(told) - at), 0, -1):
            said = " ".join(told[at : at + size])
            for form in (said, said.removesuffix("'s"), said.removesuffix("s")):
                if form in self._forms:
                    return size, self._forms[form]
        return 1, None

    @cached_property
    def _forms(self) -> dict[str, tuple[str, ...]]:
        return {
            form.casefold(): tuple(entry)
            for forms, entry in self._spec["words"].items()
            for form in forms.split("|")
        }

    @cached_property
    def _most(self) -> int:
        return max(len(form.split()) for form in self._forms)
