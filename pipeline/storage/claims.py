"""Claims on a lock: claims/<name>/<number>, from 1 without a gap. Read as if a stranger had written them.

Whatever is damaged, or cannot be what locks.py wrote, counts as expired: it holds up nobody.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from pipeline.errors import NotFoundError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.digest import canonical

# Of a process id, on every system (2**31 - 1 has ten).
_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Claim:
    """owner: unique to this claim. process: "machine pid", "" where it cannot be looked up. until: epoch
    seconds.
    """

    number: int
    owner: str
    process: str
    until: float


def last(store: Store, name: str, latest: float) -> Claim | None:
    """The newest claim; None where there is none. latest: epoch seconds; a later end is not believed.

    Other names in the folder, and numbers beyond a gap, are not ours.
    """
    names = set(store.list(keys.claims(name)))
    number = next(before for before in count() if keys.claim(name, before + 1) not in names)
    if not number:
        return None
    try:
        return _load(number, store.get(keys.claim(name, number)), latest)
    except NotFoundError:  # a person deleted it
        return _nobodys(number)


def dump(claim: Claim) -> bytes:
    return canonical({"owner": claim.owner, "process": claim.process, "until": claim.until})


def has_ended(claim: Claim, machine: str) -> bool:
    """Whether its process is of this machine, and is not running. machine: "" where none can be looked up."""
    owner, _, pid = claim.process.rpartition(" ")
    return bool(machine) and owner == machine and not _is_running(pid)


def this_machine() -> str:
    """The running kernel and its process namespace; "" where there is no /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _load(number: int, data: bytes, latest: float) -> Claim:
    try:
        body = json.loads(data)
        owner, process, until = body["owner"], body["process"], body["until"]
        # False for NaN and Infinity, which JSON has in Python.
        is_ours = isinstance(owner, str) and isinstance(process, str) and 0 <= until <= latest
    except (ValueError, TypeError, KeyError, RecursionError):
        return _nobodys(number)
    return Claim(number, owner, process, float(until)) if is_ours else _nobodys(number)


def _nobodys(number: int) -> Claim:
    return Claim(number, "", "", 0)


def _is_running(pid: str) -> bool:
    """False for what is no process id: 0 and -1 mean groups of processes to kill(2)."""
    if not (pid.isascii() and pid.isdigit() and len(pid) <= _DIGITS and int(pid)):
        return False
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
