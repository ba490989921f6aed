"""Runners make accepted stories: in threads of this process (in_process/), or a state machine.

A state machine is engines/aws/workflow.py; its statuses come only once it runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from pipeline.errors import StoriesError
from pipeline.ports import Store
from pipeline.steps import status
from pipeline.storage.private import store_of

# (story id, edition's name)
Job = tuple[str, str]
# Seconds between two looks at the store.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a listener may expect of a story under way; None: not known.

    ahead: stories before it. first_word, whole: seconds from now until it can be heard, and until it is done.
    sound_rate: seconds of sound that are spoken in a second.
    """

    ahead: int
    first_word: float | None
    whole: float | None
    sound_rate: float | None


class Runner(Protocol):
    """Makes (story id, edition) of a committed request. Both methods raise BusyError and EngineError."""

    @property
    def maker(self) -> str:
        """Its name in the statuses of what it makes; "" where others write them."""
        ...

    def start(self, story_id: str, edition: str) -> None:
        """It is on record when this returns."""
        ...

    def finish(self, story_id: str, edition: str, seconds: float) -> None:
        """Starts it, and returns when it is complete or failed, after `seconds` at the latest."""
        ...

    def outlook(self, story_id: str, edition: str) -> Outlook | None:
        """None where another makes it."""
        ...


class StateMachine(Protocol):
    def start(self, story_id: str, edition: str) -> None:
        """Raises EngineError."""
        ...


class Recorded:
    """A Runner that writes the status of what a state machine accepts, and reads how it goes on."""

    maker = ""

    def __init__(self, runner: StateMachine, store: Store) -> None:
        self._runner = runner
        self._store = store

    def start(self, story_id: str, edition: str) -> None:
        with self._recorded((story_id, edition)):
            self._runner.start(story_id, edition)

    def finish(self, story_id: str, edition: str, seconds: float) -> None:
        self.start(story_id, edition)
        deadline, pause = time.monotonic() + seconds, _FIRST_PAUSE
        while status.is_being_made(store_of(self._store, story_id), story_id, edition):
            if (left := deadline - time.monotonic()) <= 0:
                return
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def outlook(self, story_id: str, edition: str) -> Outlook | None:
        return None

    @contextmanager
    def _recorded(self, job: Job) -> Iterator[None]:
        """A job that is not accepted becomes failed, so that the next request starts it again."""
        store = store_of(self._store, job[0])
        status.queue(store, *job)
        try:
            yield
        except StoriesError as error:
            status.fail(store, *job, error)
            raise
