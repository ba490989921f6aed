"""Every object of a store × a flipped bit, a cut, an empty file, deleted: healed or named, never served."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

from bench.campaign import stores
from bench.campaign.frame import Case, Outcome, Trial
from bench.campaign.processes import command
from bench.campaign.whole_store import Read, Whole, catalog_file, commands, copied, look, serve, whole

# What nobody has to notice, by the kind of damage ("": every kind): hints, claims that end by themselves, a
# page that is drawn from its record; and another key, which signs as well as the one before.
_UNNOTICED = (
    ("/status.json", ""),
    ("claims/", ""),
    ("/report.html", ""),
    ("cache/", "empty"),  # is none, as --heal leaves a damaged one
    ("server/media.key", "flipped"),
    *((marker, "") for marker in stores.MARKERS),
)
# Exit statuses of success, and of a failure that is a sentence (stories --help).
_NAMED = (0, *range(3, 20))


def _flip(data: bytes, random: Random) -> bytes:
    if not data:
        return b"\0"
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


DAMAGES: dict[str, Callable[[bytes, Random], bytes | None]] = {
    "flipped": _flip,
    "cut": lambda data, random: data[: random.randrange(max(1, len(data)))],
    "empty": lambda data, random: b"",
    "deleted": lambda data, random: None,
}


def run(case: Case) -> Outcome:
    """Case after case the next object, with the next kind of damage once all have had one."""
    store, outcome = whole(), Outcome()
    key = store.objects[case.number % len(store.objects)]
    kind = list(DAMAGES)[case.number // len(store.objects) % len(DAMAGES)]
    root = copied(store.root, case.folder / "out")
    original = (root / key).read_bytes()
    damaged = DAMAGES[kind](original, case.random)
    outcome.add("most objects", len(store.objects))
    if damaged == original:
        return outcome
    _write(root / key, damaged)
    # `verify` names it (tests/batch/test_damage.py); the catalog run below publishes the stories anew.
    is_hidden = kind == "deleted" and "/editions/" in key
    least = 0 if is_hidden else store.listed - 1
    output = _read_it(case, outcome, store, root, least) + _make_it(case, outcome, store, root)
    now = (root / key).read_bytes() if (root / key).exists() else None
    _account(outcome, key, kind, damaged, now, output)
    outcome.faults = [f"{key}, {kind}: {fault}" for fault in outcome.faults]
    return outcome


def _read_it(case: Case, outcome: Outcome, store: Whole, root: Path, least: int) -> str:
    """By a server's readers. least: stories that it lists. Returns its log."""
    server = serve(root, case.folder / "server.log")
    try:
        try:
            read = look(server.address(), sorted(store.views))
        except (RuntimeError, TimeoutError) as error:
            outcome.check("Traceback" not in server.text, f"the server does not start: {str(error)[-200:]}")
            return server.text
    finally:
        server.kill()
    outcome.check("Traceback" not in server.text, f"a traceback: {server.text[-200:]}")
    _compare(outcome, store, read)
    outcome.check(len(read.listed) >= least, f"the list has {len(read.listed)} stories")
    return server.text + json.dumps(read.refused)


def _compare(outcome: Outcome, store: Whole, read: Read) -> None:
    wrong = [path for path, view in read.views.items() if store.views[path] != view]
    wrong += [path for path, digest in read.sounds.items() if store.sounds.get(path, digest) != digest]
    outcome.add("served wrongly", len(wrong))
    outcome.check(not wrong, f"served wrongly: {wrong}")
    broken = {path: status for path, status in read.refused.items() if status >= 500 or not status}
    outcome.check(not broken, f"answered with 5xx, or not at all: {broken}")


def _make_it(case: Case, outcome: Outcome, store: Whole, root: Path) -> str:
    """By the commands. Returns what they said."""
    out, ids = ["--out", str(root)], sorted({path.split("/")[2] for path in store.views})
    lines = [["list", *out], *(["show", story_id, *out] for story_id in ids)]
    lines += [*commands(root, catalog_file(case.folder)), ["verify", "--heal", *out]]
    texts, statuses = [], {}
    for number, arguments in enumerate(lines):
        child = command(arguments, case.folder / f"{number}.log")
        statuses[arguments[0]] = child.wait()
        texts.append(child.text)
        outcome.check("Traceback" not in child.text, f"{arguments[0]}: a traceback: {child.text[-200:]}")
        if arguments[0] == "verify" and child.status == 2:
            outcome.add("no verify command")
            continue
        outcome.check(child.status in _NAMED, f"{arguments[0]}: exit status {child.status}")
    files = stores.published(root)
    if statuses["make"] == statuses["catalog"] == 0:
        wrong = [name for name, digest in store.files.items() if files.get(name, digest) != digest]
        outcome.check(not wrong, f"made again, and still wrong: {wrong}")
    return "".join(texts)


def _account(
    outcome: Outcome, key: str, kind: str, damaged: bytes | None, now: bytes | None, output: str
) -> None:
    """What was damaged is another file now, or somebody named it; what is gone is nobody's lie."""
    is_healed = now != damaged
    is_named = key in output or (key.split("/")[1][:8] in output and "damaged" in output)
    outcome.add("healed", is_healed)
    outcome.add("named", is_named and not is_healed)
    may_pass = any(name in key and only in {"", kind} for name, only in _UNNOTICED)
    if kind != "deleted" and not may_pass:
        outcome.check(is_healed or is_named, "nobody noticed")


def _write(path: Path, data: bytes | None) -> None:
    path.unlink()
    if data is not None:
        path.write_bytes(data)


TRIALS = (Trial("every object of a store", "damages", run, 440, 10_000),)
