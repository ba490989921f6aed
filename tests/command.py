"""The `stories` command in a folder of its own: in this process, or in another where that is the point."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from pipeline.cli.__main__ import main

ROOT = Path(__file__).parents[1]

# The same command with paced fake engines, so that a test can stop it, or overtake it, in the middle.
# argv[1] is JSON: each engine call prints its name on stderr, in one write, and takes `seconds`; the call
# that `hold` names ("synthesize 4": the fourth) does not return; it ends the process after five minutes. The
# command begins when its stdin ends: two can begin at once.
PACED = """
import json, os, sys, threading, time
from pipeline.cli import serve
from pipeline.cli.__main__ import main
from pipeline.engines import fake

pace, calls, lock = json.loads(sys.argv[1]), [], threading.Lock()

def paced(name, method):
    def call(*arguments, **options):
        with lock:
            calls.append(name)
            number = calls.count(name)
            sys.stderr.write(f"calling {name}\\n")
            sys.stderr.flush()
        if pace["hold"] == f"{name} {number}":
            threading.Event().wait(300)
            os._exit(1)
        time.sleep(pace["seconds"])
        return method(*arguments, **options)
    return call

methods = {fake.FakeText: "complete", fake.FakeTranslation: "translate", fake.FakeSpeech: "synthesize"}
for kind, name in methods.items():
    setattr(kind, name, paced(name, getattr(kind, name)))
serve._GRACE_SECONDS = 1
print("ready", file=sys.stderr, flush=True)
sys.stdin.read()
sys.exit(main(sys.argv[2:]))
"""


@dataclass(frozen=True)
class Done:
    """What a finished command left. status: its exit status."""

    status: int
    out: str
    err: str

    @property
    def manifests(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def complaints(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("stories: ")]

    @property
    def problem(self) -> str:
        """The slug of the only complaint; "" where the command succeeded."""
        assert "Traceback" not in self.err, self.err
        if not self.complaints:
            assert self.status == 0, self.err
            return ""
        (complaint,) = self.complaints
        slug = re.search(r" \[([a-z0-9-]+)\]$", complaint)
        assert slug, complaint
        assert self.status > 2
        return slug[1]


@dataclass(frozen=True)
class Stories:
    """directory: where it runs. out: its store. models: its folder of weights, which a test may create."""

    directory: Path

    @property
    def out(self) -> Path:
        return self.directory / "out"

    @property
    def models(self) -> Path:
        return self.directory / "models"

    def __call__(self, *arguments: str, env: Mapping[str, str] | None = None) -> Done:
        """Runs it in this process, with this environment instead of the usual one."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        environ = mock.patch.dict(os.environ, self.environment() if env is None else env, clear=True)
        with environ, chdir(self.directory), redirect_stdout(out), redirect_stderr(err):
            status = _status(arguments)
        return Done(status, *(stream.buffer.getvalue().decode() for stream in (out, err)))  # type: ignore[attr-defined]

    def process(
        self, *arguments: str | bytes, env: Mapping[str, str] | None = None, before: Sequence[str] = ()
    ) -> Done:
        """Runs it as a process. before: another command, which runs it."""
        command = [*before, sys.executable, "-m", "pipeline.cli", *arguments]
        done = subprocess.run(command, **self.settings(env))
        return Done(done.returncode, done.stdout, done.stderr)

    def paced(
        self, *arguments: str, seconds: float = 0, hold: str = "", count: int = 1
    ) -> list[subprocess.Popen[str]]:
        """`count` processes that run the same command with PACED engines and begin together."""
        command = [sys.executable, "-c", PACED, json.dumps({"seconds": seconds, "hold": hold}), *arguments]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        place: dict[str, Any] = {"cwd": self.directory, "env": self.environment()}
        processes = [subprocess.Popen(command, text=True, **pipes, **place) for _ in range(count)]
        for process in processes:
            assert process.stderr
            assert process.stderr.readline() == "ready\n"
        for process in processes:
            assert process.stdin
            process.stdin.close()
            process.stdin = None  # communicate() would flush it
        return processes

    def settings(self, env: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Of subprocess.run."""
        place = {"cwd": self.directory, "env": self.environment() if env is None else env}
        return {"capture_output": True, "text": True, "check": False, "timeout": 120, **place}

    def environment(self, **changed: str) -> dict[str, str]:
        own = {"PYTHONPATH": str(ROOT), "STORIES_PROFILE": "fake", "STORIES_MODELS": str(self.models)}
        own["STORIES_ENV_FILE"] = ""  # a developer's own .env is no part of a test
        others = {name: value for name, value in os.environ.items() if not name.startswith("STORIES_")}
        return {**others, **own, **changed}

    def files(self) -> list[str]:
        """In its store, without the locks."""
        names = (path.relative_to(self.out).as_posix() for path in self.out.rglob("*") if path.is_file())
        return sorted(name for name in names if not name.startswith("claims/"))


def _status(arguments: Sequence[str]) -> int:
    """The exit status that the interpreter would end with."""
    try:
        return main(arguments)
    except SystemExit as end:  # argparse
        return int(end.code or 0)
    except Exception:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        return 1
