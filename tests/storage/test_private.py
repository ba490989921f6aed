"""Private folders: what is read and written where, and what is left when they end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import MemoryStore
from pipeline.errors import DamagedError, NotFoundError, RequestError
from pipeline.storage import keys, private, private_folders, shelf
from pipeline.storage.private import PrivateStore, store_of
from pipeline.storage.records import AcceptedRequest, Private, dump, load_request
from pipeline.types import Hero, Manifest, StoryRequest
from tests.engines.contracts.store_contract import StoreContract

FOLDER = "0123456789abcdef"
ACCEPTED = AcceptedRequest(
    StoryRequest("a shell", 7, hero=Hero("Siobhan", "Shi-vawn")),
    "story@1",
    "fake/text/1",
    private=Private(FOLDER, "a salt", "2026-12-29"),
)
LAST_DAY, AFTER = date(2026, 12, 29), date(2026, 12, 30)


def committed(store: MemoryStore | FileStore, accepted: AcceptedRequest = ACCEPTED) -> str:
    store_of(store, accepted.story_id).put(keys.request(accepted.story_id), dump(accepted))
    return accepted.story_id


class TestPrivateStore(StoreContract):
    @pytest.fixture
    def store(self) -> PrivateStore:
        return PrivateStore(MemoryStore(), FOLDER)


def test_an_answer_of_the_shared_cache_is_the_folders_own_once_it_is_read() -> None:
    shared = MemoryStore()
    shared.put("cache/speak/ab/abc.wav", b"sound")
    folder = PrivateStore(shared, FOLDER)
    assert folder.head("cache/speak/ab/abc.wav", 3) == b"sou"
    shared.delete(["cache/speak/ab/abc.wav"])
    assert folder.get("cache/speak/ab/abc.wav") == b"sound"
    assert folder.url("cache/speak/ab/abc.wav").startswith(f"memory:private/{FOLDER}/cache/speak/ab/abc.wav")


@pytest.mark.parametrize("key", ["stories/x/request.json", "server/media.key", "catalogs/published/x"])
def test_nothing_but_cached_answers_is_read_of_the_shared_store(key: str) -> None:
    shared = MemoryStore()
    shared.put(key, b"shared")
    with pytest.raises(NotFoundError):
        PrivateStore(shared, FOLDER).get(key)


def test_a_folder_writes_lists_and_deletes_nothing_outside() -> None:
    shared = MemoryStore()
    shared.put("cache/a", b"shared")
    folder = PrivateStore(shared, FOLDER)
    assert folder.put_if_absent("cache/a", b"own")
    assert list(folder.list("cache/")) == ["cache/a"]
    folder.delete(["cache/a"])
    assert shared.get("cache/a") == b"shared"
    assert list(shared.list("")) == ["cache/a"]


def test_a_private_id_is_its_folders_and_cannot_be_guessed_from_the_request() -> None:
    story_id = ACCEPTED.story_id
    assert story_id.startswith(f"p{FOLDER}")
    assert len(story_id) == 33
    assert keys.folder_of(story_id) == FOLDER
    salted = replace(ACCEPTED, private=Private(FOLDER, "another salt", "2026-12-29"))
    assert salted.story_id != story_id
    assert load_request(dump(ACCEPTED), "") == ACCEPTED


def test_a_usual_request_is_named_and_stored_as_before() -> None:
    usual = AcceptedRequest(StoryRequest("a shy snail"), "story@1", "fake/text/1")
    assert b"hero" not in dump(usual)
    assert b"private" not in dump(usual)
    # Of this request, by the release before there were private stories.
    assert usual.story_id == "7f8dce61e419ee58371f9b03fd87ecce"


def test_a_story_is_there_until_the_end_of_its_last_day() -> None:
    store = MemoryStore()
    story_id = committed(store)
    assert private.request(store, story_id, LAST_DAY) == ACCEPTED
    assert private_folders.sweep(store, LAST_DAY) == 0
    with pytest.raises(NotFoundError, match="expired"):
        private.request(store, story_id, AFTER)


def test_a_sweep_leaves_nothing_of_what_has_expired(tmp_path: object) -> None:
    store = FileStore(tmp_path)  # type: ignore[arg-type]
    story_id = committed(store)
    later = replace(ACCEPTED, private=Private("f" * 16, "salt", "2027-12-29"))
    kept = committed(store, later)
    store_of(store, story_id).put("cache/speak/ab/abc.wav", b"Siobhan")
    store.put(keys.claim(keys.text(story_id, "en"), 1), b"{}")
    assert private_folders.sweep(store, AFTER) == 1
    assert list(store.list("")) == [f"private/{'f' * 16}/{keys.request(kept)}"]
    assert not (tmp_path / "private" / FOLDER).exists()  # type: ignore[operator]


def test_a_sweep_that_was_killed_is_finished_by_the_next() -> None:
    store = MemoryStore()
    story_id = committed(store)
    store_of(store, story_id).put("cache/complete/ab/abc.json", b"Siobhan")
    store.delete([f"private/{FOLDER}/{keys.request(story_id)}"])
    assert private_folders.sweep(store, LAST_DAY) == 1
    assert list(store.list("")) == []


def test_a_damaged_request_is_kept_and_named() -> None:
    store = MemoryStore()
    story_id = committed(store)
    store_of(store, story_id).put(keys.request(story_id), b'{"request": {}}')
    assert private_folders.sweep(store, AFTER) == 0
    with pytest.raises(DamagedError):
        private.request(store, story_id, LAST_DAY)


def test_files_of_private_stories_are_their_owners_alone(tmp_path: object) -> None:
    store = FileStore(tmp_path)  # type: ignore[arg-type]
    committed(store)
    (key,) = store.list("")
    assert store.path(key).stat().st_mode & 0o077 == 0


def test_a_private_story_has_no_card() -> None:
    manifest = Manifest(ACCEPTED.story_id, "en", "Siobhan", "a", "a", 0, (), "a.mp3", 0, (), {})
    with pytest.raises(RequestError) as caught:
        shelf.publish(MemoryStore(), manifest)
    assert caught.value.problem == "private-story"
    assert "Siobhan" not in str(caught.value)
