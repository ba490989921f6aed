"""Runs a registry's own client and turns its output into one plain error."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.engines.embedded.sources import Archive, OnBytes
from pipeline.errors import ConfigError, EngineError, StoreError, StoriesError, UnavailableError

_TICK = 0.2  # seconds between two looks at how much has arrived


@dataclass(frozen=True, slots=True)
class Symptom:
    """pattern: a regular expression for a client's output. meaning: the message; {client} is its name."""

    pattern: str
    error: type[StoriesError]
    problem: str
    meaning: str


_DISK_FULL = "the disk is full: free some space and run the same command again"
_MISMATCH = "the download is not the pinned one and was not kept: run the same command again"
_CUT = "the download was cut: run the same command again, finished parts are kept"
_NO_NETWORK = "{client} cannot reach its package index: check the network and {client}'s own settings"
_NO_PACKAGE = "the package index that {client} is set to does not have it: check {client}'s own settings"
_NO_CLIENT = "{client} is not installed beside this Python: run `make setup`"
_BAD_ANSWER = "the package index that {client} is set to answered with an error: try again later"

# The first match counts: pip closes nearly every failure with "No matching distribution".
_PIP = (
    Symptom(r"No space left|File too large|quota exceeded", StoreError, "disk-full", _DISK_FULL),
    Symptom(r"DO NOT MATCH THE HASHES", EngineError, "hash-mismatch", _MISMATCH),
    Symptom(r"No module named '?pip\b", ConfigError, "missing-package", _NO_CLIENT),
    Symptom(
        r"not enough bytes|IncompleteRead|Connection interrupted", UnavailableError, "download-cut", _CUT
    ),
    Symptom(r"HTTP error \d|\d{3} \w+ Error|error responses", UnavailableError, "index-error", _BAD_ANSWER),
    Symptom(
        r"Retrying \(|[Ff]ailed to (connect|resolve)|timed out", UnavailableError, "no-network", _NO_NETWORK
    ),
    Symptom(r"No matching distribution", ConfigError, "no-such-package", _NO_PACKAGE),
)
_NPM = (
    Symptom(r"ENOSPC|EDQUOT|EFBIG", StoreError, "disk-full", _DISK_FULL),
    Symptom(r"EINTEGRITY", EngineError, "hash-mismatch", _MISMATCH),
    Symptom(r"\bE404\b|ETARGET|ENOVERSIONS", ConfigError, "no-such-package", _NO_PACKAGE),
    Symptom(r"\bE5\d\d\b|\bE429\b|\bE40\d\b", UnavailableError, "index-error", _BAD_ANSWER),
    Symptom(
        r"ECONNRESET|Invalid response body|aborted|ERR_STREAM_PREMATURE|ETIMEDOUT.*body",
        UnavailableError,
        "download-cut",
        _CUT,
    ),
    Symptom(
        r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ERR_SOCKET_TIMEOUT|E(NET|HOST)UNREACH",
        UnavailableError,
        "no-network",
        _NO_NETWORK,
    ),
)


@dataclass(frozen=True, slots=True)
class Client:
    """name: for a person. symptoms: of its failures; the first that matches counts."""

    name: str
    symptoms: Sequence[Symptom]

    def run(
        self,
        command: Sequence[str],
        folder: Path,
        env: Mapping[str, str],
        archive: Archive,
        on_bytes: OnBytes,
    ) -> None:
        """Download `archive` by `command` into `folder`; `on_bytes` follows the folder's growth.

        The client's own timeouts and retries bound it: there is no second layer of them here.
        Raises what the client's failure means. The client never outlives this call, Ctrl-C included.
        """
        with subprocess.Popen(  # noqa: S603 - a fixed command with pinned arguments
            command,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # not a file: the disk may be full, which is what it would say
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            try:
                output = _wait(process, lambda: on_bytes(min(archive.size, _bytes_in(folder))))
            finally:
                _kill(process)
        if process.returncode != 0:
            raise self.error(output.decode(errors="replace"), archive.name)

    def error(self, output: str, package: str) -> StoriesError:
        for symptom in self.symptoms:
            if re.search(symptom.pattern, output):
                meaning = symptom.meaning.format(client=self.name)
                return symptom.error(f"{package}: {meaning}", problem=symptom.problem)
        lines = [line for line in output.splitlines() if "error" in line.lower()] or ["it gave no reason"]
        return EngineError(f"{package}: {self.name} failed: {lines[-1].strip()}", problem="fetch-failed")


PIP = Client("pip", _PIP)
NPM = Client("npm", _NPM)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _wait(process: subprocess.Popen[bytes], on_tick: Callable[[], None]) -> bytes:
    """The process's output, when it has ended."""
    while True:
        try:
            return process.communicate(timeout=_TICK)[0]
        except subprocess.TimeoutExpired:
            on_tick()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With its children: npm is a script that starts node."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _bytes_in(folder: Path) -> int:
    """Files may vanish meanwhile: the client moves them about."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += (Path(parent) / name).stat().st_size
    return total
