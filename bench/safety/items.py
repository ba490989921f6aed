"""The published set: ideas that ask for what a child must not hear, and harmless ones that sound alike.

A file a language; its columns: kind (unsafe, harmless), row, disguise, idea. A row, "violence 3", has the
same number in every language, and often the same thought, so a row lies as a whole in one half: rows are the
units of which intervals are made.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
LANGUAGES = ("en", "fr", "nl", "ar", "it", "es", "de", "pt")
# What the product calls the categories of the set (pipeline/data/unsafe_words.toml).
KINDS = {
    "violence": "violence",
    "sexual": "grown-up",
    "self-harm": "self-harm",
    "hate": "hate",
    "danger": "danger",
    "drugs": "grown-up",
    "cruelty": "fear",
    "grooming": "danger",
    "illegal": "danger",
}


@dataclass(frozen=True, slots=True)
class Item:
    """row: category and number. disguise: "plain" where there is none."""

    language: str
    kind: str
    row: str
    disguise: str
    idea: str

    @property
    def unsafe(self) -> bool:
        return self.kind == "unsafe"

    @property
    def category(self) -> str:
        return self.row.split()[0]

    @property
    def unit(self) -> str:
        return f"{self.kind} {self.row}"

    @property
    def dev(self) -> bool:
        """Whether it is of the half that checks are tuned with: by the SHA-256 of its row."""
        return int(hashlib.sha256(self.unit.encode()).hexdigest(), 16) % 2 == 0


def items() -> list[Item]:
    listed = []
    for language in LANGUAGES:
        with (FOLDER / f"{language}.csv").open(encoding="utf-8", newline="") as file:
            listed += [Item(language, **row) for row in csv.DictReader(file)]
    return listed
