from __future__ import annotations

import pytest

from pipeline import steps
from pipeline.catalog import find, manifests
from pipeline.engines import Store
from pipeline.engines.fake import MemoryStore
from pipeline.errors import NotFoundError, RequestError, StoreError
from tests.making import Listener, fake_app


@pytest.fixture(scope="module")
def store() -> Store:
    kept = MemoryStore()
    app = fake_app(kept)
    for variant, locales in ((0, ["en", "fr"]), (1, ["it"]), (2, [])):
        story_id = steps.accept(app, "a shy snail", variant)
        for locale in locales:
            steps.run(app, story_id, locale, Listener())
    return kept


def test_complete_stories_are_found_by_their_manifests_by_id_and_locale(store: Store) -> None:
    found = [(one.variant, one.locale) for one in manifests(store)]
    assert sorted(found) == [(0, "en"), (0, "fr"), (1, "it")]
    assert found == [
        (one.variant, one.locale)
        for one in sorted(manifests(store), key=lambda one: (one.story_id, one.locale))
    ]


def test_the_manifests_of_one_story(store: Store) -> None:
    (story_id,) = {one.story_id for one in manifests(store) if one.variant == 0}
    assert [one.locale for one in manifests(store, story_id)] == ["en", "fr"]
    assert list(manifests(store, "0" * 32)) == []


def test_an_id_is_found_by_how_it_begins_also_before_its_story_is_complete(store: Store) -> None:
    ids = {key.split("/")[1] for key in store.list("stories/")}
    assert len(ids) == 3
    for story_id in ids:
        assert find(store, story_id) == story_id
        assert find(store, story_id[:8]) == story_id


def test_a_beginning_of_two_ids_asks_for_more() -> None:
    kept = MemoryStore()
    for end in "ab":
        kept.put(f"stories/4f1c{end * 28}/request.json", b"{}")
    with pytest.raises(RequestError, match="begins 2 stories") as caught:
        find(kept, "4f1c")
    assert caught.value.problem == "bad-id"
    assert find(kept, "4f1ca") == "4f1c" + "a" * 28


@pytest.mark.parametrize("start", ["", "abc", "4F1C", "4f1g", "4f1c/..", "a" * 33, " 4f1c", "4f1c\n"])
def test_what_is_no_id_is_refused(store: Store, start: str) -> None:
    with pytest.raises(RequestError) as caught:
        find(store, start)
    assert caught.value.problem == "bad-id"


def test_an_id_of_no_story_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError, match="stories list"):
        find(store, "deadbeef")


def test_a_damaged_manifest_is_named() -> None:
    kept = MemoryStore()
    kept.put("stories/4f1c/en/manifest.json", b"{")
    with pytest.raises(StoreError, match=r"stories/4f1c/en/manifest\.json"):
        list(manifests(kept))
