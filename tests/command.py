"""The `stories` command as a person runs it: a process of its own, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

# The same command with fakes that take their time, so that a test can stop it, or overtake it, in the middle.
# Each call of a fake engine says its name on stderr and then waits. It begins when its stdin ends, so that
# two can begin at once.
SLOW = """
import sys, time
from pipeline.engines import fake

def slowed(name, method):
    def call(self, *told, **more):
        print("calling", name, file=sys.stderr, flush=True)
        time.sleep(float(sys.argv[1]))
        return method(self, *told, **more)
    return call

methods = {fake.FakeText: "complete", fake.FakeTranslation: "translate", fake.FakeSpeech: "synthesize"}
for kind, name in methods.items():
    setattr(kind, name, slowed(name, getattr(kind, name)))
from pipeline.cli.__main__ import main
print("ready", file=sys.stderr, flush=True)
sys.stdin.read()
sys.exit(main(sys.argv[2:]))
"""


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str

    @property
    def manifests(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def complaints(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("stories: ")]


@dataclass(frozen=True)
class Stories:
    """directory: where it runs; out: its store; models: where it looks for weights, at first nowhere."""

    directory: Path

    @property
    def out(self) -> Path:
        return self.directory / "out"

    @property
    def models(self) -> Path:
        return self.directory / "models"

    def __call__(self, *arguments: str, **more: Any) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", *arguments], **{**self.settings(), "text": True, **more}
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def slowly(self, seconds: float, *arguments: str, how_many: int = 1) -> list[subprocess.Popen[str]]:
        """Processes that run the same command and began together. seconds: what each engine call takes."""
        command = [sys.executable, "-c", SLOW, str(seconds), *arguments]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        running = [subprocess.Popen(command, text=True, **pipes, **self._place()) for _ in range(how_many)]
        for one in running:
            assert one.stderr
            assert one.stderr.readline() == "ready\n"
        for one in running:
            assert one.stdin
            one.stdin.close()
            one.stdin = None  # communicate() would flush it
        return running

    def settings(self) -> dict[str, Any]:
        return {"capture_output": True, "check": False, "timeout": 120, **self._place()}

    def _place(self) -> dict[str, Any]:
        return {"cwd": self.directory, "env": self.environment()}

    def environment(self, **changed: str) -> dict[str, str]:
        mine = {"PYTHONPATH": str(ROOT), "STORIES_PROFILE": "fake", "STORIES_MODELS": str(self.models)}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("STORIES_")}
        return {**kept, **mine, **changed}

    def files(self) -> list[str]:
        """But for the claims, which only say who made it."""
        found = (path.relative_to(self.out).as_posix() for path in self.out.rglob("*") if path.is_file())
        return sorted(name for name in found if not name.startswith("claims/"))
