"""SIGKILL at every write and at random moments of whatever makes stories; then the same work again.

After each: a reader never sees a part; what was committed stays; the resumed output equals an undisturbed
run's byte for byte; no call is repeated but those whose answers were not kept yet.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from signal import SIGKILL

from bench.campaign import kill_functions, kill_servers, stores
from bench.campaign.frame import Case, Outcome, Trial
from bench.campaign.hooks import Plan, install
from bench.campaign.processes import Child, command, fork, started
from bench.campaign.running import folder as new_folder
from bench.campaign.stores import Reference

IDEAS = tuple(f"a shy snail and the {word}" for word in "kite teapot lamp drum boat moon pear coat".split())
_BROKEN = "walrus"
_ENTRIES = ("a brave teapot", f"a brave {_BROKEN}", "an owl who cannot sleep")


@dataclass(frozen=True)
class Maker:
    """start: runs the work on a store, in a folder of its own, as a fork.

    status: its exit status. in_flight: engine calls that it makes at once. reported: whether its report is
    looked at.
    """

    start: Callable[[Path, Path, int, Plan], Child]
    status: int = 0
    in_flight: int = 4
    reported: bool = False


def _make(root: Path, folder: Path, which: int, plan: Plan) -> Child:
    return command(_make_arguments(root, which), folder / "log", plan)


def _real(root: Path, folder: Path, which: int, plan: Plan) -> Child:
    return started(_make_arguments(root, which), folder / "log", plan)


def _make_arguments(root: Path, which: int) -> list[str]:
    return ["make", IDEAS[which], "--locale", "en", "--locale", "fr", "--out", str(root)]


def _catalog(root: Path, folder: Path, which: int, plan: Plan) -> Child:
    arguments = ["catalog", "run", str(catalog_file(folder, which)), "--out", str(root)]
    return command(arguments, folder / "log", replace(plan, broken=_BROKEN))


def _tasks(root: Path, folder: Path, which: int, plan: Plan) -> Child:
    """What the DAG's tasks of a chunk call, without the scheduler."""
    path = catalog_file(folder, which)

    def work() -> int:
        over = install(replace(plan, broken=_BROKEN))
        try:
            return kill_functions.run_tasks(root, path)
        finally:
            over()

    return fork(work, folder / "log")


def catalog_file(folder: Path, which: int) -> Path:
    path = folder / "tales.yaml"
    entries = [f"{idea} {which}" for idea in _ENTRIES]
    settings = {"name": "tales", "locales": ["en", "fr"], "publish": {"review": "none"}, "max_failed": 9}
    path.write_text(json.dumps({**settings, "entries": entries}), "utf-8")
    return path


MAKERS = {
    "make": Maker(_make),
    "make by a fresh interpreter": Maker(_real),
    "catalog run": Maker(_catalog, in_flight=8, reported=True),
    "DAG's tasks": Maker(_tasks, in_flight=8, reported=True),
}


@lru_cache(maxsize=64)
def undisturbed(name: str, which: int) -> Reference:
    folder = new_folder()
    try:
        root, maker = folder / "out", MAKERS[name]
        counted = Plan(calls=folder / "calls", boundaries=folder / "boundaries")
        begun = time.monotonic()
        child = maker.start(root, folder, which, counted)
        if child.wait() != maker.status:
            raise RuntimeError(f"an undisturbed run failed: {child.text[-500:]}")
        seconds = time.monotonic() - begun
        boundaries = int((folder / "boundaries").read_text())
        return Reference(stores.published(root), stores.calls(folder / "calls"), boundaries, seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def at_writes(name: str, case: Case) -> Outcome:
    """Case after case the next boundary."""
    reference = undisturbed(name, case.number % len(IDEAS))
    return kill(case, name, reference, at=case.number % reference.boundaries)


def at_moments(name: str, case: Case) -> Outcome:
    reference = undisturbed(name, case.number % len(IDEAS))
    return kill(case, name, reference, after=case.random.uniform(0, reference.seconds * 1.1))


def kill(case: Case, name: str, reference: Reference, at: int | None = None, after: float = 0) -> Outcome:
    """at: the boundary; or after so many seconds, with a reader beside it until then."""
    outcome, maker, root = Outcome(), MAKERS[name], case.folder / "out"
    first, second = case.folder / "first", case.folder / "second"
    which = case.number % len(IDEAS)
    child = maker.start(root, case.folder, which, Plan(kill_at=at, calls=first))
    if at is None:
        _read_beside(child, root, reference, after, outcome)
        child.kill()
    status = child.wait()
    outcome.check(status in {-SIGKILL, maker.status}, f"exit status {status}: {child.text[-300:]}")
    outcome.add("over before the kill", status != -SIGKILL)
    outcome.faults += stores.faults(root, reference)
    kept, begun = stores.paid(root), set(stores.calls(first))
    again = maker.start(root, case.folder, which, Plan(calls=second))
    outcome.check(
        again.wait() == maker.status, f"the same work again ends with {again.status}: {again.text[-300:]}"
    )
    outcome.check(stores.published(root) == reference.files, "another output than an undisturbed run's")
    # Two stories that hold the same sentence, spoken at once, are two calls, kill or no kill.
    repeated = len(begun & set(stores.calls(second)))
    outcome.add("calls repeated", repeated)
    outcome.add("most repeated in a case", repeated)
    bound = min(len(begun) - kept, maker.in_flight)
    outcome.check(repeated <= bound, f"{repeated} calls repeated, {bound} were in flight")
    if maker.reported:
        outcome.faults += kill_functions.report_faults(root)
    return outcome


def _read_beside(child: Child, root: Path, reference: Reference, seconds: float, outcome: Outcome) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and child.poll() is None:
        outcome.faults += [f"a reader beside it: {fault}" for fault in stores.faults(root, reference)]
        outcome.add("readings beside it")
        time.sleep(0.002)


_CATALOG, _TASKS, _REAL = "catalog run", "DAG's tasks", "make by a fresh interpreter"
TRIALS = (
    Trial("make, at every write", "kills", partial(at_writes, "make"), 900, 4_000, share=4),
    Trial("make, at random moments", "kills", partial(at_moments, "make"), 700, 3_000, share=3),
    Trial(_REAL, "kills", partial(at_moments, _REAL), 60, 400, share=1.5),
    Trial("catalog run, at every write", "kills", partial(at_writes, _CATALOG), 120, 1_000, share=1.7),
    Trial("catalog run, at random moments", "kills", partial(at_moments, _CATALOG), 60, 500, share=1.3),
    Trial("DAG's tasks, at every write", "kills", partial(at_writes, _TASKS), 80, 500, share=1.2),
    Trial("server", "kills", kill_servers.run, 60, 400, share=1.8),
    Trial("Lambda handlers", "kills", kill_functions.lambdas, 24, 300, each=12, share=2.5),
)
