"""Table of Polly's voices and their engines."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_ENGINES = ("standard", "neural", "long-form", "generative")


@dataclass(frozen=True)
class PollyVoice:
    """language: the default. others: further languages of a bilingual voice."""

    id: str
    gender: str
    language: str
    language_name: str
    engines: tuple[str, ...]
    others: tuple[str, ...]

    def described(self, with_others: bool) -> dict[str, Any]:
        """As DescribeVoices returns it."""
        description = {
            "Gender": self.gender,
            "Id": self.id,
            "LanguageCode": self.language,
            "LanguageName": self.language_name,
            "Name": self.id,
            "SupportedEngines": list(self.engines),
        }
        others = {"AdditionalLanguageCodes": list(self.others)} if with_others and self.others else {}
        return {**description, **others}


@cache
def voices() -> dict[str, PollyVoice]:
    """By id."""
    table = tomllib.loads(Path(__file__).with_name("voices.toml").read_text("utf-8"))
    return {
        name: _voice(name, code, language["language"], words.split())
        for code, language in table.items()
        for name, words in language.items()
        if name != "language"
    }


def _voice(name: str, code: str, language: str, words: list[str]) -> PollyVoice:
    gender, *rest = words
    engines = tuple(word for word in rest if word in _ENGINES)
    return PollyVoice(
        name, gender, code, language, engines, tuple(word for word in rest if word not in engines)
    )
