"""Disks that fail, file handles that run out, clocks that jump, holders that stop.

The work is `stories make` in two languages. It may fail while the fault lasts, with a sentence; nothing
partial is left, and the same command afterwards makes what an undisturbed run makes.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from subprocess import CalledProcessError

from bench.campaign import disks, stores
from bench.campaign.frame import Case, Outcome, Trial
from bench.campaign.hooks import Plan
from bench.campaign.kills import IDEAS, MAKERS, undisturbed
from bench.campaign.processes import PATIENCE, Child, fork, started
from bench.campaign.stores import Reference
from pipeline.cli.__main__ import main

_MAKE = MAKERS["make"]
_HOUR = 3600.0
# Exit statuses of a failure that is a sentence (stories --help).
_NAMED = range(3, 20)
_ERRORS = ("EIO", "ENOSPC", "EMFILE", "EROFS", "EDQUOT", "EACCES")


def failing_write(case: Case) -> Outcome:
    """The n-th write fails, once or from then on."""
    which, reference = _reference(case)
    error = _ERRORS[case.number % len(_ERRORS)]
    at = (case.number * 5) % (reference.boundaries // 2)
    plan = Plan(fail_at=at, error=error, lasting=bool(case.number // len(_ERRORS) % 2))
    return _again(case, _MAKE.start(case.folder / "out", case.folder, which, plan), which, reference)


def full(case: Case) -> Outcome:
    """A file system of some hundred kB is full in the middle; then it is larger."""
    which, reference = _reference(case)
    with disks.mounted(case.folder / "mount", options=f"size={case.random.randint(8, 1700)}k") as point:
        child = _MAKE.start(point / "out", case.folder, which, Plan())
        outcome = Outcome()
        _judge(outcome, child)
        disks.remount(point, "size=64m")
        return _again(case, child, which, reference, outcome, point / "out")


def read_only(case: Case) -> Outcome:
    """Mounted read-only in the middle of the work; then writable again."""
    which, reference = _reference(case)
    with disks.mounted(case.folder / "mount", options="size=64m") as point:
        child = _MAKE.start(point / "out", case.folder, which, Plan(pace=0.005))
        time.sleep(case.random.uniform(0, 0.2))
        child.send(SIGSTOP)  # a file that is open for writing keeps a file system from becoming read-only
        outcome = Outcome()
        outcome.add("was writing just then", not _becomes_read_only(point))
        child.send(SIGCONT)
        _judge(outcome, child)
        disks.remount(point, "rw")
        return _again(case, child, which, reference, outcome, point / "out")


def _becomes_read_only(point: Path) -> bool:
    try:
        disks.remount(point, "ro")
    except CalledProcessError:  # a file is being written
        return False
    return True


def few_handles(case: Case) -> Outcome:
    """Few more than are open when the command begins."""
    which, reference = _reference(case)
    child = _limited(case, which, resource.RLIMIT_NOFILE, lambda: _highest_handle() + case.number % 6)
    return _again(case, child, which, reference)


def small_files(case: Case) -> Outcome:
    """No file may be larger than so many bytes: a full disk where nobody is root."""
    which, reference = _reference(case)
    most = case.random.randint(100, 150_000)
    return _again(case, _limited(case, which, resource.RLIMIT_FSIZE, lambda: most), which, reference)


def _limited(case: Case, which: int, limit: int, most: Callable[[], int]) -> Child:
    arguments = ["make", IDEAS[which], "--locale", "en", "--locale", "fr", "--out", str(case.folder / "out")]

    def work() -> int:
        resource.setrlimit(limit, (most(), most()))
        return main(arguments)

    return fork(work, case.folder / "log")


def _highest_handle() -> int:
    return max(int(path.name) for path in Path("/proc/self/fd").iterdir())


def clocks(case: Case) -> Outcome:
    """A maker an hour ahead or behind beside one of this hour, on this host or as another host."""
    ahead = (1, -1)[case.number % 2] * _HOUR
    machine = ("", "another")[case.number // 2 % 2]
    return _beside(case, Plan(pace=0.02, clock=ahead, machine=machine), None)


def stopped(case: Case) -> Outcome:
    """A holder is stopped; another, for which its claim has run out, goes on; then the first comes back."""
    return _beside(case, Plan(clock=_HOUR, machine="another"), stop_after=case.random.uniform(0, 0.4))


def _beside(case: Case, plan: Plan, stop_after: float | None) -> Outcome:
    """stop_after: seconds from its first call until the first maker is stopped, while the second works."""
    which, reference = _reference(case)
    outcome, root = Outcome(), case.folder / "out"
    logs = [case.folder / "first", case.folder / "second"]
    arguments = ["make", IDEAS[which], "--locale", "en", "--locale", "fr", "--out", str(root)]
    with ExitStack() as stack:
        first = started(arguments, case.folder / "first.log", Plan(pace=0.02, calls=logs[0]))
        stack.callback(first.kill)
        if stop_after is not None:
            _wait_for(logs[0])
            time.sleep(stop_after)
            first.send(SIGSTOP)
        values = {**plan.__dict__, "calls": logs[1]}
        second = started(arguments, case.folder / "second.log", Plan(**values))
        stack.callback(second.kill)
        statuses = [second.wait()]
        first.send(SIGCONT)
        statuses.append(first.wait())
    outcome.check(statuses == [0, 0], f"exit statuses {statuses}: {first.text[-200:]} {second.text[-200:]}")
    outcome.faults += stores.faults(root, reference)
    outcome.check(stores.published(root) == reference.files, "another output than an undisturbed run's")
    repeated = (stores.calls(*logs) - reference.calls).total()
    outcome.add("calls repeated", repeated)
    outcome.add("most repeated in a case", repeated)
    outcome.check(
        repeated <= reference.calls.total(), f"{repeated} calls repeated: more than one regeneration"
    )
    return outcome


def _wait_for(calls: Path) -> None:
    """Until an engine call was begun."""
    deadline = time.monotonic() + PATIENCE
    while not calls.exists():
        if time.monotonic() > deadline:
            raise TimeoutError("the maker calls no engine")
        time.sleep(0.005)


def _reference(case: Case) -> tuple[int, Reference]:
    which = case.number % len(IDEAS)
    return which, undisturbed("make", which)


def _judge(outcome: Outcome, child: Child) -> None:
    """It ended, with success or with a sentence."""
    status = child.wait()
    outcome.add("failed with a sentence", status in _NAMED)
    is_named = status == 0 or (status in _NAMED and "stories: " in child.text)
    outcome.check(is_named and status != -SIGKILL, f"exit status {status}: {child.text[-300:]}")
    outcome.check("Traceback" not in child.text, f"a traceback: {child.text[-300:]}")


def _again(
    case: Case,
    child: Child,
    which: int,
    reference: Reference,
    outcome: Outcome | None = None,
    root: Path | None = None,
) -> Outcome:
    """After the fault: nothing partial, and the same command makes the same bytes."""
    place = root or case.folder / "out"
    if outcome is None:
        outcome = Outcome()
        _judge(outcome, child)
    outcome.faults += stores.faults(place, reference)
    outcome.add("temporary files left", stores.leftovers(place))
    again = _MAKE.start(place, case.folder, which, Plan())
    outcome.check(again.wait() == 0, f"the same command fails afterwards: {again.text[-300:]}")
    outcome.check(stores.published(place) == reference.files, "another output than undisturbed")
    return outcome


TRIALS = (
    Trial("EIO, ENOSPC, EMFILE at a write", "faults", failing_write, 240, 3_000, share=3),
    Trial("disk full", "disks", full, 40, 500, missing=disks.missing),
    Trial("mounted read-only", "disks", read_only, 30, 300, missing=disks.missing),
    Trial("largest file", "limits", small_files, 30, 300),
    Trial("file handles used up", "limits", few_handles, 12, 120),
    Trial("clocks an hour apart", "pairs of makers", clocks, 12, 100, share=2),
    Trial("holder stopped", "pairs of makers", stopped, 12, 100, share=2),
)
