"""Which voices Polly has, and with which engines: a table."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_ENGINES = ("standard", "neural", "long-form", "generative")


@dataclass(frozen=True)
class PollyVoice:
    """language: its default. others: languages that a bilingual voice speaks as well."""

    id: str
    gender: str
    language: str
    language_name: str
    engines: tuple[str, ...]
    others: tuple[str, ...]

    def described(self, with_others: bool) -> dict[str, Any]:
        """As DescribeVoices tells it."""
        told = {
            "Gender": self.gender,
            "Id": self.id,
            "LanguageCode": self.language,
            "LanguageName": self.language_name,
            "Name": self.id,
            "SupportedEngines": list(self.engines),
        }
        return {**told, "AdditionalLanguageCodes": list(self.others)} if with_others and self.others else told


@cache
def voices() -> dict[str, PollyVoice]:
    """By id."""
    table = tomllib.loads(Path(__file__).with_name("voices.toml").read_text("utf-8"))
    return {
        name: _voice(name, code, language["language"], told.split())
        for code, language in table.items()
        for name, told in language.items()
        if name != "language"
    }


def _voice(name: str, code: str, language: str, told: list[str]) -> PollyVoice:
    gender, *rest = told
    engines = tuple(word for word in rest if word in _ENGINES)
    return PollyVoice(
        name, gender, code, language, engines, tuple(word for word in rest if word not in engines)
    )
