"""The status of what a state machine accepts, or rejects."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from pipeline.api.runner import Recorded
from pipeline.engines.fake import MemoryStore
from pipeline.errors import EngineError
from pipeline.steps import status
from pipeline.storage import keys


@dataclass
class Machine:
    """A state machine. error: raised by each start. then: happens at a start, as the machine's own states."""

    error: EngineError | None = None
    then: Callable[[], None] = lambda: None
    started: list[tuple[str, str]] = field(default_factory=list)

    def start(self, story_id: str, locale: str) -> None:
        self.started.append((story_id, locale))
        if self.error:
            raise self.error
        self.then()


def test_the_status_is_written_before_a_state_machine_starts() -> None:
    store, machine = MemoryStore(), Machine()
    Recorded(machine, store).start("1" * 32, "fr")
    assert machine.started == [("1" * 32, "fr")]
    assert status.read(store, "1" * 32, "fr").state == status.QUEUED


@pytest.mark.parametrize("verb", ["start", "finish"])
def test_a_job_that_a_state_machine_rejects_is_not_live(verb: str) -> None:
    store = MemoryStore()
    arguments = ("1" * 32, "fr", *((1.0,) if verb == "finish" else ()))
    with pytest.raises(EngineError):
        getattr(Recorded(Machine(EngineError("no")), store), verb)(*arguments)
    assert not status.is_live(store, "1" * 32, "fr")
    assert store.get(keys.status("1" * 32, "fr"))


STORY = ("1" * 32, "fr")
# finish() returns at once or, wrongly, only after so many seconds, which its pauses count as well.
PATIENCE = 3600.0


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between two looks at the store, which do not happen; a tenth fails the test."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        assert len(pauses) < 10, "it still waits"

    monkeypatch.setattr(time, "sleep", pause)
    return pauses


def test_finish_returns_once_the_machine_has_written_the_manifest(pauses: list[float]) -> None:
    """Whose status may still say that it is spoken."""
    store = MemoryStore()
    machine = Machine(then=lambda: store.put(keys.manifest(*STORY), b"{}"))
    Recorded(machine, store).finish(*STORY, PATIENCE)
    assert (machine.started, pauses) == ([STORY], [])


def test_finish_returns_once_the_machine_has_recorded_a_failure(pauses: list[float]) -> None:
    store = MemoryStore()
    machine = Machine(then=lambda: status.fail(store, *STORY, EngineError("no", problem="throttled")))
    Recorded(machine, store).finish(*STORY, PATIENCE)
    assert (status.read(store, *STORY).problem, pauses) == ("throttled", [])


def test_finish_looks_until_it_is_over(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    store, machine = MemoryStore(), Machine()

    def complete_at_the_third(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            store.put(keys.manifest(*STORY), b"{}")

    monkeypatch.setattr(time, "sleep", complete_at_the_third)
    Recorded(machine, store).finish(*STORY, PATIENCE)
    assert (len(pauses), machine.started) == (3, [STORY])


def test_an_execution_that_outlasts_the_wait_goes_on(pauses: list[float]) -> None:
    store, machine = MemoryStore(), Machine()
    Recorded(machine, store).finish(*STORY, 0.0)
    assert (pauses, machine.started) == ([], [STORY])
    assert status.is_live(store, *STORY)
