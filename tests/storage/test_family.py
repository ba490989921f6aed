from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.fake import MemoryStore
from pipeline.errors import RequestError
from pipeline.storage import family

A, B, C = "a" * 32, "b" * 32, f"p{'c' * 32}"
# 2026-11-29, in seconds since 1970.
NOW = 1_795_910_400.0


def stories(store: MemoryStore, owner: str = "home") -> list[tuple[str, tuple[str, ...]]]:
    return [(line.story_id, line.editions) for line in family.lines(store, owner)]


def test_a_shelf_begins_with_the_newest_and_keeps_a_storys_editions_together() -> None:
    store = MemoryStore()
    family.add(store, "home", A, "en", NOW, is_new=True)
    family.add(store, "home", B, "fr", NOW + 1)
    family.add(store, "home", C, "pt-BR", NOW + 1.001)
    family.add(store, "home", A, "en-x-emma-p90", NOW + 60)
    family.add(store, "home", A, "en", NOW + 90)  # it is there already
    assert stories(store) == [(C, ("pt-BR",)), (B, ("fr",)), (A, ("en-x-emma-p90", "en"))]
    assert [line.created for line in family.lines(store, "home")] == [NOW + 1.001, NOW + 1, NOW]


def test_no_family_sees_anothers() -> None:
    store = MemoryStore()
    family.add(store, "1a", A, "en", NOW)
    family.add(store, "1a2b", B, "en", NOW)
    assert stories(store, "1a") == [(A, ("en",))]
    assert stories(store, "1") == []
    family.remove(store, "1a", B)
    assert stories(store, "1a2b") == [(B, ("en",))]


def test_what_is_removed_is_gone_in_all_editions_and_may_come_back() -> None:
    store = MemoryStore()
    for edition in ("en", "fr"):
        family.add(store, "home", A, edition, NOW)
    family.add(store, "home", B, "en", NOW)
    family.remove(store, "home", A)
    family.remove(store, "home", A)
    assert stories(store) == [(B, ("en",))]
    family.add(store, "home", A, "en", NOW + 5)
    assert stories(store)[0] == (A, ("en",))


def test_an_edited_story_takes_the_place_of_the_one_before_also_after_a_crash() -> None:
    store = MemoryStore()
    family.add(store, "home", A, "en", NOW)
    family.add(store, "home", B, "en", NOW + 1)
    for _ in range(2):
        family.replace(store, "home", A, C, "en", NOW + 60)
    assert stories(store) == [(B, ("en",)), (C, ("en",))]


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=30, unique=True), st.integers(1, 7))
def test_pages_together_are_the_shelf_newest_first(times: list[int], size: int) -> None:
    store = MemoryStore()
    for number, milliseconds in enumerate(times):
        for edition in ("en", "fr"):
            family.add(store, "home", f"{number:032x}", edition, milliseconds / 1000)
    cursor, listed = "", []
    while lines := family.page(store, "home", cursor, size):
        assert len(lines) <= size
        listed += lines
        cursor = lines[-1].cursor
        assert family.CURSOR.fullmatch(cursor)
    assert [round(line.created * 1000) for line in listed] == sorted(times, reverse=True)
    assert {frozenset(line.editions) for line in listed} == {frozenset({"fr", "en"})}


def test_a_strangers_cursor_is_rejected_and_a_strangers_object_passed_over() -> None:
    store = MemoryStore()
    family.add(store, "home", A, "en", NOW)
    store.put("shelves/home/notes.txt", b"")
    assert stories(store) == [(A, ("en",))]
    for cursor in ("x", "1" * 13, f"{'1' * 13}-{A}/..", f"{'1' * 12}-{A}"):
        with pytest.raises(RequestError):
            family.page(store, "home", cursor)
