"""A prompt with a child's name leaves no state of the writer on disk."""

from __future__ import annotations

import queue
from pathlib import Path

import pytest

from pipeline.engines.embedded import llama
from pipeline.engines.embedded.llama import LlamaText
from pipeline.engines.fake import MemoryStore
from pipeline.storage.cache import CachedText
from pipeline.types import Completion, Prompt
from tests.engines.embedded.test_slots import RecordedStates

LONG = Completion("Once.", 500, 2, "end")


class Stream:
    """A StreamedCompletion of a model that answers at once."""

    def __init__(self, _: object) -> None:
        self.pieces: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def request(self, _: object, __: str) -> None:
        self.pieces.put(None)

    def completion(self, _: str) -> Completion:
        return LONG


@pytest.mark.parametrize(("is_private", "saved"), [(False, ["story"]), (True, [])])
def test_a_private_prompt_is_not_saved(
    monkeypatch: pytest.MonkeyPatch, is_private: bool, saved: list[str]
) -> None:
    monkeypatch.setattr(llama, "StreamedCompletion", Stream)
    engine, states = LlamaText("a", lambda: Path("a.gguf")), RecordedStates()
    engine._server, engine._slots.states = object(), states
    text = CachedText(engine, MemoryStore())
    moved = text.at(MemoryStore()) if is_private else text
    assert moved.complete(Prompt("story@1", "story", "Hero: Siobhan")) == LONG
    assert moved.fingerprint == text.fingerprint
    assert states.saved == saved
