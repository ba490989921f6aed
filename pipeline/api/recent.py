"""A cache of recent responses: a story that many listen to is read and signed once in a few seconds."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

# Far below the life of the signed URLs in the responses (15 minutes).
_SECONDS = 5.0
_MOST = 256

Key = tuple[str, str]


class Recent:
    """Texts by (story id, locale), kept for `seconds`; beyond `most` the oldest is dropped. Thread-safe."""

    def __init__(
        self, seconds: float = _SECONDS, most: int = _MOST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds, self._most, self._clock = seconds, most, clock
        self._kept: OrderedDict[Key, tuple[float, str]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> str | None:
        until, text = self._kept.get(key, (0.0, ""))
        return text if until > self._clock() else None

    def keep(self, key: Key, text: str) -> None:
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = self._clock() + self._seconds, text
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
