"""revise: an edited story is a story of its own, which names the one before it; undo takes it back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.app import App
from pipeline.errors import NotFoundError, RequestError
from pipeline.steps import committed, revised
from pipeline.steps.accept import commit
from pipeline.steps.delete import delete
from pipeline.steps.translate import by_hand
from pipeline.storage.keys import WRITTEN_IN
from pipeline.storage.records import AcceptedRequest, CommittedText, commit_text
from pipeline.story import edits
from pipeline.types import Revision, Story


@dataclass(frozen=True, slots=True)
class Edited:
    """An edited story, not yet committed. before: the text that was changed; texts: the English one, and the
    changed one where that is a translation.
    """

    accepted: AcceptedRequest
    before: Story
    texts: tuple[CommittedText, ...]

    @property
    def after(self) -> Story:
        return self.texts[-1].story


def edited(app: App, revision: Revision) -> Edited:
    """Checked by free means, and without a model: nothing is paid for an edit that is refused.

    Raises NotFoundError: no such text. RequestError, ContentRejectedError: the changes are not acceptable.
    """
    request = committed.request(app.store, revision.revises)
    before = text_before(app, revision.revises, revision.locale)
    accepted = replace(request, revision=edits.cleaned(revision, before))
    texts = _texts(app, accepted)
    edits.refuse_unsafe(before, texts[-1].story, app.word_filter)
    return Edited(accepted, before, texts)


def text_before(app: App, story_id: str, locale: str) -> Story:
    """The text that a person may change. Raises NotFoundError: there is none yet."""
    try:
        return committed.text(app.store, story_id, locale).story
    except NotFoundError as error:
        raise NotFoundError(
            f"story {story_id[:8]} has no text in {locale} yet: ask for it in that language first"
        ) from error


def revise(app: App, revision: Revision) -> AcceptedRequest:
    """Commits the edited story: the request, from which each text follows, then the texts. Again after a
    crash at any moment, it is the same story. Raises as edited() does.
    """
    new = edited(app, revision)
    commit(app, new.accepted)
    for text in new.texts:
        commit_text(app.store, text)
    return new.accepted


def undo(app: App, story_id: str) -> str:
    """Deletes an edited story; the id of the one before, which counts again.

    Raises NotFoundError: no such story, or the one before is gone. RequestError: nobody edited it.
    """
    before = story_before(app.of(story_id), story_id)
    delete(app, story_id)
    return before


def story_before(app: App, story_id: str) -> str:
    """The id of the story of which a person made this one. Raises as undo() does."""
    revision = committed.request(app.store, story_id).revision
    if revision is None:
        raise RequestError("nobody edited this story: there is nothing to take back", problem="bad-edit")
    committed.request(app.store, revision.revises)
    return revision.revises


def _texts(app: App, accepted: AcceptedRequest) -> tuple[CommittedText, ...]:
    assert accepted.revision
    source = revised.english(app, accepted, accepted.revision)
    if accepted.revision.locale == WRITTEN_IN:
        return (source,)
    return source, by_hand(app, source, accepted.revision)
