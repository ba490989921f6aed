"""A deleted story is gone from the store with all that was kept of it, and others stay whole."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local_aws import LocalAws
from pipeline.app import App
from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.s3 import S3Store
from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import MemoryStore
from pipeline.errors import BusyError, NotFoundError, StoreError
from pipeline.ports import NoProgress, Store
from pipeline.steps import status
from pipeline.steps.accept import accept
from pipeline.steps.delete import delete, delete_all
from pipeline.steps.run import run
from pipeline.steps.verify import verify
from pipeline.storage import family, keys, shelf
from pipeline.storage.integrity import set_aside
from pipeline.types import Manifest
from tests.making import ScriptedText, fake_app

IDEA = "a hedgehog looking for Zwiebelkuchen crumbs"


def fake(store: Store) -> App:
    return build_app(Settings(profile="fake"), store)


def make(app: App, *names: str, idea: str = IDEA) -> list[Manifest]:
    story_id = accept(app, idea)
    return [run(app, story_id, name, NoProgress()) for name in names]


def with_everything(app: App) -> list[Manifest]:
    """A story with whatever may be kept of one."""
    manifests = make(app, "en", "fr")
    story_id, store = manifests[0].story_id, app.store
    for manifest in manifests:
        status.accept(store, story_id, manifest.locale)
        status.queue(store, story_id, manifest.locale, life=0)
        shelf.publish(store, manifest)
        family.add(store, family.HOME, story_id, manifest.locale, 1_800_000_000)
    shelf.withhold(store, story_id, "fr")
    for key in (
        keys.text(story_id, "fr"),
        manifests[0].segments[0].audio,
        keys.card(shelf.PUBLISHED, "fr", story_id),
    ):
        set_aside(store, key)
    # An edition that was never completed.
    store.delete([keys.manifest(story_id, "fr")])
    return manifests


def telling(manifests: Iterable[Manifest]) -> set[bytes]:
    """Whatever of it nobody may read any more: idea, titles, sentences, ids."""
    texts = {IDEA, "Zwiebelkuchen"}
    for manifest in manifests:
        texts |= {manifest.story_id, manifest.title, *(segment.text for segment in manifest.segments)}
    return {text.encode() for text in texts}


def test_no_byte_of_a_deleted_story_is_on_the_disk(tmp_path: Path) -> None:
    app = build_app(Settings(profile="fake", out=tmp_path))
    manifests = with_everything(app)
    (deleted,) = delete_all(app, manifests[0].story_id)
    assert deleted.whole
    left = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert [(path, text) for path, data in left.items() for text in telling(manifests) if text in data] == []
    assert [str(path) for path in tmp_path.rglob("*") if manifests[0].story_id in str(path)] == []
    assert list(app.store.list("")) == []


def test_no_version_of_a_deleted_story_is_in_the_bucket(aws: LocalAws) -> None:
    client, bucket = Clients().get("s3"), os.environ["STORIES_BUCKET"]
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    store, memory = S3Store(Clients(), bucket), MemoryStore()
    manifests = with_everything(fake(memory))
    for key in memory.list("stories/"):
        store.put(key, b"as it was before")
    for key in memory.list(""):
        store.put(key, memory.get(key))
    assert len(client.list_object_versions(Bucket=bucket)["Versions"]) > 50
    delete_all(replace(fake(store), over=lambda noted: [fake(noted)]), manifests[0].story_id)
    left = client.list_object_versions(Bucket=bucket)
    assert left.get("DeleteMarkers", []) == []
    assert left.get("Versions", []) == []


def test_calls_of_refused_drafts_and_of_the_judge_go_too_and_nothing_is_paid() -> None:
    store, text = MemoryStore(), ScriptedText(["dark", "cut"])
    app = fake_app(store, text, over=lambda noted: [fake(noted), fake_app(noted, text)])
    (manifest,) = make(app, "en")
    calls = len(text.prompts)
    assert text.stories == 3
    assert delete(app, manifest.story_id).whole
    assert list(store.list("cache/")) == []
    assert len(text.prompts) == calls


def test_of_a_writer_that_is_not_set_up_what_holds_the_text_goes_from_the_disk(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    (manifest,) = make(fake_app(store, ScriptedText()), "en")
    make(fake(store), "en", idea="a brave hen at sea")
    assert not delete(fake(store), manifest.story_id).whole
    left = [path for path in tmp_path.rglob("*") if path.is_file() and b"Zwiebelkuchen" in path.read_bytes()]
    assert left == []


def test_damaged_and_missing_calls_are_made_again_by_nobody() -> None:
    store, text = MemoryStore(), ScriptedText()
    app = fake_app(store, text, over=lambda noted: [fake_app(noted, text)])
    (manifest,) = make(app, "en")
    first, second, *_ = store.list("cache/complete/")
    store.put(first, b"damaged")
    store.delete([second])
    calls = len(text.prompts)
    assert not delete(app, manifest.story_id).whole
    assert len(text.prompts) == calls
    assert list(store.list("stories/")) == []


def test_another_story_that_says_the_same_sentence_stays_whole(tmp_path: Path) -> None:
    app = build_app(Settings(profile="fake", out=tmp_path))
    (first,), (second,) = make(app, "en"), make(app, "en", idea="a brave hen at sea")
    shared = {segment.audio for segment in first.segments} & {segment.audio for segment in second.segments}
    assert shared
    delete(app, first.story_id)
    assert verify(app.store, (), NoProgress()).faults == ()
    delete(app, second.story_id)
    assert list(app.store.list("")) == []


def test_a_story_that_is_being_made_is_not_deleted() -> None:
    app = fake(MemoryStore())
    story_id = make(app, "en")[0].story_id
    status.queue(app.store, story_id, "fr")
    before = list(app.store.list("stories/"))
    with pytest.raises(BusyError) as caught:
        delete(app, story_id)
    status.write(app.store, story_id, "fr", status.Status(status.FAILED, 0))
    assert (caught.value.problem, caught.value.retry_after) == ("being-made", 15)
    for lock in (keys.manifest(story_id, "en"), keys.text(story_id, "en")):
        with app.locks.held(lock):
            assert problem(app, story_id) == "being-made"
    assert list(app.store.list("stories/")) == before
    delete(app, story_id)
    assert list(app.store.list("")) == []


def problem(app: App, story_id: str) -> str:
    try:
        delete(app, story_id)
    except BusyError as error:
        return error.problem
    return ""


class Failing(MemoryStore):
    """Fails in the call of delete() with this number, and says what was deleted before."""

    turns = 0

    def copied(self, turns: int) -> Failing:
        other = Failing()
        other._data, other.turns = dict(self._data), turns
        return other

    def delete(self, keys: Iterable[str]) -> None:
        self.turns -= 1
        if self.turns == 0:
            raise StoreError("power cut")
        super().delete(keys)


def test_a_deletion_that_broke_off_anywhere_goes_on_and_nothing_lists_the_story_again() -> None:
    whole = Failing()
    story_id = with_everything(fake(whole))[0].story_id
    for turn in range(1, 30):
        store = whole.copied(turn)
        app = replace(fake(store), over=lambda noted: [fake(noted)])
        try:
            delete_all(app, story_id)
        except StoreError:
            marked = [key for key in store.list("stories/") if key.endswith("/accepted")]
            is_listed = shelf.page(store).cards != ()
            assert turn < 3 or not (marked or is_listed), turn
            if list(store.list(f"stories/{story_id}/")):
                assert keys.request(story_id) in store.list("stories/"), turn
                delete_all(app, story_id)
        assert [key for key in store.list("") if not key.startswith("claims/")] == [], turn
        if store.turns > 0:
            break
    assert turn > 5


def test_stories_that_it_was_edited_from_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a deletion that breaks off in between is found again by the story that the shelf has."""
    store = Failing()
    app = replace(fake(store), over=lambda noted: [fake(noted)])
    edited, middle, first = (make(app, "en", idea=f"{IDEA} {word}")[0].story_id for word in ("a", "b", "c"))
    before = {edited: middle, middle: first, first: ""}
    monkeypatch.setattr("pipeline.steps.delete._before", lambda request: before[request.story_id])
    store.turns = 10  # in the second story
    with pytest.raises(StoreError):
        delete_all(app, edited)
    assert {key.split("/")[1] for key in store.list("stories/")} == {edited, middle}
    assert [deleted.story_id for deleted in delete_all(app, edited)] == [middle, edited]
    assert list(store.list("")) == []


def test_what_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        delete_all(fake(MemoryStore()), "0" * 32)
