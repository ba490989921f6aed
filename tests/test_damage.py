"""Every object of a small store, damaged in each of four ways: what is served is right, what is wrong is
healed or named.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from pipeline.api import views
from pipeline.app import App
from pipeline.engines.fake import FakeSpeech, FakeText, FakeTranslation, MemoryStore
from pipeline.errors import DamagedError, StoriesError
from pipeline.ports import NoProgress, OnText, ignore
from pipeline.steps.accept import accept
from pipeline.steps.heal import heal
from pipeline.steps.run import run
from pipeline.steps.verify import verify
from pipeline.storage import shelf
from pipeline.storage.digest import canonical
from pipeline.storage.sounds import sound
from pipeline.types import Completion, Prompt
from tests.counting import CountingSpeech, CountingText, CountingTranslation
from tests.making import Listener, fake_app

IDEA = "a shy snail"
LOCALES = ("en", "fr")


def flipped(data: bytes, at: float = 0.5) -> bytes:
    place = int(len(data) * at)
    return data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes | None]] = {
    "flipped": flipped,
    "cut": lambda data: data[: len(data) // 2],
    "empty": lambda _: b"",
    "deleted": lambda _: None,
}


class Disk(MemoryStore):
    """objects: by key, to be damaged."""

    def __init__(self, objects: dict[str, bytes] | None = None) -> None:
        super().__init__()
        self._data = dict(objects or {})

    @property
    def objects(self) -> dict[str, bytes]:
        return self._data


@pytest.fixture(scope="module")
def whole() -> Disk:
    """A published story in two languages."""
    disk = Disk()
    app = fake_app(disk)
    for locale in LOCALES:
        shelf.publish(disk, run(app, accept(app, IDEA), locale, Listener()))
    return disk


def damaged(whole: Disk, damage: str) -> Iterator[tuple[str, Disk]]:
    """The store with each object in turn damaged, but claims: those are no part of a story."""
    for key, data in whole.objects.items():
        if data and not key.startswith("claims/"):
            disk = Disk(whole.objects)
            after = DAMAGE[damage](data)
            if after is None:
                del disk.objects[key]
            else:
                disk.objects[key] = after
            yield key, disk


def served(app: App, story_id: str, locale: str) -> list[bytes] | None:
    """The texts and sounds that a reader gets; None where it is asked to request the story again."""
    try:
        view = views.view(app, story_id, locale)
    except StoriesError:
        return None
    if view["status"] != "done":
        return None
    manifest = json.loads(app.store.get(f"stories/{story_id}/{locale}/manifest.json"))
    names = [manifest["mp3"], *(segment["audio"] for segment in manifest["segments"])]
    return [
        view["title"].encode(),
        view["story"].encode(),
        *(sound(key, app.store.get(key)) for key in names),
    ]


@pytest.mark.parametrize("damage", DAMAGE)
def test_nothing_wrong_is_served_and_make_mends_or_names_it(whole: Disk, damage: str) -> None:
    app = fake_app(whole)
    story_id = accept(app, IDEA)
    expected = {locale: served(app, story_id, locale) for locale in LOCALES}
    for key, disk in damaged(whole, damage):
        app = fake_app(disk)
        for locale in LOCALES:
            assert served(app, story_id, locale) in (expected[locale], None), key
            run(app, accept(app, IDEA), locale, Listener())
            assert served(app, story_id, locale) == expected[locale], key


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_text_is_not_translated_into_another_language(whole: Disk, damage: str) -> None:
    """One that was deleted is written again, from the call that was paid for."""
    story_id = accept(fake_app(whole), IDEA)
    expected = run(fake_app(Disk(whole.objects)), story_id, "it", Listener())
    for key, disk in damaged(whole, damage):
        app = fake_app(disk)
        if key.endswith("story.json") and damage != "deleted":
            with pytest.raises(
                DamagedError, match=f"{key} was damaged .*stories verify {story_id[:8]} --heal"
            ):
                run(app, story_id, "it", Listener())
        elif not key.endswith("request.json"):
            assert run(app, story_id, "it", Listener()) == expected, key


@pytest.mark.parametrize("place", range(16))
def test_a_flipped_bit_anywhere_is_noticed(whole: Disk, place: int) -> None:
    for key, data in whole.objects.items():
        if data and not key.startswith("claims/"):
            disk = Disk(whole.objects)
            disk.objects[key] = flipped(data, place / 16)
            assert key in {fault.key for fault in verify(disk, (), NoProgress()).faults}, (key, place)


@pytest.mark.parametrize("damage", DAMAGE)
def test_one_damaged_object_keeps_no_other_story_from_a_list(whole: Disk, damage: str) -> None:
    for key, disk in damaged(whole, damage):
        cards = shelf.page(disk).cards
        assert len(cards) == 2 - key.startswith("catalogs/"), key
        assert set(cards) <= set(shelf.page(whole).cards)


@pytest.mark.parametrize("damage", DAMAGE)
def test_verify_finds_the_damage_and_heals_it_from_what_was_paid_for(whole: Disk, damage: str) -> None:
    """An empty or deleted call is none, and a deleted card is a story that is not published."""
    for key, disk in damaged(whole, damage):
        text, translation = CountingText(FakeText()), CountingTranslation(FakeTranslation())
        speech = CountingSpeech(FakeSpeech())
        app = fake_app(disk, text, translation, speech)
        verified = verify(disk, (), NoProgress())
        is_call = key.startswith("cache/") and key.endswith(".json")
        if (is_call and damage in {"empty", "deleted"}) or (
            key.startswith("catalogs/") and damage == "deleted"
        ):
            assert verified.faults == (), key
            continue
        assert key in {fault.key for fault in verified.faults}
        reasons = heal(app, verified.faults, NoProgress())
        assert set(reasons.values()) == {""}, reasons
        assert verify(disk, (), NoProgress()).faults == (), key
        assert (len(text.calls), len(translation.calls)) == (0, 0)
        assert len(speech.calls) == key.endswith(".wav")
        if not is_call:
            # A sentence is spoken again, which takes another time.
            whole_bytes = {key: data for key, data in whole.objects.items() if not key.endswith(".wav")}
            assert disk.objects.items() >= whole_bytes.items()
        if damage in {"flipped", "cut"}:
            assert [name for name in disk.objects if name.startswith(f"quarantine/{key}.")], key


def test_a_store_that_is_whole_has_no_faults(whole: Disk) -> None:
    verified = verify(whole, (), NoProgress())
    assert verified.faults == ()
    assert verified.objects == len([key for key in whole.objects if not key.startswith("claims/")])


def test_a_story_of_a_store_without_digests_is_whole_and_goes_on(whole: Disk) -> None:
    disk = Disk()
    for key, data in whole.objects.items():
        record = json.loads(data) if key.endswith(".json") and not key.startswith("cache/") else {}
        if record:
            del record["sha256"]
            record.pop("files", None)
        disk.objects[key] = canonical(record) if record else data
    before = dict(disk.objects)
    assert verify(disk, (), NoProgress()).faults == ()
    app = fake_app(disk)
    story_id = accept(app, IDEA)
    manifests = [run(app, story_id, locale, Listener()) for locale in (*LOCALES, "it")]
    assert [manifest.locale for manifest in manifests] == [*LOCALES, "it"]
    assert disk.objects.items() >= before.items()
    assert len(shelf.page(disk).cards) == 2


def test_a_text_that_would_be_another_is_not_healed(whole: Disk) -> None:
    """The calls that made it are gone, and the writer writes something else now."""

    class Other(FakeText):
        def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
            completion = super().complete(prompt, on_text)
            return replace(completion, text=completion.text.replace("lantern", "candle"))

    disk = Disk(whole.objects)
    for key in [key for key in disk.objects if key.startswith("cache/complete/")]:
        del disk.objects[key]
    (text,) = (key for key in disk.objects if key.endswith("story.json"))
    disk.objects[text] = disk.objects[text][:100]
    app = fake_app(disk, Other())
    reasons = heal(app, verify(disk, (), NoProgress()).faults, NoProgress())
    assert "not written again as it was" in reasons[text]
    assert disk.objects[text] == whole.objects[text][:100]
