"""A file of a model hub, by HTTP ranges: a cut, a kill or a full disk costs nothing that came."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.engines.embedded.sources import Moved
from pipeline.engines.embedded.sources.connection import (
    PATIENCE,
    Patience,
    TransientError,
    connection,
    headers_of,
    send,
)
from pipeline.errors import EngineError, UnavailableError

if TYPE_CHECKING:
    import urllib3

_BLOCK = 1 << 20
_AGAIN = "run the same command again, it goes on from there"


@dataclass(frozen=True, slots=True)
class HubFile:
    """url: of an immutable revision, which is why no If-Range is sent. size, sha256: of the file."""

    url: str
    size: int
    sha256: str
    patience: Patience = PATIENCE

    @property
    def scratch(self) -> int:
        return 0

    @property
    def origin(self) -> str:
        return self.url

    def fetch(self, work: Path, moved: Moved) -> Path:
        target = work / "file"
        pool = connection(self.url, self.patience)
        failure = TransientError("")
        for pause in self.patience.pauses:
            time.sleep(pause)
            try:
                self._compare_stated_hash(pool)
                self._go_on(pool, target, moved)
            except TransientError as transient:
                failure = transient
            else:
                return target
        raise self._given_up(target, failure) from failure

    def _compare_stated_hash(self, pool: urllib3.PoolManager) -> None:
        """The hub says a large file's SHA-256 before it sends it: another file costs no gigabyte."""
        stated = headers_of(pool, self.url).get("X-Linked-ETag", "").strip('"')
        if re.fullmatch("[0-9a-f]{64}", stated) and stated != self.sha256:
            raise self._other_file(f"its SHA-256 begins {stated[:8]}, not {self.sha256[:8]}")

    def _go_on(self, pool: urllib3.PoolManager, target: Path, moved: Moved) -> None:
        have = target.stat().st_size if target.exists() else 0
        moved(min(have, self.size))
        if have == self.size:
            return
        if have > self.size:
            target.unlink()
            have = 0
        with send(pool, self.url, have) as answer:
            start, total = answer.span()
            if total not in (None, self.size):
                raise self._other_file(f"it has {total} bytes, not {self.size}")
            if start not in (0, have):
                target.unlink(missing_ok=True)
                raise TransientError("it answered with another range than was asked for")
            with target.open("ab" if start else "wb") as file:
                for block in answer.blocks(_BLOCK):
                    file.write(block)
                    start += len(block)
                    moved(min(start, self.size))
        if start != self.size:
            raise TransientError("the answer ended early")

    def _other_file(self, difference: str) -> EngineError:
        return EngineError(
            f"{self.url} is not the pinned file ({difference}); nothing was kept", problem="hash-mismatch"
        )

    def _given_up(self, target: Path, failure: TransientError) -> UnavailableError:
        have = target.stat().st_size if target.exists() else 0
        if have:
            here = f"{have / 1e6:.0f} of {self.size / 1e6:.0f} MB are here"
            return UnavailableError(
                f"the download was cut ({failure}); {here}: {_AGAIN}", problem="download-cut"
            )
        return UnavailableError(
            f"{self.url} cannot be reached ({failure}): check the network and try again", problem="no-network"
        )
