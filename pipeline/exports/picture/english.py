"""English, as far as words.toml has it: lists of words, plurals."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from pipeline.exports.picture import tables


@cache
def words() -> Mapping[str, frozenset[str]]:
    """The lists of words.toml."""
    table = tables.read("words")
    return {name: frozenset(value.split()) for name, value in table.items() if isinstance(value, str)}


@cache
def ambiguous() -> frozenset[str]:
    """With their plurals, which may be verbs: "she watches"."""
    listed = words()["ambiguous"]
    return listed | {plural for plural, singular in singulars().items() if singular in listed}


@cache
def singulars() -> Mapping[str, str]:
    """plural -> singular, of the last word of each noun."""
    irregular = tables.read("words")["plurals"]
    last = {noun[-1] for noun in tables.nouns()} | words()["ambiguous"]
    return {irregular.get(word, _plural(word)): word for word in sorted(last)}


def _plural(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh")) or word in {"potato", "tomato", "mango"}:
        return f"{word}es"
    if word.endswith("y") and word[-2:-1] not in set("aeiou"):
        return f"{word[:-1]}ies"
    return f"{word}s"
