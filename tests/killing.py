"""Kills a run with SIGKILL at its boundaries, runs the same command again, and compares.

A program of its own (`python -m tests.killing DIRECTORY IDEA VARIANT FIRST STEP`; `0 1` for every
boundary): it forks, which a test process full of threads should not. A boundary is the moment
before or after an engine call, and before, in the middle of (data on disk, not yet under its name) or
after a write of the store. Prints JSON: {"boundaries": …, "kills": …, "faults": […]}; a run without
faults lists none.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import FakeSpeech, FakeText, FakeTranslation
from pipeline.errors import NotFoundError
from pipeline.ports import OnText, ignore
from pipeline.steps.accept import accept
from pipeline.steps.run import run
from pipeline.storage import keys
from pipeline.storage.ledger import payment
from pipeline.storage.records import load_manifest
from pipeline.types import Completion, Narration, Prompt, Voice
from tests.making import Listener, fake_app

LOCALES = ("en", "fr")


@dataclass
class Fuse:
    """Counts boundaries and kills its process at number `due`."""

    due: int | None = None
    passed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def burn(self) -> None:
        with self.lock:
            if self.passed == self.due:
                os.kill(os.getpid(), signal.SIGKILL)
            self.passed += 1


@dataclass
class Log:
    """A line for each engine call that was begun; read after the writing process was killed."""

    path: Path
    fuse: Fuse

    @contextmanager
    def call(self, *what: Any) -> Iterator[None]:
        self.fuse.burn()
        with self.path.open("a") as file:
            file.write(hashlib.sha256(repr(what).encode()).hexdigest() + "\n")
        yield
        self.fuse.burn()

    def lines(self) -> list[str]:
        return self.path.read_text().split() if self.path.exists() else []


@dataclass
class MortalText(FakeText):
    log: Log

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        with self.log.call("complete", prompt):
            return super().complete(prompt, on_text)


@dataclass
class MortalTranslation(FakeTranslation):
    log: Log

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        with self.log.call("translate", tuple(texts), source, target):
            return super().translate(texts, source, target, on_text)


@dataclass
class MortalSpeech(FakeSpeech):
    log: Log

    def synthesize(self, text: str, voice: Voice) -> Narration:
        with self.log.call("speak", text, voice):
            return super().synthesize(text, voice)


class MortalStore(FileStore):
    def __init__(self, root: Path, fuse: Fuse) -> None:
        super().__init__(root)
        self._fuse = fuse

    @contextmanager
    def _written(self, key: str, data: bytes) -> Iterator[Path]:
        self._fuse.burn()
        with super()._written(key, data) as temporary:
            self._fuse.burn()
            yield temporary
        self._fuse.burn()


@dataclass
class Trial:
    """One idea and variant: an undisturbed run to compare with, then killed and resumed runs."""

    directory: Path
    idea: str
    variant: int
    faults: list[str] = field(default_factory=list)

    def command(self, root: Path, log: Log) -> None:
        store = MortalStore(root, log.fuse)
        app = fake_app(store, MortalText(log), MortalTranslation(log), MortalSpeech(log))
        story_id = accept(app, self.idea, self.variant)
        for locale in LOCALES:
            run(app, story_id, locale, Listener())

    def undisturbed(self) -> int:
        self.root = self.directory / "undisturbed"
        log = Log(self.directory / "undisturbed.log", Fuse())
        self.command(self.root, log)
        self.calls = log.lines()
        self.files = published(self.root)
        self.story_id = next(key.split("/")[1] for key in self.files if key.startswith("stories/"))
        return log.fuse.passed

    def kill(self, at: int) -> None:
        root = self.directory / f"killed-{at}"
        died = Log(self.directory / f"{at}-died.log", Fuse(at))
        if os.waitstatus_to_exitcode(run_apart(lambda: self.command(root, died))) != -signal.SIGKILL:
            self.faults.append(f"{at}: was not killed")
        self.look(at, root)
        cached = {key for key in everything(root) if key.startswith("cache/")}
        resumed = Log(self.directory / f"{at}-resumed.log", Fuse())
        if run_apart(lambda: self.command(root, resumed)):
            self.faults.append(f"{at}: the same command did not finish")
        self.compare(at, root, died.lines(), resumed.lines(), len(cached))

    def look(self, at: int, root: Path) -> None:
        """After the kill: no temporary file, no partial file, no manifest before what it names."""
        store = FileStore(root)
        for key in store.list(""):
            if ".tmp" in key:
                self.faults.append(f"{at}: a reader sees {key}")
            if key.startswith("stories/") and store.get(key) != self.files.get(key):
                self.faults.append(f"{at}: {key} is not what the undisturbed run wrote")
            if key.startswith("cache/"):
                payment(key, store.get(key))
        for locale in LOCALES:
            try:
                key = keys.manifest(self.story_id, locale)
                manifest = load_manifest(store.get(key), key)
                for needed in (manifest.mp3, *(segment.audio for segment in manifest.segments)):
                    store.get(needed)
            except NotFoundError as error:
                if "manifest.json" not in str(error):
                    self.faults.append(f"{at}: a manifest before what it names: {error}")

    def compare(self, at: int, root: Path, died: list[str], resumed: list[str], cached: int) -> None:
        if published(root) != self.files:
            self.faults.append(f"{at}: another output than undisturbed")
        if everything(root) != everything(self.root):
            self.faults.append(f"{at}: other files than undisturbed")
        # The calls in which it died may be made again: a translation, and beside it the sentence that is
        # spoken ahead. What was kept may not.
        lost = len(died) - cached
        if not 0 <= lost <= 2 or len(resumed) != len(self.calls) - cached:
            self.faults.append(f"{at}: {len(died)} calls, {cached} kept, then {len(resumed)}")
        if set(died + resumed) != set(self.calls) or len(set(died) & set(resumed)) != lost:
            self.faults.append(f"{at}: a finished call was repeated, or one was left out")


def run_apart(work: Any) -> int:
    """In a process of its own; its wait status."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


def everything(root: Path) -> list[str]:
    """All keys except claims, which name their owner."""
    return [key for key in FileStore(root).list("") if not key.startswith("claims/")]


def published(root: Path) -> dict[str, bytes]:
    """All but the cache, whose entries hold how long each call took."""
    store = FileStore(root)
    return {key: store.get(key) for key in everything(root) if not key.startswith("cache/")}


def main(directory: str, idea: str, variant: str, first: str, step: str) -> None:
    trial = Trial(Path(directory), idea, int(variant))
    boundaries = trial.undisturbed()
    deaths = range(int(first), boundaries, int(step))
    for at in deaths:
        trial.kill(at)
    result = {"boundaries": boundaries, "kills": len(deaths), "faults": trial.faults}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
