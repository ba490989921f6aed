from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from pipeline.engines.fake import MemoryStore
from pipeline.errors import DamagedError, NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.steps.accept import accept
from pipeline.steps.run import run
from pipeline.storage.cards import Card
from pipeline.storage.shelf import Page, Publication, is_listed, page, publish, withheld, withhold
from pipeline.storage.stories import manifests
from pipeline.types import Manifest
from tests.making import Listener, fake_app


def manifest(number: int, locale: str = "en", title: str = "Title", context: str = "") -> Manifest:
    """Of a story of a second, whose id is the number."""
    return Manifest(f"{number:032x}", locale, title, context, context, 0, (), "", 1000, ("fake",), {})


def shelf(counts: Mapping[str, int]) -> Store:
    """Published stories, so many of each locale."""
    kept = MemoryStore()
    for locale, count in counts.items():
        for number in range(count):
            publish(kept, manifest(number, locale))
    return kept


def leafed(store: Store, locale: str = "", size: int = 20) -> list[list[Card]]:
    pages, cursor = [], ""
    while True:
        listing = page(store, locale, cursor, size)
        pages.append(list(listing.cards))
        if not (cursor := listing.cursor):
            return pages


def test_pages_hold_each_story_once_in_order() -> None:
    pages = leafed(shelf({"en": 30, "fr": 15}))
    assert [len(cards_of_page) for cards_of_page in pages] == [20, 20, 5]
    cards = [(card.locale, card.id) for cards_of_page in pages for card in cards_of_page]
    assert cards == sorted(cards)
    assert len(set(cards)) == 45


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (1, [1]), (20, [20]), (21, [20, 1]), (40, [20, 20])])
def test_a_full_last_page_has_no_empty_one_after_it(count: int, sizes: list[int]) -> None:
    assert [len(cards) for cards in leafed(shelf({"en": count}))] == sizes


def test_pages_of_a_locale_hold_that_locale_only() -> None:
    store = shelf({"en": 25, "fr": 23, "pt": 1, "pt-BR": 2})
    assert [[card.locale for card in cards] for cards in leafed(store, "fr")] == [["fr"] * 20, ["fr"] * 3]
    assert [card.locale for cards in leafed(store, "pt") for card in cards] == ["pt"]


def test_publishing_between_pages_shifts_no_page() -> None:
    store = shelf({"en": 25})
    first = page(store, size=20)
    publish(store, manifest(10, "ar"))
    rest = page(store, cursor=first.cursor, size=20)
    assert {card.id for card in (*first.cards, *rest.cards)} == {f"{number:032x}" for number in range(25)}


def test_story_published_again_is_listed_once_with_its_new_card() -> None:
    store = shelf({"en": 1})
    card = publish(store, manifest(0, title="Another title"))
    assert card == Card("0" * 32, "en", "Another title", 1000, ("fake",))
    assert page(store).cards == (card,)


def test_a_card_does_not_hold_the_idea() -> None:
    kept = MemoryStore()
    publish(kept, manifest(0, context="Ermintrude's snail"))
    (key,) = kept.list("")
    assert b"Ermintrude" not in kept.get(key)


ID = "0" * 32


@pytest.mark.parametrize(
    "cursor", ["x", "en", f"en.{ID[1:]}", f"en.{ID[1:]}G", f"../..{ID}", f"e/n.{ID}", f"en.{ID}\n"]
)
def test_malformed_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(RequestError, match="not a cursor"):
        page(MemoryStore(), cursor=cursor)


def test_a_cursor_past_the_end_is_an_empty_last_page() -> None:
    assert page(shelf({"en": 3}), cursor=f"zz.{'f' * 32}") == Page((), "")


@pytest.fixture
def unpublished() -> tuple[Store, list[Manifest]]:
    """Three stories in English and French, none of them published."""
    kept = MemoryStore()
    app = fake_app(kept)
    for variant in range(3):
        for locale in ("en", "fr"):
            run(app, accept(app, "a shy snail", variant), locale, Listener())
    return kept, list(manifests(kept))


def edition(story: Manifest) -> tuple[str, str]:
    return story.story_id, story.locale


def listed(store: Store) -> set[tuple[str, str]]:
    return {(card.id, card.locale) for card in page(store, size=100).cards}


def waiting(store: Store, name: str, stories: list[Manifest]) -> Publication:
    """A publication with these stories, not yet issued."""
    publication = Publication(store, name)
    for story in stories:
        publication.add(story)
    return publication


def test_publication_is_listed_all_at_once(unpublished: tuple[Store, list[Manifest]]) -> None:
    store, stories = unpublished
    publication = Publication(store, "r1")
    for story in stories:
        publication.add(story, ("sea",))
        assert listed(store) == set()
    publication.issue()
    assert listed(store) == set(map(edition, stories))
    assert {card.tags for card in page(store).cards} == {("sea",)}


def test_withdrawn_publication_is_unlisted_and_others_stay(unpublished: tuple[Store, list[Manifest]]) -> None:
    store, stories = unpublished
    publish(store, stories[0])
    waiting(store, "r1", stories[:3]).issue()
    waiting(store, "r2", stories[3:]).issue()
    Publication(store, "r1").withdraw()
    assert listed(store) == set(map(edition, [stories[0], *stories[3:]]))
    assert {each for each in map(edition, stories) if is_listed(store, *each)} == listed(store)


def test_story_of_an_abandoned_or_withdrawn_publication_may_be_published_again(
    unpublished: tuple[Store, list[Manifest]],
) -> None:
    store, stories = unpublished
    waiting(store, "r1", stories[:1])
    withdrawn = waiting(store, "r2", stories[1:2])
    withdrawn.issue()
    withdrawn.withdraw()
    waiting(store, "r3", stories[:2]).issue()
    assert listed(store) == set(map(edition, stories[:2]))


def test_publication_that_was_never_issued_cannot_be_withdrawn() -> None:
    with pytest.raises(NotFoundError):
        Publication(MemoryStore(), "r1").withdraw()


def test_unlisted_cards_do_not_shorten_a_page(unpublished: tuple[Store, list[Manifest]]) -> None:
    """By id and locale every other card is listed; a page of one is filled all the same."""
    store, stories = unpublished
    ordered = sorted(stories, key=lambda story: (story.locale, story.story_id))
    waiting(store, "r1", ordered[::2])
    waiting(store, "r2", ordered[1::2]).issue()
    cards = [(card.id, card.locale) for cards_of_page in leafed(store, size=1) for card in cards_of_page]
    assert cards == list(map(edition, ordered[1::2]))


def test_page_reads_a_limited_number_of_unlisted_cards(
    unpublished: tuple[Store, list[Manifest]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.storage.shelf._MOST_LOOKS", 2)
    store, stories = unpublished
    waiting(store, "r1", stories)
    listing = page(store, size=2)
    assert listing.cards == ()
    assert listing.cursor
    assert page(store, size=2, cursor=listing.cursor) == Page((), "")


def test_a_story_stays_listed_while_one_of_its_publications_stands(
    unpublished: tuple[Store, list[Manifest]],
) -> None:
    """Two nights publish the same stories; one of them was published by hand as well."""
    store, stories = unpublished
    everything, by_hand = set(map(edition, stories)), edition(stories[0])
    publish(store, stories[0])
    for name, before in (("r1", {by_hand}), ("r2", everything)):
        publication = waiting(store, name, stories)
        assert listed(store) == before
        publication.issue()
    Publication(store, "r1").withdraw()
    assert listed(store) == everything
    Publication(store, "r2").withdraw()
    assert listed(store) == {by_hand}


def test_withheld_story_is_unlisted_at_once_and_may_be_published_again(
    unpublished: tuple[Store, list[Manifest]],
) -> None:
    store, stories = unpublished
    waiting(store, "r1", stories).issue()
    bad = edition(stories[0])
    withhold(store, *bad)
    assert bad not in listed(store)
    assert not is_listed(store, *bad)
    assert withheld(store) == {bad}
    publish(store, stories[0])
    assert bad in listed(store)
    assert withheld(store) == set()


def test_card_keeps_the_last_two_publications(unpublished: tuple[Store, list[Manifest]]) -> None:
    store, stories = unpublished
    for number in range(5):
        waiting(store, f"r{number}", stories[:1]).issue()
    (card,) = page(store).cards
    assert card.publications == ("r3", "r4")


def test_card_without_publications_is_listed(unpublished: tuple[Store, list[Manifest]]) -> None:
    store, stories = unpublished
    old = {"id": stories[0].story_id, "locale": "en", "title": "t", "duration_ms": 1, "labels": ["draft"]}
    store.put(f"catalogs/published/cards/en/{stories[0].story_id}.json", json.dumps(old).encode())
    assert [card.labels for card in page(store).cards] == [("draft",)]


def test_every_page_of_a_locale_with_several_voices_holds_each_edition_once() -> None:
    kept = MemoryStore()
    for number in range(3):
        for locale, voice in (("en", ""), ("en", "low"), ("en-GB", ""), ("fr", "")):
            story = Manifest(f"{number:032x}", locale, "T", "i", "i", 0, (), "", 1, (), {}, voice=voice)
            publish(kept, story)
    editions, cursor = [], ""
    while True:
        cards = page(kept, "en", cursor, size=2)
        editions += [(card.edition, card.id[-1]) for card in cards.cards]
        if not (cursor := cards.cursor):
            break
    assert editions == [(edition, number) for edition in ("en-x-low", "en") for number in "012"]


def test_a_card_from_before_there_were_other_voices_is_read_and_written_as_it_is() -> None:
    kept = MemoryStore()
    publish(kept, Manifest("0" * 32, "en", "T", "i", "i", 0, (), "", 1, (), {}))
    (key,) = kept.list("catalogs/")
    card = json.loads(kept.get(key))
    assert card.keys() == {"id", "locale", "title", "duration_ms", "labels", "tags", "editions", "sha256"}
    del card["sha256"]
    kept.put(key, json.dumps(card).encode())
    assert [card.edition for card in page(kept).cards] == ["en"]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"[" * 100_000, b'{"id": 1}', b"\xff"])
def test_a_damaged_card_is_named_and_the_others_are_listed_on_every_page(damage: bytes) -> None:
    kept, named = shelf({"en": 5}), list[DamagedError]()
    key = f"catalogs/published/cards/en/{2:032x}.json"
    kept.put(key, damage)
    first = page(kept, size=3, on_damage=named.append)
    rest = page(kept, cursor=first.cursor, size=3)
    assert [int(card.id, 16) for card in (*first.cards, *rest.cards)] == [0, 1, 3, 4]
    assert [str(error).split(" was damaged")[0] for error in named] == [key]


def test_a_damaged_last_card_of_a_page_is_no_end() -> None:
    kept = shelf({"en": 5})
    for number in (1, 2):
        kept.put(f"catalogs/published/cards/en/{number:032x}.json", b"{")
    assert [int(card.id, 16) for cards in leafed(kept, size=2) for card in cards] == [0, 3, 4]


def test_a_card_of_another_story_is_damaged() -> None:
    kept = shelf({"en": 2})
    first, second = (f"catalogs/published/cards/en/{number:032x}.json" for number in range(2))
    kept.put(second, kept.get(first))
    assert [int(card.id, 16) for card in page(kept).cards] == [0]


@pytest.mark.parametrize(
    "name", ["x", "en/x.json", f"en/{ID}.json/x", f"e.n/{ID}.json", f"en/{ID.upper()}G.json"]
)
def test_files_of_strangers_are_no_cards(name: str) -> None:
    kept = shelf({"en": 1})
    kept.put(f"catalogs/published/cards/{name}", b"{}")
    assert leafed(kept, size=1) == [list(page(kept).cards)]


@pytest.mark.parametrize("again", ["publish", "publication"])
def test_a_damaged_card_is_set_aside_when_its_story_is_published_again(again: str) -> None:
    kept = shelf({"en": 1})
    (key,) = kept.list("catalogs/")
    kept.put(key, b"{")
    if again == "publish":
        publish(kept, manifest(0))
    else:
        publication = Publication(kept, "r1")
        publication.add(manifest(0))
        publication.issue()
    assert [card.title for card in page(kept).cards] == ["Title"]
    (aside,) = kept.list("quarantine/")
    assert kept.get(aside) == b"{"
