"""The stories that a server's threads make: how far they are, what is learned of them, who goes first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from pipeline.api.in_process.learned import Learned
from pipeline.api.runner import Job, Outlook
from pipeline.app import App
from pipeline.errors import StoriesError
from pipeline.ports import Advance, Progress
from pipeline.steps import committed
from pipeline.storage import keys
from pipeline.storage.private import store_of
from pipeline.types import USUAL_LENGTH, Early, Narration

# Seconds. What took less was there already, and says nothing of this machine.
_LEAST = 0.3
# Seconds of sound in a second: a slower voice needs the machine for itself.
_EASY = 1.5
# Seconds that a story's writing waits at most for the voices of those before it.
_LONGEST_WAIT = 60.0
_WRITING = frozenset({"write", "judge"})


@dataclass(slots=True)
class Times:
    """Of a story under way, in seconds of one clock. written: when its English text was there, or the first
    scene; is_whole: all of it. The last two: when its first sentence was spoken, and the last so far. sound:
    seconds of those after the first. teaches: whether something may be learned of it."""

    began: float
    writes: bool = False
    is_whole: bool = False
    written: float | None = None
    first: float | None = None
    last: float = 0.0
    sound: float = 0.0
    teaches: bool = True

    def has_written(self, now: float) -> None:
        if self.written is None:
            self.written = now

    @property
    def rate(self) -> float | None:
        """Seconds of sound in a second; None before the second sentence."""
        spent = self.last - self.first if self.first is not None else 0.0
        return self.sound / spent if spent > 0 else None


@dataclass
class Watch:
    """clock: seconds."""

    app: App
    learned: Learned
    clock: Callable[[], float] = time.monotonic
    _running: dict[Job, Times] = field(default_factory=dict, init=False)
    _changed: threading.Condition = field(default_factory=threading.Condition, init=False)

    @contextmanager
    def story(self, job: Job, progress: Progress) -> Iterator[Progress]:
        """A story is made; the Progress to follow it by. What it took is learned where it ends well."""
        times = Times(self.clock())
        with self._changed:
            self._running[job] = times
        try:
            yield _Watched(self, job, times, progress)
            if times.teaches:
                self.learned.add(self._figures(job, times))
        finally:
            with self._changed:
                del self._running[job]
                self._changed.notify_all()

    def pass_over(self, job: Job) -> None:
        """Nothing is learned of a story under way: most of an edited one was spoken before."""
        self._running[job].teaches = False

    def changed(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def let_voices_go_first(self, job: Job) -> None:
        """Returns when no story before this one has a voice that is too slow to wait; or after a minute."""
        with self._changed:
            self._changed.wait_for(lambda: not self._has_slow_voice_before(job), _LONGEST_WAIT)

    def outlook(self, job: Job, ahead: int, workers: int) -> Outlook:
        """ahead: how many stories were accepted before it and are not done."""
        write, first, whole = (self.learned.median(name) for name in self._names(job)[:3])
        times, now = self._running.get(job), self.clock()
        if times is None:
            write = write if self._is_to_be_written(job) else 0.0
            rounds = ahead // workers
            turn = None if write is None or whole is None else rounds * (write + whole)
            return Outlook(ahead, _sum(turn, write, first), _sum(turn, write, whole), self._rate(job))
        if times.written is None:
            left = None if write is None else max(0.0, times.began + write - now)
            return Outlook(0, _sum(left, first), _sum(left, whole), self._rate(job))
        spent = now - times.written
        return Outlook(
            0,
            0.0 if times.first is not None else _sum(first, -spent),
            _sum(whole, -spent),
            times.rate or self._rate(job),
        )

    def _rate(self, job: Job) -> float | None:
        return self.learned.median(self._names(job)[3])

    def _is_to_be_written(self, job: Job) -> bool:
        key = keys.text(job[0], keys.WRITTEN_IN)
        return next(store_of(self.app.store, job[0]).list(key), None) != key

    def _has_slow_voice_before(self, job: Job) -> bool:
        for other, times in self._running.items():
            if other == job:
                return False
            is_in_scenes = times.writes and not times.is_whole  # its voice waits for the writer
            rate = None if is_in_scenes else times.rate
            if rate is not None and rate < _EASY:
                return True
        return False

    def _names(self, job: Job) -> tuple[str, str, str, str]:
        """Of what is learned: writing, the first word after it, the whole after it, seconds of sound."""
        chain = self.app.chain(job[1])
        engines = f"{chain.translation.fingerprint if chain.translation else ''} {chain.speech.fingerprint}"
        length = self._longer(job)
        edition = f"{job[1]} {engines}{length}"
        return (
            f"write {self.app.text.fingerprint}{length}",
            f"first {edition}",
            f"whole {edition}",
            f"rate {edition}",
        )

    def _longer(self, job: Job) -> str:
        """Its length, for a name; "" for the usual."""
        with suppress(StoriesError):
            length = committed.request(self.app.store, job[0]).request.length
            return "" if length == USUAL_LENGTH else f" {length}"
        return ""

    def _figures(self, job: Job, times: Times) -> dict[str, float]:
        """What may be learned of a story that was made now."""
        written = times.began if times.written is None else times.written
        first = self.clock() if times.first is None else times.first
        measured = written - times.began, first - written, self.clock() - written, times.rate
        worth = times.writes and measured[0] >= _LEAST, *[measured[2] >= _LEAST] * 3
        return {
            name: figure
            for name, figure, is_worth in zip(self._names(job), measured, worth, strict=True)
            if is_worth and figure is not None
        }


@dataclass(frozen=True, slots=True)
class _Watched:
    """A Progress that passes everything on."""

    watch: Watch
    job: Job
    times: Times
    progress: Progress

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        if name == "write":
            self.watch.let_voices_go_first(self.job)
            if not self.times.writes:
                self.times.writes, self.times.began = True, self.watch.clock()
        elif name not in _WRITING:
            self.times.is_whole = True
            self.times.has_written(self.watch.clock())
        with self.progress.step(name, total, unit) as advance:
            yield advance

    def note(self, text: str) -> None:
        self.progress.note(text)

    def show(self, early: Early) -> None:
        self.progress.show(early)

    def spoke(self, number: int, narration: Narration) -> None:
        self.times.last = self.watch.clock()
        self.times.has_written(self.times.last)
        if self.times.first is None:
            self.times.first = self.times.last
        else:
            self.times.sound += narration.duration_ms / 1000
        self.watch.changed()
        self.progress.spoke(number, narration)


def _sum(*seconds: float | None) -> float | None:
    """At least 0; None where one is not known."""
    known = [value for value in seconds if value is not None]
    return max(0.0, sum(known)) if len(known) == len(seconds) else None
