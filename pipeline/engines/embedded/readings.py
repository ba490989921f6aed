"""The local writer's state after reading a long prompt, kept on disk for the next process.

<folder>/<hash of the prompt>-<SHA-256 of the file>.bin: a file with another hash is deleted and saved again.
The newest few are kept. Every failure is only logged: without these files, prompts are read anew.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from dataclasses import dataclass
from pathlib import Path

from pipeline.engines.embedded.sources.client import sha256_of

# Eight languages out of English, as many into it, and the story prompt would be 17; a person uses a few.
_MOST_FILES = 12
_TIMEOUT = 30.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Readings:
    """A slots.SlotStates over llama.cpp's server, which saves and restores a slot at its /slots endpoint.

    folder: the server's slot_save_path. model: everything that decides whether a saved state fits.
    """

    folder: Path
    model: str
    address: str
    key: str

    def restore(self, system: str, slot: int) -> bool:
        path = self._saved(system)
        return path is not None and self._request(slot, "restore", path.name)

    def save(self, system: str, slot: int) -> None:
        if self._saved(system) is not None:
            return
        fresh = self.folder / f"new-{secrets.token_hex(8)}.bin"
        try:
            if self._request(slot, "save", fresh.name):
                fresh.rename(self.folder / f"{self._name(system)}-{sha256_of(fresh)}.bin")
                self._delete_oldest()
        except OSError as error:
            _log.warning("the state of the writer is not kept (%s): its prompt will be read again", error)
        finally:
            fresh.unlink(missing_ok=True)

    def _saved(self, system: str) -> Path | None:
        """The whole file for `system`; a damaged one is deleted."""
        for path in sorted(self.folder.glob(f"{self._name(system)}-*.bin")):
            try:
                if path.stem.endswith(sha256_of(path)):
                    path.touch()
                    return path
                path.unlink()
            except OSError as error:
                _log.warning("%s cannot be used (%s)", path.name, error)
        return None

    def _name(self, system: str) -> str:
        return hashlib.sha256(json.dumps([self.model, system]).encode()).hexdigest()[:16]

    def _delete_oldest(self) -> None:
        def modified(path: Path) -> float:
            try:
                return path.stat().st_mtime
            except OSError:  # deleted by another process
                return 0.0

        for path in sorted(self.folder.glob("*-*.bin"), key=modified, reverse=True)[_MOST_FILES:]:
            path.unlink(missing_ok=True)

    def _request(self, slot: int, action: str, name: str) -> bool:
        import urllib3

        # The server is in this process and listens on loopback: no proxy, and one try.
        with urllib3.PoolManager(retries=False, timeout=_TIMEOUT) as http:
            try:
                response = http.request(
                    "POST",
                    f"{self.address}/slots/{slot}?action={action}",
                    json={"filename": name},
                    headers={"Authorization": f"Bearer {self.key}"},
                )
            except urllib3.exceptions.HTTPError as error:
                _log.warning("the writer's slot %d cannot %s (%s)", slot, action, error)
                return False
        if response.status != 200:
            _log.warning("the writer's slot %d cannot %s (%d)", slot, action, response.status)
        return response.status == 200
