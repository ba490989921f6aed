"""What every TextEngine promises. An engine's tests subclass TextContract and give it an engine."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from pipeline.ports import TextEngine
from pipeline.types import Completion, Prompt

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

    def test_what_was_heard_in_pieces_is_the_text(self, engine: TextEngine) -> None:
        pieces: list[str] = []
        told = engine.complete(PROMPT, pieces.append)
        assert told.text.strip()
        assert "".join(pieces) == told.text

    def test_nobody_has_to_listen(self, engine: TextEngine) -> None:
        assert engine.complete(PROMPT).text

    def test_it_counts_its_tokens_and_says_why_it_stopped(self, engine: TextEngine) -> None:
        told = engine.complete(PROMPT)
        assert told.prompt_tokens > 0
        assert told.completion_tokens > 0
        assert told.stop_reason in {"end", "length"}
        assert told.confidence == 1.0

    def test_a_choice_is_one_of_the_choices_with_its_probability(self, engine: TextEngine) -> None:
        answer = engine.complete(QUESTION)
        assert answer.text in QUESTION.choices
        assert 0.0 < answer.confidence <= 1.0

    def test_as_many_prompts_as_it_likes_at_once_give_as_many_answers(self, engine: TextEngine) -> None:
        prompts = [
            replace(PROMPT, seed=seed, user=f"{PROMPT.user} ({seed})") for seed in range(engine.parallel)
        ]
        with ThreadPoolExecutor(max(1, engine.parallel)) as pool:
            told: list[Completion] = list(pool.map(engine.complete, prompts))
        assert len(told) == engine.parallel >= 1
        assert all(one.text.strip() for one in told)

    def test_at_once_each_listener_hears_its_own_text_alone(self, engine: TextEngine) -> None:
        heard: dict[int, list[str]] = {number: [] for number in range(max(2, engine.parallel))}

        def ask(number: int) -> str:
            return engine.complete(
                replace(PROMPT, user=f"{PROMPT.user} ({number})"), heard[number].append
            ).text

        with ThreadPoolExecutor(len(heard)) as pool:
            told = list(pool.map(ask, heard))
        assert told == ["".join(pieces) for pieces in heard.values()]
