"""Requests: an idea is checked, and its request committed, before anything is made of it."""

from __future__ import annotations

from dataclasses import replace

from pipeline.app import App, Chain
from pipeline.errors import RequestError
from pipeline.steps.idea import checked_idea
from pipeline.storage import keys, private
from pipeline.storage.editions import USUAL_PACE
from pipeline.storage.records import AcceptedRequest, dump
from pipeline.story import heroes, ideas
from pipeline.story.locales import match
from pipeline.types import Hero, StoryRequest

VARIANTS = 2**53


def accept(app: App, context: str, variant: int = 0, audience: str = "", hero: Hero | None = None) -> str:
    """The story's id; the request is committed when this returns. Raises RequestError, ContentRejectedError.

    audience: for whom it is written, "" for the usual. hero: as in acceptable().
    """
    return commit(app, acceptable(app, context, variant, audience, hero))


def commit(app: App, accepted: AcceptedRequest) -> str:
    """Writes the request, unless it is there already; the story's id."""
    put_request(app, accepted)
    return accepted.story_id


def put_request(app: App, accepted: AcceptedRequest) -> bool:
    """As commit(); whether it was not there yet."""
    store = private.store_of(app.store, accepted.story_id)
    return store.put_if_absent(keys.request(accepted.story_id), dump(accepted))


def acceptable(
    app: App, context: str, variant: int = 0, audience: str = "", hero: Hero | None = None
) -> AcceptedRequest:
    """The request that accept() would write. Raises RequestError, ContentRejectedError.

    hero: makes it a private story, in a folder of its own.
    """
    if not 0 <= variant < VARIANTS:
        raise RequestError(f"variant {variant} is not a number from 0 to 2**53 - 1", problem="bad-variant")
    request = StoryRequest(checked_idea(app, context), variant)
    if audience:
        request = replace(request, audience=ideas.accept(audience, app.word_filter))
    accepted = AcceptedRequest(request, app.prompt.id, app.text.fingerprint)
    if hero is None:
        return accepted
    request = replace(request, hero=heroes.accept(hero, app.word_filter))
    return replace(accepted, request=request, private=private.drawn(app.private_days, app.today()))


def chain(app: App, tag: str, experimental: bool = False, voice: str = "", pace: float = USUAL_PACE) -> Chain:
    """The engines of the locale `tag`, by the voice of that name ("" for its own) at this pace.

    Raises RequestError: unknown, or measured as not intelligible and not asked for as experimental; no such
    voice, or a pace that it cannot have.
    """
    matched = app.chains[match(tag, app.chains)]
    if matched.experimental and not experimental:
        raise RequestError(
            f"{matched.locale} is experimental with these engines (measured as {matched.quality}): "
            "add --experimental to have it all the same",
            problem="experimental-locale",
        )
    return matched.spoken(voice, pace)
