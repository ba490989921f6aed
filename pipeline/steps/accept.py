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
from pipeline.story.offers import audiences
from pipeline.types import Hero, StoryRequest

VARIANTS = 2**53


def accept(
    app: App, context: str, variant: int = 0, audience: str = "", length: str = "", hero: Hero | None = None
) -> str:
    """The story's id; the request is committed when this returns. Raises RequestError, ContentRejectedError.

    audience, length, hero: as of acceptable().
    """
    return commit(app, acceptable(app, context, variant, audience, length, hero))


def commit(app: App, accepted: AcceptedRequest) -> str:
    """Writes the request, unless it is there already; the story's id."""
    put_request(app, accepted)
    return accepted.story_id


def put_request(app: App, accepted: AcceptedRequest) -> bool:
    """As commit(); whether it was not there yet."""
    store = private.store_of(app.store, accepted.story_id)
    return store.put_if_absent(keys.request(accepted.story_id), dump(accepted))


def acceptable(
    app: App, context: str, variant: int = 0, audience: str = "", length: str = "", hero: Hero | None = None
) -> AcceptedRequest:
    """The request that accept() would write. Raises RequestError, ContentRejectedError.

    audience: for whom it is written, an age band's name or free words. length: its name. "" for the usual.
    hero: makes it a private story, in a folder of its own.
    """
    if not 0 <= variant < VARIANTS:
        raise RequestError(f"variant {variant} is not a number from 0 to 2**53 - 1", problem="bad-variant")
    idea = checked_idea(app, context)
    accepted = request(app, idea, variant, checked_audience(app, audience), app.offer.length(length).name)
    if hero is None:
        return accepted
    named = replace(accepted.request, hero=heroes.accept(hero, app.word_filter))
    return replace(accepted, request=named, private=private.drawn(app.private_days, app.today()))


def checked_audience(app: App, audience: str) -> str:
    """The prompt's words for it. audience: as of acceptable(). Raises RequestError, ContentRejectedError."""
    if not audience or audience in audiences():
        return app.offer.audience(audience).text
    return ideas.accept(audience, app.word_filter)


def request(app: App, idea: str, variant: int, audience: str, length: str) -> AcceptedRequest:
    """The record of what was checked already. audience: the prompt's words."""
    scenes = app.offer.scenes.get(length, "")
    return AcceptedRequest(
        StoryRequest(idea, variant, audience, length), app.prompt.id, app.text.fingerprint, scenes=scenes
    )


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
