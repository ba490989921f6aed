"""A story as numbered lines, for a person's editor, and what the person changed in them."""

from __future__ import annotations

import re

from pipeline.errors import RequestError
from pipeline.types import Change, Story

_LINE = re.compile(r"\s*(\d{1,4})[.):]?(?:\s+(.*))?")
_TITLE = re.compile(r"\s*title:\s*(.*)", re.IGNORECASE)
_HINT = "# One sentence a line, by its number. Without its line, a sentence is taken out (in English only)."


def numbered(story: Story) -> str:
    """Sentences are numbered from 1, as people count."""
    lines = (f"{number}. {text}" for number, text in enumerate(story.segments, 1))
    return "\n".join((_HINT, f"title: {story.title}", *lines, ""))


def changes(text: str, story: Story) -> tuple[tuple[Change, ...], str]:
    """What differs from the story in a text of numbered(): the changes, and the title.

    Raises RequestError: a line without a number of the story's, or two with the same.
    """
    sentences: dict[int, str] = {}
    title = story.title
    for line in filter(str.strip, text.splitlines()):
        if line.lstrip().startswith("#"):
            continue
        if match := _TITLE.fullmatch(line):
            title = match[1]
            continue
        match = _LINE.fullmatch(line)
        number = place(match[1] if match else "", story, line)
        if number in sentences:
            raise _bad(f"there are two lines with the number {number + 1}")
        sentences[number] = (match[2] if match else "") or ""
    edited = (Change(number, sentences.get(number, "")) for number in range(len(story.segments)))
    return tuple(each for each in edited if each.text != story.segments[each.segment]), title


def place(number: str, story: Story, line: str = "") -> int:
    """The segment's number, from 0, that a person means by `number`. Raises RequestError: there is none."""
    last = len(story.segments)
    if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= last:
        raise _bad(f"{(line or number).strip()[:40]!r} has no number from 1 to {last}")
    return int(number) - 1


def _bad(message: str) -> RequestError:
    return RequestError(f"{message}: nothing is changed", problem="bad-edit")
