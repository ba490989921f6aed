"""Which slot serves a call. Who waits, who is served first, and what is fetched from the shelf."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.engines.embedded.slots import Slots, shared


class Notebook:
    """A shelf that notes what it is asked. has: the system texts that it holds."""

    def __init__(self, *has: str) -> None:
        self.has = set(has)
        self.restored: list[tuple[str, int]] = []

    def restore(self, system: str, slot: int) -> bool:
        self.restored.append((system, slot))
        return system in self.has

    def keep(self, system: str, slot: int) -> None:
        self.has.add(system)


def ask(slots: Slots, *sent: str, tokens: int = 0) -> int:
    with slots.lease(sent) as slot:
        slot.prompt_tokens = tokens
        return slot.number


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [((), ("a",), 0), (("a", "b"), ("a", "c"), 1), (("a", "b"), ("a", "b", "c"), 2), (("b",), ("a", "b"), 0)],
)
def test_what_two_prompts_share_is_their_beginning(
    one: tuple[str, ...], other: tuple[str, ...], same: int
) -> None:
    assert shared(one, other) == same


def test_a_conversation_stays_in_the_slot_that_has_read_most_of_it() -> None:
    slots = Slots(3)
    first = ask(slots, "French", "one")
    second = ask(slots, "Italian", "uno")
    assert ask(slots, "French", "one", "un", "two") == first
    assert ask(slots, "Italian", "uno", "1", "due") == second


def test_something_new_goes_to_the_slot_that_was_free_longest() -> None:
    slots = Slots(2)
    first = ask(slots, "a")
    second = ask(slots, "b")
    assert first != second
    assert ask(slots, "c") == first


def test_only_a_slot_with_another_system_text_is_given_what_was_kept() -> None:
    shelf = Notebook()
    slots = Slots(1, shelf)
    for system in ("story", "story", "judge", "story"):
        ask(slots, system, "go on")
    assert [system for system, _ in shelf.restored] == ["story", "judge", "story"]


@pytest.mark.parametrize(("tokens", "kept"), [(299, set()), (300, {"story"})])
def test_only_a_long_prompt_is_worth_keeping(tokens: int, kept: set[str]) -> None:
    shelf = Notebook()
    ask(Slots(1, shelf), "story", tokens=tokens)
    assert shelf.has == kept


def test_a_failed_call_keeps_nothing_and_frees_its_slot() -> None:
    shelf = Notebook()
    slots = Slots(1, shelf)

    def break_off() -> None:
        with slots.lease(("story",)) as slot:
            slot.prompt_tokens = 900
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        break_off()
    assert shelf.has == set()
    assert ask(slots, "story") == 0
    assert len(shelf.restored) == 2


def test_no_two_calls_are_in_one_slot_and_all_are_served() -> None:
    slots = Slots(2)
    inside: set[int] = set()
    guard = threading.Lock()

    def call(number: int) -> int:
        with slots.lease((f"system {number}",)) as slot:
            with guard:
                assert slot.number not in inside
                inside.add(slot.number)
            with guard:
                inside.remove(slot.number)
        return number

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(call, range(200))) == list(range(200))
