"""What every TextEngine promises. An engine's tests subclass TextContract and give it an engine."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from pipeline.ports import TextEngine
from pipeline.types import Prompt

PROMPT = Prompt(
    name="contract@1",
    system="You tell bedtime stories in short sentences.",
    user="Idea: a shy snail\nTell one sentence.",
    examples=(("Idea: a tired owl\nTell one sentence.", "Olga the owl yawned and slept."),),
    max_tokens=60,
    seed=7,
)
QUESTION = replace(
    PROMPT, user="Is snow white? Answer yes or no.", examples=(), choices=("yes", "no"), temperature=0.0
)


class TextContract(ABC):
    @pytest.fixture
    @abstractmethod
    def engine(self) -> TextEngine: ...

    def test_its_fingerprint_is_provider_model_and_version(self, engine: TextEngine) -> None:
        assert re.fullmatch(r"[\w.-]+(/[\w.-]+)+/\d+", engine.fingerprint)

    def test_the_streamed_pieces_are_the_text(self, engine: TextEngine) -> None:
        pieces: list[str] = []
        completion = engine.complete(PROMPT, pieces.append)
        assert completion.text.strip()
        assert "".join(pieces) == completion.text

    def test_a_completion_has_token_counts_and_a_stop_reason(self, engine: TextEngine) -> None:
        completion = engine.complete(PROMPT)
        assert completion.text
        assert completion.prompt_tokens > 0
        assert completion.completion_tokens > 0
        assert completion.stop_reason in {"end", "length"}
        assert completion.confidence == 1.0

    def test_a_choice_is_one_of_the_choices_with_its_probability(self, engine: TextEngine) -> None:
        completion = engine.complete(QUESTION)
        assert completion.text in QUESTION.choices
        assert 0.0 < completion.confidence <= 1.0

    def test_calls_at_once_each_stream_their_own_text(self, engine: TextEngine) -> None:
        assert engine.parallel >= 1
        pieces: dict[int, list[str]] = {number: [] for number in range(max(2, engine.parallel))}

        def complete(number: int) -> str:
            prompt = replace(PROMPT, seed=number, user=f"{PROMPT.user} ({number})", max_tokens=24)
            return engine.complete(prompt, pieces[number].append).text

        with ThreadPoolExecutor(len(pieces)) as pool:
            texts = list(pool.map(complete, pieces))
        assert all(text.strip() for text in texts)
        assert texts == ["".join(streamed) for streamed in pieces.values()]
