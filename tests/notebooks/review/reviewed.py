"""Runs to review, made of whole records with known content."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.app import App
from pipeline.batch.items import Item
from pipeline.batch.models import Catalog
from pipeline.batch.runs import About, ChunkRecord, Failure, Run
from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.engines.fake import MemoryStore
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.records import CommittedText, dump
from pipeline.types import Check, Manifest, ManifestSegment, SpeechMark, Story, Usage

MP3 = b"\xff\xf3\x84\xc0" + bytes(188)
NO_USAGE = Usage()


def app(store: Store | None = None) -> App:
    return build_app(Settings(profile="fake"), store or MemoryStore())


def name(number: int) -> str:
    """A story's id."""
    return f"{number:032x}"


def planned(
    store: Store,
    ids: Sequence[int],
    run_id: str = "one",
    catalog: str = "tales",
    locales: Sequence[str] = ("en",),
    failures: Sequence[Failure] = (),
    began: float = 1000.0,
) -> Run:
    """A run of one chunk, with the stories in lines 1, 2, ..., all wanted in each of the locales."""
    run = Run(store, run_id)
    items = [
        Item(line, name(number), "an idea", 0, "children", (), tuple(locales))
        for line, number in enumerate(ids, 1)
    ]
    run.keep_items("chunks", 1, items)
    if failures:
        run.keep(ChunkRecord("write", 1, began, 10.0, 1, failures=tuple(failures)))
    settings = Catalog(name=catalog, locales=tuple(locales)).model_dump(mode="json")
    run.begin(About(settings, "fake", 1, len(ids), len(ids) * len(locales), 0, began))
    return run


def committed(
    store: Store,
    number: int,
    *sentences: str,
    title: str = "A title",
    checks: Sequence[Check] = (),
    attempt: int = 0,
    locales: Sequence[str] = ("en",),
) -> Story:
    """A committed English text, with a narration in each of the locales."""
    story = Story(name(number), "en", title, sentences)
    store.put(
        keys.text(story.id, "en"),
        dump(CommittedText(story, "idea", "fake", attempt, tuple(checks), NO_USAGE)),
    )
    for locale in locales:
        narrated(store, story, locale, sentences, checks=checks)
    return story


def narrated(
    store: Store,
    story: Story,
    locale: str,
    sentences: Sequence[str],
    checks: Sequence[Check] = (),
    labels: Sequence[str] = ("fake",),
    title: str = "",
) -> Manifest:
    """A sentence takes 2 s, with two speech marks at 0 and 0.5 s; the next begins 0.25 s after it."""
    segments = tuple(
        ManifestSegment(
            text, "audio/x.wav", 2250 * at, 2000, (SpeechMark(0, 0, 1, "x"), SpeechMark(500, 0, 1, "x"))
        )
        for at, text in enumerate(sentences)
    )
    manifest = Manifest(
        story_id=story.id,
        locale=locale,
        title=title or story.title,
        context="an idea",
        idea="an idea",
        variant=0,
        segments=segments,
        mp3=keys.mp3(story.id, locale, MP3),
        duration_ms=2250 * len(sentences) - 250,
        labels=tuple(labels),
        engines={},
        checks=tuple(checks),
    )
    store.put(manifest.mp3, MP3)
    store.put(keys.manifest(story.id, locale), dump(manifest))
    return manifest
