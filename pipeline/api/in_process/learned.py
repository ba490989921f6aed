"""How long stories take on this machine, learned from the last ones."""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from statistics import median

from pipeline.errors import StoriesError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.digest import canonical

# How many of the last stories count.
_KEPT = 8


class Learned:
    """The last figures of each name; for several threads. store: where the next server finds them, None for
    nowhere.
    """

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._figures: dict[str, deque[float]] = {}
        self._lock = threading.Lock()
        if store is not None:
            with suppress(StoriesError, ValueError, TypeError, AttributeError):  # nothing is kept, or damaged
                for name, figures in json.loads(store.get(keys.LEARNED)).items():
                    self._figures[str(name)] = deque(map(_figure, figures), _KEPT)

    def add(self, figures: Mapping[str, float]) -> None:
        with self._lock:
            for name, figure in figures.items():
                self._figures.setdefault(name, deque(maxlen=_KEPT)).append(round(figure, 2))
            kept = canonical({name: list(values) for name, values in self._figures.items()})
        if self._store is not None and figures:
            try:
                self._store.put(keys.LEARNED, kept)
            except StoriesError as error:  # as a full disk: the next server learns anew
                logging.getLogger(__name__).info("what was learned is not kept: %s", error)

    def median(self, name: str) -> float | None:
        """None where nothing is known."""
        with self._lock:
            figures = self._figures.get(name)
            return median(figures) if figures else None


def _figure(value: float) -> float:
    """Raises ValueError: not what add() wrote."""
    if not 0 <= value < 1e6:
        raise ValueError(value)
    return float(value)
