"""Which slot serves a call, and when a saved state is restored."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.engines.embedded.slots import Slots


class RecordedStates:
    """SlotStates that record the calls."""

    def __init__(self) -> None:
        self.saved: list[str] = []
        self.restored: list[str] = []

    def restore(self, system: str, slot: int) -> bool:
        self.restored.append(system)
        return system in self.saved

    def save(self, system: str, slot: int) -> None:
        self.saved.append(system)


def call(slots: Slots, *sent: str, tokens: int = 0) -> int:
    with slots.lease(sent) as slot:
        slot.prompt_tokens = tokens
        return slot.number


def test_a_conversation_stays_in_the_slot_that_has_read_most_of_it() -> None:
    slots = Slots(3)
    first = call(slots, "French", "one")
    second = call(slots, "Italian", "uno")
    assert call(slots, "French", "one", "un", "two") == first
    assert call(slots, "Italian", "uno", "1", "due") == second


def test_something_new_goes_to_the_slot_that_was_free_longest() -> None:
    slots = Slots(2)
    first = call(slots, "a")
    second = call(slots, "b")
    assert first != second
    assert call(slots, "c") == first


def test_only_a_slot_with_another_system_text_is_restored() -> None:
    states = RecordedStates()
    slots = Slots(1, states)
    for system in ("story", "story", "judge", "story"):
        call(slots, system, "go on")
    assert states.restored == ["story", "judge", "story"]


@pytest.mark.parametrize(("tokens", "saved"), [(299, []), (300, ["story"])])
def test_only_a_long_prompt_is_worth_saving(tokens: int, saved: list[str]) -> None:
    states = RecordedStates()
    call(Slots(1, states), "story", tokens=tokens)
    assert states.saved == saved


def test_a_failed_call_saves_nothing_and_frees_its_slot() -> None:
    states = RecordedStates()
    slots = Slots(1, states)

    def break_off() -> None:
        with slots.lease(("story",)) as slot:
            slot.prompt_tokens = 900
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        break_off()
    assert states.saved == []
    assert call(slots, "story") == 0
    assert len(states.restored) == 2


def test_no_two_calls_are_in_one_slot_and_all_are_served() -> None:
    slots = Slots(2)
    inside: set[int] = set()
    guard = threading.Lock()

    def work(number: int) -> int:
        with slots.lease((f"system {number}",)) as slot:
            with guard:
                assert slot.number not in inside
                inside.add(slot.number)
            with guard:
                inside.remove(slot.number)
        return number

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(200))) == list(range(200))
