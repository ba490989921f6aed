"""Heals faults that verify() found: what is damaged is set aside, and made again from what was paid for."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from pipeline.app import App
from pipeline.errors import DamagedError, NotFoundError, RequestError, StoriesError
from pipeline.ports import Progress
from pipeline.steps import committed
from pipeline.steps.generate import as_accepted
from pipeline.steps.run import run
from pipeline.steps.translate import translated
from pipeline.steps.verify import CARD, EDITION, ENTRY, REQUEST, RUN, TEXT, Fault
from pipeline.storage import cards, keys, shelf
from pipeline.storage.digest import content
from pipeline.storage.integrity import keep, set_aside
from pipeline.storage.records import AcceptedRequest, dump
from pipeline.storage.sounds import Sounds
from pipeline.storage.stories import manifests
from pipeline.story.prompt import story_prompts
from pipeline.story.scenes import scene_prompts
from pipeline.types import StoryRequest

# What others are made from comes first.
_ORDER = (REQUEST, TEXT, EDITION, CARD, ENTRY, RUN)


def heal(app: App, faults: tuple[Fault, ...], progress: Progress) -> dict[str, str]:
    """Why each fault could not be healed, by its key; "" where it is."""
    app = replace(app, sounds=Sounds(app.store))
    reasons: dict[str, str] = {}
    for fault in sorted(faults, key=lambda fault: _ORDER.index(fault.kind)):
        try:
            _HEALERS[fault.kind](app, fault, progress)
            reasons[fault.key] = ""
        except StoriesError as error:
            reasons[fault.key] = str(error)
        except KeyError:
            reasons[fault.key] = f"the profile {app.profile} has no {fault.edition}: use the one that made it"
    return reasons


def _request(app: App, fault: Fault, _: Progress) -> None:
    """A request is its story's name: the prompt under which they are the same is the one that it had."""
    for manifest in manifests(app.store, fault.story_id):
        story = StoryRequest(manifest.context, manifest.variant, manifest.audience, manifest.length)
        scenes = scene_prompts() if manifest.scenes else ("",)
        for prompt, scene in product(story_prompts(), scenes):
            accepted = AcceptedRequest(story, prompt, manifest.engines.get("text", ""), scenes=scene)
            if accepted.story_id == fault.story_id:
                keep(app.store, fault.key, dump(accepted))
                return
    raise NotFoundError("its idea is not known: ask for it again by the idea, which writes this anew")


def _text(app: App, fault: Fault, progress: Progress) -> None:
    file = keys.story_file(fault.key)
    locale = (file.edition if file else "") or keys.WRITTEN_IN
    if locale == keys.WRITTEN_IN:
        text = as_accepted(app, fault.story_id, progress)
    else:
        source = committed.text(app.store, fault.story_id, keys.WRITTEN_IN)
        text = translated(app, fault.story_id, locale, progress, source)
    data = dump(text)
    for manifest in manifests(app.store, fault.story_id):
        spoken = tuple(segment.text for segment in manifest.segments)
        is_other = manifest.locale == locale and spoken != text.story.segments
        if is_other or manifest.files.get(fault.key, content(data)) != content(data):
            raise DamagedError("it is not written again as it was: what is spoken of it stays as it is")
    keep(app.store, fault.key, data)


def _edition(app: App, fault: Fault, progress: Progress) -> None:
    run(app, fault.story_id, fault.edition, progress)


def _card(app: App, fault: Fault, _: Progress) -> None:
    """Only where publications cannot have been on it: a list must not show what a run withdrew."""
    if next(app.store.list(keys.publications(shelf.PUBLISHED)), None):
        raise RequestError(f"publish it again: stories publish {fault.story_id[:8]}, or the catalog's run")
    card = cards.card_of(committed.manifest(app.store, fault.story_id, fault.edition))
    if (card.id, card.edition) in shelf.withheld(app.store):
        card = replace(card, publications=())
    keep(app.store, fault.key, cards.dump(card))


def _entry(app: App, fault: Fault, _: Progress) -> None:
    """Emptied: the call is made again if it is ever needed."""
    set_aside(app.store, fault.key)
    app.store.put(fault.key, b"")


def _run(app: App, fault: Fault, _: Progress) -> None:
    if fault.key.startswith("catalogs/"):  # a person decides what is published
        raise RequestError(f"stories catalog publish {fault.key.rpartition('/')[2]}")
    raise RequestError(
        "run its catalog again, which makes nothing twice; a report: stories catalog report RUN"
    )


_HEALERS = {REQUEST: _request, TEXT: _text, EDITION: _edition, CARD: _card, ENTRY: _entry, RUN: _run}
