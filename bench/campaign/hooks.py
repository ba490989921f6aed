"""What the campaign does to a maker's own process: the product knows nothing of it.

A Plan is installed in a process before it runs a command. It counts the calls by which a store writes, and
kills the process, or fails the call, at a chosen one; shifts the clock; and paces, counts and breaks the fake
engines.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import signal
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.engines import fake
from pipeline.errors import EngineError

# The calls by which files are written, on the module os: tempfile and pathlib go through it.
_WRITES = ("open", "fsync", "link", "replace", "rename", "unlink", "mkdir")
_ENGINES = {"complete": fake.FakeText, "translate": fake.FakeTranslation, "synthesize": fake.FakeSpeech}


@dataclass(frozen=True)
class Plan:
    """kill_at: the boundary at which the process dies: before a write, within one (half of the data), after
    one. fail_at: the write that fails, with the error of that name; and all after it, where `lasting`.
    calls: a file that gets a line for each engine call, begun and ended. boundaries: one that gets the number
    of boundaries. pace: seconds of an engine call. hold: the engine call that does not return, as in
    "synthesize 3". broken: texts with this word are not spoken. clock: seconds that the clock is ahead.
    machine: another host's name.
    """

    kill_at: int | None = None
    fail_at: int | None = None
    error: str = "EIO"
    lasting: bool = False
    calls: Path | None = None
    boundaries: Path | None = None
    pace: float = 0
    hold: str = ""
    broken: str = ""
    clock: float = 0
    machine: str = ""


class _Writes:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._boundaries = itertools.count()
        self._calls = itertools.count()

    def pass_boundary(self, descriptor: int | None = None) -> None:
        """descriptor: of a file that is being written: a process that dies within leaves half."""
        if next(self._boundaries) == self._plan.kill_at:
            if descriptor is not None and stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)

    def wrap(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if name == "open" and not arguments[1] & os.O_CREAT:
                return original(*arguments, **options)
            self.pass_boundary()
            if name == "fsync":
                self.pass_boundary(arguments[0])
            self._fail(next(self._calls))
            result = original(*arguments, **options)
            self.pass_boundary()
            return result

        return call

    def _fail(self, number: int) -> None:
        plan = self._plan
        if plan.fail_at is not None and (number == plan.fail_at or (plan.lasting and number > plan.fail_at)):
            code = getattr(errno, plan.error)
            raise OSError(code, os.strerror(code))

    @property
    def passed(self) -> int:
        return next(self._boundaries)


def install(plan: Plan) -> Callable[[], None]:
    """Never taken back: the process is the plan's own. Returns what to call when the command is over."""
    if plan.clock:
        now = time.time
        time.time = lambda: now() + plan.clock
    _pace_engines(plan)
    if plan.machine:
        _move(plan)
    if plan.kill_at is None and plan.fail_at is None and plan.boundaries is None:
        return lambda: None
    writes = _Writes(plan)
    for name in _WRITES:
        setattr(os, name, writes.wrap(name, getattr(os, name)))

    def over() -> None:
        if plan.boundaries:
            plan.boundaries.write_text(str(writes.passed))

    return over


def _move(plan: Plan) -> None:
    """To another host: no claim of this one's processes can be looked up there."""
    from pipeline import bootstrap

    assert bootstrap.this_machine
    bootstrap.this_machine = lambda: plan.machine


def _pace_engines(plan: Plan) -> None:
    lock, counts = threading.Lock(), dict.fromkeys(_ENGINES, 0)

    def wrap(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(engine: Any, *arguments: Any, **options: Any) -> Any:
            what = hashlib.sha256(repr((name, arguments[:3])).encode()).hexdigest()[:16]
            if name == "complete":
                what = hashlib.sha256(repr((name, arguments[0])).encode()).hexdigest()[:16]
            with lock:
                counts[name] += 1
                is_held = plan.hold == f"{name} {counts[name]}"
            _note(plan.calls, f"begun {name} {what}\n")
            if is_held:
                threading.Event().wait(120)
                os._exit(1)
            time.sleep(plan.pace)
            if plan.broken and name == "synthesize" and plan.broken in arguments[0]:
                raise EngineError("the campaign's engine refuses this text", engine="fake")
            result = original(engine, *arguments, **options)
            _note(plan.calls, f"ended {name} {what}\n")
            return result

        return call

    for name, kind in _ENGINES.items():
        setattr(kind, name, wrap(name, getattr(kind, name)))


def _note(path: Path | None, line: str) -> None:
    """In one write, so that a kill leaves whole lines."""
    if path:
        with path.open("ab", buffering=0) as file:
            file.write(line.encode())
