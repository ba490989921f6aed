"""Runners make accepted stories: in threads of this process (in_process/), or a state machine.

A state machine is engines/aws/workflow.py; its statuses come only once it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from pipeline.errors import StoriesError
from pipeline.ports import Store
from pipeline.steps import status

# (story id, edition's name)
Job = tuple[str, str]


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


class StateMachine(Protocol):
    """As a Runner. Both methods raise EngineError."""

    def start(self, story_id: str, edition: str) -> None: ...

    def finish(self, story_id: str, edition: str, seconds: float) -> None: ...


class Recorded:
    """A Runner that writes the status of what a state machine accepts."""

    maker = ""

    def __init__(self, runner: StateMachine, store: Store) -> None:
        self._runner = runner
        self._store = store

    def start(self, story_id: str, edition: str) -> None:
        with self._recorded((story_id, edition)):
            self._runner.start(story_id, edition)

    def finish(self, story_id: str, edition: str, seconds: float) -> None:
        with self._recorded((story_id, edition)):
            self._runner.finish(story_id, edition, seconds)

    @contextmanager
    def _recorded(self, job: Job) -> Iterator[None]:
        """A job that is not accepted becomes failed, so that the next request starts it again."""
        status.queue(self._store, *job)
        try:
            yield
        except StoriesError as error:
            status.fail(self._store, *job, error)
            raise
