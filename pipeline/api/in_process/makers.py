"""The servers that make stories of one store: each holds a lock of its own for as long as it lives."""

from __future__ import annotations

import uuid
from contextlib import ExitStack
from dataclasses import replace

from pipeline.storage import keys
from pipeline.storage.claims import Claim
from pipeline.storage.locks import Locks

# Seconds of a claim, which is renewed three times in its life: each is a paid request to a bucket.
_LIFE = 60.0


class Makers:
    """This server among the others. name: in the statuses of what it makes."""

    def __init__(self, locks: Locks) -> None:
        self.name = uuid.uuid4().hex
        self._locks = replace(locks, seconds=_LIFE)
        self._claim = ExitStack()
        self._has_joined = False
        # Claims whose work was taken up, by their makers.
        self._handled: dict[str, Claim] = {}

    def join(self) -> None:
        """Before its first status is written. Not for two threads at once. Raises StoreError."""
        if not self._has_joined:
            self._claim.enter_context(self._locks.held(keys.maker(self.name)))
            self._has_joined = True

    def leave(self) -> None:
        """Others may take up at once what this one leaves."""
        self._claim.close()

    def is_at_work(self, name: str) -> bool:
        return bool(name) and self._locks.is_held(keys.maker(name))

    def ended(self) -> dict[str, Claim]:
        """Claims of others that have ended and were not handled, by their makers.

        A server that was only stopped and goes on has another claim when that ends.
        """
        claims = {name: self._locks.last(keys.maker(name)) for name in self._others()}
        return {
            name: claim
            for name, claim in claims.items()
            if claim and claim != self._handled.get(name) and not self._locks.holds(claim)
        }

    def handle(self, ended: dict[str, Claim]) -> None:
        self._handled.update(ended)

    def _others(self) -> set[str]:
        """Without those that have released their claim, which do not come back."""
        prefix = keys.makers()
        names = {key.removeprefix(prefix).split("/")[0] for key in self._locks.store.list(prefix)}
        return {name for name in names if name != self.name and not self._is_released(name)}

    def _is_released(self, name: str) -> bool:
        handled = self._handled.get(name)
        return handled is not None and handled.until == 0
