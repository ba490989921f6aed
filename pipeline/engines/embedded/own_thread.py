"""A thread for native objects that may only be created, used and dropped on one and the same thread."""

from __future__ import annotations

import copy
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar, cast

from pipeline.errors import EngineError, StoriesError

Kept = dict[str, Any]
Result = TypeVar("Result")
_Calls = SimpleQueue[tuple[Callable[[Kept], Any], Future[Any]] | None]

_LONGEST_END = 5.0  # seconds that an ending process waits for the call in progress


class OwnThread:
    """Runs calls one after another on a thread of its own, from any thread. It starts with the first call.

    Each call is given the thread's own dictionary; what stands in it never leaves the thread, and is dropped
    there when this object is gone or the process ends. A result must not refer to it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: _Calls = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def call(self, function: Callable[[Kept], Result]) -> Result:
        """Raises StoriesError as `function` raised it; EngineError for any other failure."""
        self._start()
        answer: Future[Any] = Future()
        self._calls.put((function, answer))
        return cast(Result, answer.result())

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # a fork leaves it behind
                # Not to be waited for by the interpreter, which would do so before the finalizer ends it.
                self._thread = threading.Thread(
                    target=_serve, args=(self._calls, self._name), name=self._name, daemon=True
                )
                self._thread.start()
                weakref.finalize(self, _end, self._calls, self._thread)


def _end(calls: _Calls, thread: threading.Thread) -> None:
    calls.put(None)
    if thread is not threading.current_thread():
        thread.join(_LONGEST_END)


def _serve(calls: _Calls, name: str) -> None:
    kept: Kept = {}
    while (call := calls.get()) is not None:
        _answer(call[0], call[1], kept, name)
        del call


def _answer(function: Callable[[Kept], Any], answer: Future[Any], kept: Kept, name: str) -> None:
    """An error is handed over as a copy: a traceback and a cause hold frames, and these what is kept."""
    try:
        answer.set_result(function(kept))
    except StoriesError as error:
        answer.set_exception(copy.copy(error))
    except BaseException as error:  # noqa: BLE001 - a panic of a Rust library is no Exception
        answer.set_exception(EngineError(f"{name} gave no answer: {error}", engine=name))
