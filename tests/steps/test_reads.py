"""How often a run reads what is committed, and that each step called alone gives what a run gives."""

from __future__ import annotations

from collections import Counter

import pytest

from pipeline.engines.fake import MemoryStore
from pipeline.steps.accept import accept
from pipeline.steps.generate import generate
from pipeline.steps.run import run
from pipeline.steps.speak import speak
from pipeline.steps.store import store as store_step
from pipeline.steps.translate import translate
from tests.making import Listener, fake_app


class CountingStore(MemoryStore):
    """reads: how often each key was read whole; a read that finds nothing does not count."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: Counter[str] = Counter()

    def get(self, key: str) -> bytes:
        data = super().get(key)
        self.reads[key] += 1
        return data

    def most_reads(self, ending: str) -> int:
        return max((count for key, count in self.reads.items() if key.endswith(ending)), default=0)


@pytest.mark.parametrize("earlier", [(), ("en",), ("de",)], ids=["new", "after English", "after German"])
def test_run_reads_each_text_and_each_sound_at_most_once(earlier: tuple[str, ...]) -> None:
    store = CountingStore()
    app = fake_app(store)
    story_id = accept(app, "a shy snail")
    for locale in earlier:
        run(app, story_id, locale, Listener())
    store.reads.clear()
    manifest = run(app, story_id, "fr", Listener())
    assert len(manifest.segments) == 10
    for ending in ("/story.json", "/text.json", ".wav", ".mp3"):
        assert store.most_reads(ending) <= 1, store.reads


def test_resumed_run_reads_each_text_and_each_sound_at_most_once() -> None:
    store = CountingStore()
    app = fake_app(store)
    story_id = accept(app, "a shy snail")
    speak(app, story_id, "fr", Listener())
    store.reads.clear()
    run(app, story_id, "fr", Listener())
    assert [store.most_reads(ending) for ending in ("/story.json", "/text.json", ".wav")] == [1, 1, 1]


@pytest.mark.parametrize("locale", ["en", "fr"])
def test_steps_called_alone_by_id_give_what_run_gives_and_read_each_text_once(locale: str) -> None:
    complete = fake_app(MemoryStore())
    expected = run(complete, accept(complete, "a shy snail"), locale, Listener())

    store = CountingStore()
    app = fake_app(store)
    story_id = accept(app, "a shy snail")
    results = []
    for step in (
        lambda: generate(app, story_id, Listener()),
        lambda: translate(app, story_id, locale, Listener()),
        lambda: speak(app, story_id, locale, Listener()),
        lambda: store_step(app, story_id, locale, Listener()),
    ):
        store.reads.clear()
        results.append(step())
        assert store.most_reads("/story.json") <= 1
        assert store.most_reads("/text.json") <= 1
        assert store.most_reads(".wav") <= 1

    assert results[-1] == expected
    files = list(complete.store.list("stories/"))
    assert list(store.list("stories/")) == files
    assert [MemoryStore.get(store, key) for key in files] == [complete.store.get(key) for key in files]
