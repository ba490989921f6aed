"""A cache of recent responses: a story that many listen to is read and signed once in a few seconds."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

# A response is kept for this share of its signed URLs' life, and for so many seconds at most.
_SHARE, _SECONDS = 0.01, 5.0
_MOST = 256

Key = tuple[str, str]


class Recent:
    """Texts by (story id, locale); beyond `most` the oldest is dropped. Thread-safe.

    life: seconds for which the URLs in the texts are valid.
    """

    def __init__(self, life: float, most: int = _MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._most, self._clock = min(_SECONDS, life * _SHARE), most, clock
        self._kept: OrderedDict[Key, tuple[float, str]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> str | None:
        until, text = self._kept.get(key, (0.0, ""))
        return text if until > self._clock() else None

    def forget(self, story_id: str) -> None:
        """Its editions, since it was deleted."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == story_id]:
                del self._kept[key]

    def keep(self, key: Key, text: str) -> None:
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = self._clock() + self._seconds, text
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
