"""Which of the writer's slots serves a call: the one that has read most of what is sent.

llama.cpp reads only what follows the longest beginning that a slot has read already. So that a long system
text with its worked examples is read once on a machine, not once a process, a slot whose system text is
another is first given what was kept of it (readings.py). Measured with Qwen 1.5B on two cores: 1,000 tokens
are read in 14 s, and restored in 6 ms.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

Parts = tuple[str, ...]

# Shorter prompts are read faster than it is worth to keep 28 kB a token of them.
_WORTH_KEEPING = 300


class Shelf(Protocol):
    """Where what a slot has read is kept between processes."""

    def restore(self, system: str, slot: int) -> bool:
        """Whether the slot has now read `system` and what came with it."""
        ...

    def keep(self, system: str, slot: int) -> None:
        """Keep what the slot has read, where it is not kept yet."""
        ...


class NoShelf:
    """Nothing is kept."""

    def restore(self, system: str, slot: int) -> bool:
        return False

    def keep(self, system: str, slot: int) -> None: ...


@dataclass
class Slot:
    """read: system text, then each turn, as far as the slot has read them."""

    number: int
    read: Parts = ()
    prompt_tokens: int = 0


@dataclass
class Slots:
    """A lease a call; who finds none free waits for one. Thread-safe."""

    count: int
    shelf: Shelf = field(default_factory=NoShelf)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _free: list[Slot] = field(default_factory=list)
    _kept: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._free = [Slot(number) for number in range(self.count)]

    @contextmanager
    def lease(self, sent: Parts) -> Iterator[Slot]:
        """sent: system text, then each turn. The caller sets prompt_tokens when the answer is whole."""
        slot = self._take(sent)
        try:
            if slot.read[:1] != sent[:1]:
                self.shelf.restore(sent[0], slot.number)
            slot.prompt_tokens = 0
            yield slot
            slot.read = sent
            if slot.prompt_tokens >= _WORTH_KEEPING and sent[0] not in self._kept:
                self._kept.add(sent[0])  # once a process: looking whether it is kept reads a whole file
                self.shelf.keep(sent[0], slot.number)
        except BaseException:
            slot.read = ()  # how far it came is not known
            raise
        finally:
            with self._changed:
                self._free.append(slot)
                self._changed.notify()

    def _take(self, sent: Parts) -> Slot:
        with self._changed:
            self._changed.wait_for(lambda: self._free)
            # Of equals the one that was free longest: the list is in the order in which they came back.
            best = max(self._free, key=lambda slot: shared(slot.read, sent))
            self._free.remove(best)
            return best


def shared(one: Parts, other: Parts) -> int:
    """How many parts at the beginning are the same."""
    at = 0
    while at < min(len(one), len(other)) and one[at] == other[at]:
        at += 1
    return at
