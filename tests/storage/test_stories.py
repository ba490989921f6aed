"""Finished stories, and stories found by how their ids begin, in stores with whatever else in them."""

from __future__ import annotations

import pytest

from pipeline.engines.fake import MemoryStore
from pipeline.errors import DamagedError, NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.steps.accept import accept
from pipeline.steps.run import run
from pipeline.storage.stories import find, manifests
from tests.making import Listener, fake_app


@pytest.fixture(scope="module")
def store() -> Store:
    kept = MemoryStore()
    app = fake_app(kept)
    for variant, locales in ((0, ["en", "fr"]), (1, ["it"]), (2, [])):
        story_id = accept(app, "a shy snail", variant)
        for locale in locales:
            run(app, story_id, locale, Listener())
    return kept


def test_complete_stories_are_sorted_by_id_and_locale(store: Store) -> None:
    complete = list(manifests(store))
    assert sorted((story.variant, story.locale) for story in complete) == [(0, "en"), (0, "fr"), (1, "it")]
    assert complete == sorted(complete, key=lambda story: (story.story_id, story.locale))


def test_the_manifests_of_one_story(store: Store) -> None:
    (story_id,) = {story.story_id for story in manifests(store) if story.variant == 0}
    assert [story.locale for story in manifests(store, story_id)] == ["en", "fr"]
    assert list(manifests(store, "0" * 32)) == []


def test_id_prefix_finds_incomplete_stories_too(store: Store) -> None:
    ids = {key.split("/")[1] for key in store.list("stories/")}
    assert len(ids) == 3
    for story_id in ids:
        assert find(store, story_id) == story_id
        assert find(store, story_id[:8]) == story_id


def test_ambiguous_id_prefix_is_refused() -> None:
    kept = MemoryStore()
    for end in "ab":
        kept.put(f"stories/4f1c{end * 28}/request.json", b"{}")
    with pytest.raises(RequestError, match="begins 2 stories") as caught:
        find(kept, "4f1c")
    assert caught.value.problem == "bad-id"
    assert find(kept, "4f1ca") == "4f1c" + "a" * 28


@pytest.mark.parametrize("start", ["", "abc", "4F1C", "4f1g", "4f1c/..", "a" * 33, " 4f1c", "4f1c\n"])
def test_malformed_id_is_refused(store: Store, start: str) -> None:
    with pytest.raises(RequestError) as caught:
        find(store, start)
    assert caught.value.problem == "bad-id"


def test_an_id_of_no_story_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError, match="stories list"):
        find(store, "deadbeef")


def test_a_damaged_manifest_is_named_and_the_others_are_listed() -> None:
    kept, named = MemoryStore(), list[DamagedError]()
    app = fake_app(kept)
    for variant in range(2):
        run(app, accept(app, "a shy snail", variant), "en", Listener())
    key, _ = (key for key in kept.list("stories/") if key.endswith("manifest.json"))
    kept.put(key, kept.get(key)[:100])
    assert len(list(manifests(kept, on_damage=named.append))) == 1
    assert [str(error).split(" was damaged")[0] for error in named] == [key]


def test_files_of_strangers_are_no_stories() -> None:
    kept = MemoryStore()
    for key in ("stories/x", "stories/4f1c/en/manifest.json", f"stories/{'z' * 32}/en/manifest.json"):
        kept.put(key, b"{}")
    assert list(manifests(kept)) == []
    with pytest.raises(NotFoundError):
        find(kept, "4f1c")
