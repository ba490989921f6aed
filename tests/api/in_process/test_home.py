"""The PIN at a family's own server: who knows it passes, who guesses waits."""

from __future__ import annotations

import pytest

from pipeline.api.in_process import home
from pipeline.api.in_process.home import Home
from pipeline.engines.fake import MemoryStore
from pipeline.errors import BusyError, RequestError, StoriesError

STORY = "4f1c" * 8


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cheap hash: what it costs is tests/storage/test_pin.py's."""
    monkeypatch.setattr(home.pin, "_N", 2)


def outcome(guard: Home, given: str | None) -> tuple[str, int]:
    """The problem, "" for none, and the seconds to wait."""
    headers = {} if given is None else {"X-Pin": given}
    try:
        guard.check({"headers": headers}, STORY)
    except StoriesError as error:
        return error.problem, error.retry_after if isinstance(error, BusyError) else 0
    return "", 0


def test_a_pin_has_to_be_chosen_and_then_to_be_shown() -> None:
    guard = Home(MemoryStore())
    assert (guard.needs_pin, guard.has_pin) == (True, False)
    for given in (None, "", "2580"):
        assert outcome(guard, given) == ("no-pin", 0)
    guard.choose_pin("2580", "")
    assert guard.has_pin
    for given, problem in ((None, "wrong-pin"), ("", "wrong-pin"), ("2581", "wrong-pin"), ("2580", "")):
        assert outcome(guard, given) == (problem, 0)


def test_another_pin_is_chosen_by_who_knows_the_one_before() -> None:
    guard = Home(MemoryStore())
    guard.choose_pin("2580", "")
    for old in ("", "1111"):
        with pytest.raises(RequestError) as caught:
            guard.choose_pin("1111", old)
        assert caught.value.problem == "wrong-pin"
    guard.choose_pin("1111", "2580")
    assert outcome(guard, "1111") == ("", 0)


def test_after_five_wrong_tries_each_doubles_the_wait_also_for_the_right_pin() -> None:
    clock = Clock()
    guard = Home(MemoryStore(), clock)
    guard.choose_pin("2580", "")
    assert [outcome(guard, "0000") for _ in range(5)] == [("wrong-pin", 0)] * 5
    for wait in (30, 60, 120, 240, 480, 960, 1920, 3600, 3600):
        assert outcome(guard, "2580") == ("too-many-tries", wait + 1)
        clock.now += wait
        assert outcome(guard, "0000") == ("wrong-pin", 0)
    clock.now += 3600
    assert outcome(guard, None) == ("wrong-pin", 0)  # no try
    assert outcome(guard, "2580") == ("", 0)
    assert [outcome(guard, "0000") for _ in range(4)] == [("wrong-pin", 0)] * 4
    assert outcome(guard, "2580") == ("", 0)


def test_the_old_pin_is_guessed_no_faster_than_the_pin() -> None:
    guard = Home(MemoryStore(), Clock())
    guard.choose_pin("2580", "")
    for _ in range(5):
        with pytest.raises(RequestError):
            guard.choose_pin("1111", "0000")
    with pytest.raises(BusyError):
        guard.choose_pin("1111", "2580")
    assert outcome(guard, "2580")[0] == "too-many-tries"
