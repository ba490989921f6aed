"""Edits: what a person changed of a story is held to a form, and applied to its text. Pure."""

from __future__ import annotations

from dataclasses import replace
from difflib import SequenceMatcher

from pipeline.errors import ContentRejectedError, RequestError
from pipeline.storage.keys import WRITTEN_IN
from pipeline.story import plain_text
from pipeline.story.locales import language
from pipeline.story.text import clean, words
from pipeline.story.word_filter import WordFilter
from pipeline.types import Change, Check, Revision, Story

# Characters. Every voice speaks a segment of this length in one call (Polly's bound is 3,000).
LONGEST_SEGMENT, LONGEST_TITLE = 600, 120
MOST_CHANGES = 200
# Fewer are no story: a beginning, a middle and an end.
_FEWEST_SEGMENTS = 3
# The check by which a text says that a person changed it, and a listener's word for it.
EDITED, LABEL = "edited", "edited by a person"


def cleaned(revision: Revision, before: Story) -> Revision:
    """The revision in one form, so that equal edits have equal ids: by segment, without what changes nothing.

    before: the text that it changes. Raises RequestError: it cannot be applied to that text.
    """
    if len(revision.changes) > MOST_CHANGES:
        raise _refused(f"{len(revision.changes)} changes are too many: {MOST_CHANGES} at most")
    numbers = [change.segment for change in revision.changes]
    if len(set(numbers)) < len(numbers):
        raise _refused("a sentence is changed twice: send each number once")
    if unknown := sorted(set(numbers) - set(range(len(before.segments)))):
        raise _refused(
            f"there is no sentence {unknown[0]}: the story has {len(before.segments)}, numbered from 0"
        )
    changes = sorted(
        (Change(each.segment, _plain(each.text, LONGEST_SEGMENT)) for each in revision.changes),
        key=lambda change: change.segment,
    )
    kept = tuple(change for change in changes if change.text != before.segments[change.segment])
    title = _plain(revision.title, LONGEST_TITLE)
    tidy = replace(revision, changes=kept, title="" if title == before.title else title)
    if not tidy.changes and not tidy.title:
        raise _refused("nothing is changed: the text is the same as before")
    return tidy


def applied(revision: Revision, before: Story, story_id: str) -> Story:
    """The edited text, which is the story with that id. Raises RequestError: too little of it is left."""
    texts = {change.segment: change.text for change in revision.changes}
    segments = [texts.get(number, text) for number, text in enumerate(before.segments)]
    kept = tuple(filter(None, segments))
    if len(kept) < len(segments) and revision.locale != WRITTEN_IN:
        # Languages go side by side, sentence by sentence.
        raise _refused("a sentence is taken out of the English text only, and so of all languages")
    if len(kept) < _FEWEST_SEGMENTS <= len(segments):
        raise _refused(f"too little is left: a story has {_FEWEST_SEGMENTS} sentences at least")
    return replace(
        before,
        id=story_id,
        title=revision.title or before.title,
        segments=kept,
        scenes=_moved(before.scenes, segments, len(kept)),
    )


def _moved(scenes: tuple[int, ...], segments: list[str], kept: int) -> tuple[int, ...]:
    """Where each scene begins once the empty segments are taken out; a scene that is empty then is none."""
    starts = (sum(map(bool, segments[:first])) for first in scenes)
    return tuple(dict.fromkeys(start for start in starts if start < kept))


def refuse_unsafe(before: Story, after: Story, word_filter: WordFilter) -> None:
    """Raises ContentRejectedError: words that are not for a child, and were not in the text before."""
    tag = language(after.locale)
    old = set(word_filter.story(f"{before.title} {before.text}", tag))
    fresh = [word for word in word_filter.story(f"{after.title} {after.text}", tag) if word not in old]
    if fresh:
        unsafe = word_filter.idea(" ".join(changed(before, after)), tag)
        raise ContentRejectedError(
            f"these words are not for a young child ({', '.join(fresh)}): say it more gently",
            problem=f"unsafe-{unsafe.kind if unsafe else 'idea'}",
        )


def changed(before: Story, after: Story) -> tuple[str, ...]:
    """The texts of `after`, its title first, that are not in `before`."""
    old = {before.title, *before.segments}
    return tuple(text for text in (after.title, *after.segments) if text not in old)


def aligned(before: Story, after: Story) -> tuple[int | None, ...]:
    """For each segment of `after`, the number of the same one in `before`; None where it is another."""
    origins: list[int | None] = [None] * len(after.segments)
    matcher = SequenceMatcher(None, before.segments, after.segments, autojunk=False)
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            origins[block.b + offset] = block.a + offset
    return tuple(origins)


def check(revision: Revision) -> Check:
    """That a person changed the text. The judge was not asked again (docs/architecture.md says why)."""
    return Check(EDITED, True, len(revision.changes) + bool(revision.title), "texts, by a person")


def is_edited(checks: tuple[Check, ...]) -> bool:
    """Whether a person changed the story, or its translation."""
    return any(check.name.endswith(EDITED) for check in checks)


def _plain(text: str, longest: int) -> str:
    """The text in one line. Raises RequestError: not what may be shown and spoken."""
    text = clean(text)
    if len(text) > longest:
        raise _refused(f"a text has {len(text)} characters, {longest} at most: say it shorter")
    if text and not words(text):
        raise RequestError("a text holds no words: nothing of it can be spoken", problem="no-words")
    plain = plain_text.check((text,))
    if not plain.passed:
        problem = "address" if plain_text.has_address(text) else "control-characters"
        raise RequestError(f"a text holds {plain.figure}: leave it out", problem=problem)
    return text


def _refused(message: str) -> RequestError:
    return RequestError(message, problem="bad-edit")
