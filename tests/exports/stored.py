"""Editions in a store, of texts that a test chooses; their sounds are the fake engines'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.engines.fake import FakeEncoder, FakeSpeech
from pipeline.ports import Store
from pipeline.storage import editions, keys
from pipeline.storage.digest import content
from pipeline.storage.records import dump
from pipeline.types import Manifest, ManifestSegment, Voice

ID = "5135aa714e0e54910ec93c7df6846348"
PAUSE_MS = 350
# What markup, an XML section, a comment of WebVTT, a file's name and a terminal would take for their own.
HOSTILE_TITLE = '</title><script>alert(1)</script> ]]> & "it\'s" --> ../../\x1b[2J \u202e<b>'
HOSTILE_TEXTS = (
    "“Stop <b>there</b>!” said Tom & Jerry -->\n\nNOTE now.",
    "]]> <![CDATA[ <script>alert('x')</script> &amp; &#0; %s {0}",
    "\x00\ufffe\ud83dA fox 🦊 and an owl\u200b.",
)
ARABIC = ("قال البوم الصغير: «أنا أخاف من الظلام».", "ثم نام في هدوء.")


def manifest(
    texts: Sequence[str], title: str = "A Snail", locale: str = "en", story_id: str = ID, **changed: object
) -> Manifest:
    """Not stored. Its sentences by the fake voice, PAUSE_MS before each."""
    voice, start, segments = Voice("fake", locale, "fake-speech"), 0, []
    for text in texts:
        spoken = FakeSpeech().synthesize(text, voice)
        start += PAUSE_MS
        segments.append(ManifestSegment(text, f"audio/{start}", start, spoken.duration_ms, spoken.marks))
        start += spoken.duration_ms
    return replace(
        Manifest(
            story_id=story_id,
            locale=locale,
            title=title,
            context="a shy snail",
            idea="a shy snail",
            variant=0,
            segments=tuple(segments),
            mp3="",
            duration_ms=start,
            labels=("robotic voice",),
            engines={"text": "fake/text/1", "speech": "fake/speech/1 (fake)"},
        ),
        **changed,
    )


def mp3_of(edition: Manifest) -> bytes:
    """Silence as long as the edition, another for each."""
    from pipeline.steps.id3 import tag

    voice = Voice("fake", edition.locale, "fake-speech")
    spoken = replace(FakeSpeech().synthesize("a", voice), duration_ms=edition.duration_ms)
    sound = FakeEncoder().join([spoken]).audio
    name = edition.locale
    return tag(sound, title=name, language=name, segments=(), comment=edition.story_id, engines={})


def stored(store: Store, edition: Manifest) -> Manifest:
    """The edition with its mp3, both in the store."""
    sound, name = mp3_of(edition), editions.of(edition)
    key = keys.mp3(edition.story_id, name, sound)
    edition = replace(edition, mp3=key, files={key: content(sound)})
    store.put(edition.mp3, sound)
    store.put(keys.manifest(edition.story_id, name), dump(edition))
    return edition
