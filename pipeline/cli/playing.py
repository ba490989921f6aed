"""Plays sentences as they are spoken."""

from __future__ import annotations

import threading
from queue import SimpleQueue

from pipeline.cli import player
from pipeline.cli.terminal import TerminalProgress, location, tell
from pipeline.errors import ConfigError
from pipeline.ports import Store
from pipeline.types import Narration


class Playing(TerminalProgress):
    """Plays each sentence in turn, in a thread of its own. Raises ConfigError: no player is here.

    store: where the sentences lie; to be set before the first is spoken.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        if player.find("sentence.wav") is None:
            raise ConfigError(
                f"--play needs a player ({player.NAMES}): install one, or leave --play out",
                problem="no-player",
            )
        self.store = store
        self._has_spoken = False
        self._queue: SimpleQueue[str] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def spoke(self, number: int, narration: Narration) -> None:
        self._has_spoken = True
        self._queue.put(narration.key)

    def end(self, mp3: str) -> None:
        """A story is done: what was there already, so that no sentence was spoken, is played whole."""
        if not self._has_spoken:
            self._queue.put(mp3)
        self._has_spoken = False

    def finish(self) -> None:
        """Returns when all was played."""
        self._queue.put("")
        self._thread.join()

    def _work(self) -> None:
        for key in iter(self._queue.get, ""):
            path = location(self.store, key)
            if command := player.find(path):
                player.play(command, path, quiet=True)
            else:
                tell(f"  not played: no player here for {path}")
