"""What the local writer has read of a long prompt, kept on disk, so that the next process need not read it.

<folder>/<what was read>-<its own SHA-256>.bin: a file whose bytes are not what its name says is deleted and
made again. The newest few are kept. Nothing here is needed: without it, prompts are read anew.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from dataclasses import dataclass
from pathlib import Path

# Eight languages out of English, as many into it, and the story prompt would be 17; a person uses a few.
_MOST_FILES = 12
_TIMEOUT = 30.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Readings:
    """A slots.Shelf over llama.cpp's own server, which saves and restores a slot at its /slots address.

    folder: the server's slot_save_path. model: everything that decides whether what was kept fits.
    """

    folder: Path
    model: str
    address: str
    key: str

    def restore(self, system: str, slot: int) -> bool:
        kept = self._kept(system)
        return kept is not None and self._ask(slot, "restore", kept.name)

    def keep(self, system: str, slot: int) -> None:
        if self._kept(system) is not None:
            return
        fresh = self.folder / f"new-{secrets.token_hex(8)}.bin"
        try:
            if self._ask(slot, "save", fresh.name):
                fresh.rename(self.folder / f"{self._named(system)}-{_digest(fresh)}.bin")
                self._leave_newest()
        except OSError as error:
            _log.warning("what the writer has read is not kept (%s): it will be read again", error)
        finally:
            fresh.unlink(missing_ok=True)

    def _kept(self, system: str) -> Path | None:
        """The whole file for `system`; a damaged one is deleted."""
        for path in sorted(self.folder.glob(f"{self._named(system)}-*.bin")):
            try:
                if path.stem.endswith(_digest(path)):
                    path.touch()
                    return path
                path.unlink()
            except OSError as error:
                _log.warning("%s cannot be used (%s)", path.name, error)
        return None

    def _named(self, system: str) -> str:
        return hashlib.sha256(json.dumps([self.model, system]).encode()).hexdigest()[:16]

    def _leave_newest(self) -> None:
        def age(path: Path) -> float:
            try:
                return path.stat().st_mtime
            except OSError:  # another process was faster
                return 0.0

        for path in sorted(self.folder.glob("*-*.bin"), key=age, reverse=True)[_MOST_FILES:]:
            path.unlink(missing_ok=True)

    def _ask(self, slot: int, action: str, name: str) -> bool:
        import urllib3

        # The server is in this process and listens on loopback: no proxy, and one try.
        with urllib3.PoolManager(retries=False, timeout=_TIMEOUT) as http:
            try:
                answer = http.request(
                    "POST",
                    f"{self.address}/slots/{slot}?action={action}",
                    json={"filename": name},
                    headers={"Authorization": f"Bearer {self.key}"},
                )
            except urllib3.exceptions.HTTPError as error:
                _log.warning("the writer's slot %d cannot %s (%s)", slot, action, error)
                return False
        if answer.status != 200:
            _log.warning("the writer's slot %d cannot %s (%d)", slot, action, answer.status)
        return answer.status == 200


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
