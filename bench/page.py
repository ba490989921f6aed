"""The page as Lighthouse sees it, from `stories serve` with a story of the draft profile; and its weight."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.figures import Finding, Result, Target, single, spread
from bench.processes import ROOT

_FRONTEND = ROOT / "frontend"
_LIGHTHOUSE = Path(__file__).parent / "lighthouse"
BIN = Path(sys.executable).parent
# Node and npm are a wheel of the environment.
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
_IDEA = {"context": "a shy snail", "locale": "en", "variant": 7}
_READY_SECONDS = 60
_STORY_SECONDS = 290
_SCORES = ("performance", "accessibility", "best-practices")
_GOOD = Target(95, at_least=True)
_TIMES = {
    "first-contentful-paint": "first contentful paint",
    "largest-contentful-paint": "largest contentful paint",
}
# The issue's, of all JavaScript together, compressed as a host compresses it.
_KILOBYTES = {"js": Target(90), "css": None}


def measure(quick: bool) -> Result:
    build()
    _install(_LIGHTHOUSE)
    with served("draft") as base:
        views = {"home": f"{base}/", "story": f"{base}/#/story/{_finished_story(base)}"}
        output = _run("node", str(_LIGHTHOUSE / "measure.mjs"), "3" if quick else "11", *views.values())
    all_runs = [json.loads(line) for line in output.splitlines()]
    runs = {view: [run for run in all_runs if run["address"] == address] for view, address in views.items()}
    findings = [line for view, own in runs.items() for line in lines(view, own)]
    weights = [weight(kind, (_FRONTEND / "dist" / "assets").glob(f"*.{kind}")) for kind in _KILOBYTES]
    return Result([*findings, *weights], {"runs": runs})


def build() -> None:
    """The page, as `stories serve` sends it."""
    _install(_FRONTEND)
    _run("npm", "--prefix", str(_FRONTEND), "--loglevel=error", "run", "build")


def lines(view: str, runs: list[dict[str, Any]]) -> Iterator[Finding]:
    """A view's scores (of 100) and times (s); a note says where scores are lost, and in how many runs."""
    for name in _SCORES:
        figures = spread(run["scores"][name] for run in runs)
        note = _lost(runs) if name == _SCORES[0] else ""
        yield Finding("page", f"{view}, {name.replace('-', ' ')}", figures, "", _GOOD, note)
    for name, what in _TIMES.items():
        times = spread(run["milliseconds"][name] / 1000 for run in runs)
        yield Finding("page", f"{view}, {what}", times, "s")


def weight(kind: str, files: Iterable[Path]) -> Finding:
    """Of all files together, whichever a view loads. Raises ValueError if there are none."""
    sizes = [len(gzip.compress(file.read_bytes())) for file in files]
    if not sizes:
        raise ValueError(f"the built page has no {kind}")
    return Finding("page", f"all {kind}, gzip", single(sum(sizes) / 1000), "kB", _KILOBYTES[kind])


def _lost(runs: list[dict[str, Any]]) -> str:
    counted = Counter(name for run in runs for name in run["lost"])
    audits = ", ".join(f"{name} in {count}" for name, count in counted.items())
    return audits and f"audits below 0.9, of {len(runs)} runs: {audits}"


def _install(folder: Path) -> None:
    """Installs the lock's packages unless they are installed."""
    lock, installed = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        _run("npm", "--prefix", str(folder), "--loglevel=error", "ci", "--no-audit", "--no-fund")
        installed.touch()


def _run(program: str, *words: str) -> str:
    """The program's stdout. Raises CalledProcessError."""
    command = [str(BIN / program), *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT, cwd=ROOT, check=True)
    return done.stdout


@contextmanager
def served(profile: str) -> Iterator[str]:
    """The address of a server with an empty store. It looks for the built page in its working directory."""
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as out:
        log = Path(out) / "log"
        command = [sys.executable, "-m", "pipeline.cli", "serve", "--profile", profile, "--port", "0"]
        with log.open("w") as errors:
            process = subprocess.Popen([*command, "--out", f"{out}/stories"], cwd=ROOT, stderr=errors)
        try:
            yield _address(process, log)
        finally:
            process.terminate()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if match := re.search(r"^Stories at (\S+) ", log.read_text(), re.MULTILINE):
            return match[1]
        time.sleep(0.1)
    raise RuntimeError(f"the server did not come up: {log.read_text()}")


def _finished_story(base: str) -> str:
    """A story's id and locale, as the page's address has them. Raises RuntimeError if late."""
    request = urllib.request.Request(base, json.dumps(_IDEA).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=_STORY_SECONDS) as response:
        story = json.load(response)
    if response.status != 200:
        raise RuntimeError(f"the story is not ready after {_STORY_SECONDS} s")
    return f"{story['id']}/{story['locale']}"
