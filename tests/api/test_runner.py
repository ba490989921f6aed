"""The status of what a state machine accepts, or rejects."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from pipeline.api.runner import Recorded
from pipeline.engines.fake import MemoryStore
from pipeline.errors import EngineError
from pipeline.steps import status
from pipeline.storage import keys


@dataclass
class Machine:
    """A state machine. error: raised by each start."""

    error: EngineError | None = None
    started: list[tuple[str, str]] = field(default_factory=list)

    def start(self, story_id: str, locale: str) -> None:
        self.started.append((story_id, locale))
        if self.error:
            raise self.error

    def finish(self, story_id: str, locale: str, seconds: float) -> None:
        self.start(story_id, locale)


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
