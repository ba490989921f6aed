"""The texts of an edited story, from those of the story before it: nothing is written by a model."""

from __future__ import annotations

from dataclasses import replace

from pipeline.app import App
from pipeline.errors import NotFoundError
from pipeline.ports import Store
from pipeline.steps import committed
from pipeline.storage.keys import WRITTEN_IN
from pipeline.storage.records import AcceptedRequest, CommittedText
from pipeline.story import edits
from pipeline.story.checks import Rules, story_checks
from pipeline.story.drafts import Draft
from pipeline.story.offers import lengths
from pipeline.types import Revision, Story, Usage


def english(app: App, accepted: AcceptedRequest, revision: Revision) -> CommittedText:
    """The English text of the edited story, not yet committed. The rules are applied anew, and only report.

    revision: the request's. Raises NotFoundError: the story before is gone.
    """
    story_id = accepted.story_id
    before = committed.text(app.store, revision.revises, WRITTEN_IN)
    same = replace(
        before,
        story=replace(before.story, id=story_id),
        usage=Usage(),
        revises=revision.revises,
        content=None,
    )
    if revision.locale != WRITTEN_IN:
        return same
    story = edits.applied(revision, before.story, story_id)
    hero = accepted.request.hero
    draft = Draft(story.title, story.segments, whole=True, hero=hero.name if hero else "")
    rules = Rules(*lengths()[accepted.request.length].words)
    checks = story_checks(draft, before.idea, app.prompt, app.language, app.word_filter, rules)
    return replace(same, story=story, checks=(*checks, edits.check(revision)))


def before(store: Store, story_id: str, locale: str) -> tuple[CommittedText, CommittedText] | None:
    """English text and translation of the nearest story that has one: this one, or one before it."""
    while story_id:
        try:
            source = committed.text(store, story_id, WRITTEN_IN)
        except NotFoundError:  # it was deleted
            return None
        try:
            return source, committed.text(store, story_id, locale)
        except NotFoundError:
            story_id = source.revises
    return None


def kept(english: Story, translation: Story, edited: Story) -> list[str]:
    """Title and sentences of `edited`: the translation of each that stands in `english`, "" for others."""
    title = translation.title if edited.title == english.title else ""
    origins = edits.aligned(english, edited)
    return [title, *("" if at is None else translation.segments[at] for at in origins)]
