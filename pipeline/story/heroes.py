"""A child's name in a story: checked before it is used, and matched as a word wherever it stands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from pipeline.errors import ContentRejectedError, RequestError
from pipeline.story.ideas import UNSAFE
from pipeline.story.text import clean
from pipeline.story.word_filter import WordFilter
from pipeline.types import Hero

LONGEST_NAME, LONGEST_SOUNDS = 40, 60
_BETWEEN = frozenset("-'’ ")
_FORM = "letters of any script, with marks, hyphens, apostrophes and blanks"


def accept(hero: Hero, word_filter: WordFilter) -> Hero:
    """The same in NFC, trimmed. No message has the name.

    Raises RequestError: not a name. ContentRejectedError: a word that no story may have.
    """
    named = Hero(
        checked(hero.name, LONGEST_NAME), checked(hero.sounds, LONGEST_SOUNDS) if hero.sounds else ""
    )
    for text in filter(None, (named.name, named.sounds)):
        if word_filter.instructions(text):
            raise RequestError(
                "the hero's name reads like instructions: give only the name", problem="instructions"
            )
        unsafe = word_filter.idea(text)
        if unsafe or word_filter.story(text, "en"):
            kind = unsafe.kind if unsafe else "rude"
            raise ContentRejectedError(
                f"this name is not for a story for young children: {UNSAFE[kind]}", problem=f"unsafe-{kind}"
            )
    return named


def checked(text: str, longest: int) -> str:
    """Raises RequestError, without the text."""
    text = clean(text)
    if not text or len(text) > longest:
        raise RequestError(f"a hero's name has 1 to {longest} characters", problem="bad-request")
    is_whole = unicodedata.category(text[0])[0] == "L" and all(map(_is_allowed, text))
    if not is_whole:
        raise RequestError(f"a hero's name holds {_FORM}, and begins with a letter", problem="bad-request")
    return text


def count(text: str, name: str) -> int:
    """How often the name stands in the text as a word, or at the start of one's ending ("Mia's")."""
    return sum(1 for _ in places(text, name))


def places(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Where it stands, as (start, end). In Arabic, say, a Latin name may touch the letters beside it."""
    for match in re.finditer(re.escape(name), text):
        start, end = match.span()
        before, after = text[:start][-1:], text[end:][:1]
        if not (_continues(before, name[0]) or _continues(after, name[-1])):
            yield start, end


def replaced(text: str, name: str, by: Callable[[int, int], str]) -> str:
    """by: what stands in its place, of where it stood."""
    parts, last = [], 0
    for start, end in places(text, name):
        parts += [text[last:start], by(start, end)]
        last = end
    return "".join([*parts, text[last:]])


def _is_allowed(char: str) -> bool:
    return char in _BETWEEN or unicodedata.category(char)[0] in "LM"


def _continues(neighbour: str, letter: str) -> bool:
    """Whether they are of one word: a mark, or both of one script."""
    if not neighbour or unicodedata.category(neighbour)[0] == "M":
        return bool(neighbour)
    return neighbour.isalnum() and _script(neighbour) == _script(letter)


def _script(char: str) -> str:
    """The first word of its name in Unicode, as LATIN; of a digit, that of the letters around it."""
    return unicodedata.name(char, "").partition(" ")[0].replace("DIGIT", "LATIN")
