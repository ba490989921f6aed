"""What was answered a moment ago: a story that many hear at once is read and signed once in some seconds."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

# Far below the life of the signed addresses inside (15 minutes), and long for a crowd.
_SECONDS = 5.0
_MOST = 256

Key = tuple[str, str]


class Recent:
    """Texts by (story id, locale), for `seconds`; the oldest goes when there are too many. Thread-safe."""

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
