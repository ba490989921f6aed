from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from pipeline.engines.fake import MemoryStore
from pipeline.errors import NotFoundError, RequestError, StoreError
from pipeline.ports import Store
from pipeline.steps.accept import accept
from pipeline.steps.run import run
from pipeline.storage.shelf import Card, Page, Publication, find, manifests, page, publish, withheld, withhold
from pipeline.types import Manifest
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


def shelf(counts: Mapping[str, int]) -> Store:
    """Published stories, so many of each locale."""
    kept = MemoryStore()
    for locale, count in counts.items():
        for number in range(count):
            story_id = f"{number:032x}"
            publish(
                kept, Manifest(story_id, locale, f"Title {number}", "", "", 0, (), "", 1000, ("fake",), {})
            )
    return kept


def leafed(store: Store, locale: str = "", size: int = 20) -> list[list[Card]]:
    pages, cursor = [], ""
    while True:
        told = page(store, locale, cursor, size)
        pages.append(list(told.cards))
        if not (cursor := told.cursor):
            return pages


def test_45_stories_are_leafed_through_each_once_in_order() -> None:
    pages = leafed(shelf({"en": 30, "fr": 15}))
    assert [len(one) for one in pages] == [20, 20, 5]
    seen = [(card.locale, card.id) for one in pages for card in one]
    assert seen == sorted(seen)
    assert len(set(seen)) == 45


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (1, [1]), (20, [20]), (21, [20, 1]), (40, [20, 20])])
def test_a_full_last_page_has_no_empty_one_after_it(count: int, sizes: list[int]) -> None:
    assert [len(one) for one in leafed(shelf({"en": count}))] == sizes


def test_one_language_alone_is_leafed_through_too() -> None:
    store = shelf({"en": 25, "fr": 23, "pt": 1, "pt-BR": 2})
    assert [[card.locale for card in one] for one in leafed(store, "fr")] == [["fr"] * 20, ["fr"] * 3]
    assert [card.locale for one in leafed(store, "pt") for card in one] == ["pt"]


def test_what_is_published_while_one_leafs_shifts_no_page() -> None:
    store = shelf({"en": 25})
    first = page(store, size=20)
    publish(store, Manifest("0" * 31 + "a", "ar", "New", "", "", 0, (), "", 1000, (), {}))
    rest = page(store, cursor=first.cursor, size=20)
    assert {card.id for card in (*first.cards, *rest.cards)} == {f"{number:032x}" for number in range(25)}


def test_published_again_it_is_listed_once_as_it_is_now() -> None:
    store = shelf({"en": 1})
    told = publish(store, Manifest("0" * 32, "en", "Another title", "", "", 0, (), "", 2000, ("fake",), {}))
    assert told == Card("0" * 32, "en", "Another title", 2000, ("fake",))
    assert page(store).cards == (told,)


def test_a_card_does_not_hold_the_idea() -> None:
    kept = MemoryStore()
    publish(kept, Manifest("0" * 32, "en", "Title", "Ermintrude's snail", "Ermintrude", 0, (), "", 1, (), {}))
    (key,) = kept.list("")
    assert b"Ermintrude" not in kept.get(key)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "en",
        f"en.{'0' * 31}",
        f"en.{'G' * 32}",
        f"../..{'0' * 32}",
        f"e/n.{'0' * 32}",
        f"en.{'0' * 32}\n",
    ],
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(RequestError, match="not a cursor"):
        page(MemoryStore(), cursor=cursor)


def test_a_cursor_past_the_end_is_an_empty_last_page() -> None:
    assert page(shelf({"en": 3}), cursor=f"zz.{'f' * 32}") == Page((), "")


@pytest.fixture
def told() -> tuple[Store, list[Manifest]]:
    """Three stories in English and French, none of them published."""
    kept = MemoryStore()
    app = fake_app(kept)
    for variant in range(3):
        for locale in ("en", "fr"):
            run(app, accept(app, "a shy snail", variant), locale, Listener())
    return kept, list(manifests(kept))


def listed(store: Store) -> set[tuple[str, str]]:
    return {(card.id, card.locale) for card in page(store, size=100).cards}


def test_an_edition_s_stories_are_listed_all_at_once(told: tuple[Store, list[Manifest]]) -> None:
    store, made = told
    edition = Publication(store, "r1")
    for manifest in made:
        edition.add(manifest, ("sea",))
        assert listed(store) == set()
    edition.issue()
    assert listed(store) == {(one.story_id, one.locale) for one in made}
    assert {card.tags for card in page(store).cards} == {("sea",)}


def test_a_withdrawn_edition_is_listed_no_more_and_the_others_are(
    told: tuple[Store, list[Manifest]],
) -> None:
    store, made = told
    publish(store, made[0])
    for name, part in (("r1", made[:3]), ("r2", made[3:])):
        edition = Publication(store, name)
        for manifest in part:
            edition.add(manifest)
        edition.issue()
    Publication(store, "r1").withdraw()
    assert listed(store) == {(one.story_id, one.locale) for one in [made[0], *made[3:]]}


def test_what_an_unpublished_or_withdrawn_edition_held_may_be_published_by_the_next(
    told: tuple[Store, list[Manifest]],
) -> None:
    store, made = told
    abandoned, withdrawn, third = (Publication(store, name) for name in ("r1", "r2", "r3"))
    abandoned.add(made[0])
    withdrawn.add(made[1])
    withdrawn.issue()
    withdrawn.withdraw()
    for manifest in made[:2]:
        third.add(manifest)
    third.issue()
    assert listed(store) == {(one.story_id, one.locale) for one in made[:2]}


def test_an_edition_that_was_never_issued_cannot_be_withdrawn() -> None:
    with pytest.raises(NotFoundError):
        Publication(MemoryStore(), "r1").withdraw()


def test_cards_that_are_not_listed_end_no_page_early(told: tuple[Store, list[Manifest]]) -> None:
    """By id and locale every other card is listed; a page of one is filled all the same."""
    store, made = told
    waiting, issued = Publication(store, "r1"), Publication(store, "r2")
    ordered = sorted(made, key=lambda one: (one.locale, one.story_id))
    for number, manifest in enumerate(ordered):
        (issued if number % 2 else waiting).add(manifest)
    issued.issue()
    seen, cursor = [], ""
    while True:
        found = page(store, cursor=cursor, size=1)
        seen += [(card.locale, card.id) for card in found.cards]
        if not (cursor := found.cursor):
            break
    assert seen == [(one.locale, one.story_id) for one in ordered[1::2]]


def test_a_page_looks_past_so_many_unlisted_cards_and_no_more(
    told: tuple[Store, list[Manifest]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.storage.shelf._MOST_LOOKS", 2)
    store, made = told
    waiting = Publication(store, "r1")
    for manifest in made:
        waiting.add(manifest)
    found = page(store, size=2)
    assert found.cards == ()
    assert found.cursor
    assert page(store, size=2, cursor=found.cursor) == Page((), "")


def test_a_story_stays_listed_while_one_of_its_publications_stands(
    told: tuple[Store, list[Manifest]],
) -> None:
    """Two nights publish the same stories; one of them was published by hand as well."""
    store, made = told
    everything = {(one.story_id, one.locale) for one in made}
    publish(store, made[0])
    for name in ("r1", "r2"):
        night = Publication(store, name)
        for manifest in made:
            night.add(manifest)
            assert listed(store) >= ({(made[0].story_id, made[0].locale)} if name == "r1" else everything)
        night.issue()
    Publication(store, "r1").withdraw()
    assert listed(store) == everything
    Publication(store, "r2").withdraw()
    assert listed(store) == {(made[0].story_id, made[0].locale)}


def test_what_is_withheld_is_taken_down_at_once_and_may_be_published_again(
    told: tuple[Store, list[Manifest]],
) -> None:
    store, made = told
    night = Publication(store, "r1")
    for manifest in made:
        night.add(manifest)
    night.issue()
    bad = (made[0].story_id, made[0].locale)
    withhold(store, *bad)
    assert bad not in listed(store)
    assert withheld(store) == {bad}
    publish(store, made[0])
    assert bad in listed(store)
    assert withheld(store) == set()


def test_a_card_does_not_grow_with_each_night(told: tuple[Store, list[Manifest]]) -> None:
    store, made = told
    for number in range(5):
        night = Publication(store, f"r{number}")
        night.add(made[0])
        night.issue()
    (card,) = page(store).cards
    assert card.publications == ("r3", "r4")


def test_a_card_of_before_there_were_editions_is_listed(told: tuple[Store, list[Manifest]]) -> None:
    store, made = told
    old = {"id": made[0].story_id, "locale": "en", "title": "t", "duration_ms": 1, "labels": ["draft"]}
    store.put(f"catalogs/published/cards/en/{made[0].story_id}.json", json.dumps(old).encode())
    assert [card.labels for card in page(store).cards] == [("draft",)]
