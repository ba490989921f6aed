"""Chooses the writer's slot for a call: the one that has read most of what is sent.

llama.cpp reads only what follows the longest beginning that a slot has read already. So that a long system
text with its worked examples is read once on a machine, not once a process, a slot with another system text
is first restored from what an earlier process saved (readings.py). Measured with Qwen 1.5B on two cores:
1,000 tokens are read in 14 s, and restored in 6 ms.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Protocol

Parts = tuple[str, ...]

# Tokens. Shorter prompts are read so fast that 28 kB of disk a token are not worth it.
_WORTH_SAVING = 300


class SlotStates(Protocol):
    """Saved states of slots, by system text."""

    def restore(self, system: str, slot: int) -> bool:
        """Whether the slot has now read `system` and what came with it."""
        ...

    def save(self, system: str, slot: int) -> None:
        """Save what the slot has read, where it is not saved yet."""
        ...


@dataclass
class Slot:
    """read: system text, then each turn, as far as the slot has read them."""

    number: int
    read: Parts = ()
    prompt_tokens: int = 0


@dataclass
class Slots:
    """A lease a call, which waits for a free slot. states: None where nothing is saved. Thread-safe."""

    count: int
    states: SlotStates | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _free: list[Slot] = field(default_factory=list)
    _saved: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._free = [Slot(number) for number in range(self.count)]

    @contextmanager
    def lease(self, sent: Parts) -> Iterator[Slot]:
        """sent: system text, then each turn. The caller sets prompt_tokens after a whole completion."""
        slot = self._take(sent)
        try:
            if self.states and slot.read[:1] != sent[:1]:
                self.states.restore(sent[0], slot.number)
            slot.prompt_tokens = 0
            yield slot
            slot.read = sent
            if self.states and slot.prompt_tokens >= _WORTH_SAVING and sent[0] not in self._saved:
                self._saved.add(sent[0])  # once a process: checking a saved file reads all of it
                self.states.save(sent[0], slot.number)
        except BaseException:
            slot.read = ()  # how much was read is not known
            raise
        finally:
            with self._changed:
                self._free.append(slot)
                self._changed.notify()

    def _take(self, sent: Parts) -> Slot:
        with self._changed:
            self._changed.wait_for(lambda: self._free)
            # Of equals the one that was free longest: the list is in the order of release.
            best = max(self._free, key=lambda slot: shared(slot.read, sent))
            self._free.remove(best)
            return best


def shared(read: Parts, sent: Parts) -> int:
    """How many parts at the beginning are the same."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(read, sent, strict=False))))
