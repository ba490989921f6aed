"""A real llama.cpp server with SmolLM2, called over its socket as a stranger would: the contract and more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.engines.embedded import openmp
from pipeline.engines.openai.doctor import examine
from pipeline.engines.openai.text import OpenAiText
from pipeline.errors import ConfigError, EngineError
from pipeline.ports import TextEngine
from tests.engines.contracts.text_contract import PROMPT, TextContract

KEY = "a-key-of-the-server"


@pytest.fixture(scope="module")
def url(smollm2: Path) -> Iterator[str]:
    """The server runs in this process, and what it shares with the test is the socket alone."""
    openmp.provide()
    import xllamacpp

    params: Any = xllamacpp.CommonParams()
    params.model.path = str(smollm2)
    params.model_alias = {"smollm2"}
    params.n_parallel, params.n_ctx = 4, 4 * 2048
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 2
    params.warmup = False
    params.verbosity = -1
    params.api_keys = [KEY]
    server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1"
    del server


@pytest.fixture(scope="module")
def writer(url: str) -> OpenAiText:
    return OpenAiText(url, "smollm2", KEY)


class TestOpenAiText(TextContract):
    @pytest.fixture
    def engine(self, writer: OpenAiText) -> TextEngine:
        return writer


def test_a_grammar_is_held_and_the_tokens_are_counted(writer: OpenAiText) -> None:
    completion = writer.complete(replace(PROMPT, grammar='root ::= "Good night."'))
    assert (completion.text, completion.stop_reason) == ("Good night.", "end")
    assert completion.completion_tokens >= 2


def test_a_limit_is_held(writer: OpenAiText) -> None:
    completion = writer.complete(replace(PROMPT, max_tokens=3))
    assert (completion.stop_reason, completion.completion_tokens) == ("length", 3)


def test_a_schema_gives_lines_where_no_grammar_is_taken(url: str) -> None:
    """As at Ollama and LM Studio, whose schemas llama.cpp holds as well."""
    prompt = replace(
        PROMPT,
        examples=(("Idea: an owl", "Title: The Owl\n1. Olga the owl yawned."),),
        grammar='root ::= "Title: " [^"]+',
    )
    engine = OpenAiText(url, "smollm2", KEY)
    engine._terms = replace(engine._terms, given_up=frozenset({"grammar"}))
    title, line = engine.complete(prompt).text.split("\n")
    assert title.startswith("Title: ")
    assert line.startswith("1. ")


def test_a_prompt_that_is_too_long_is_refused_in_plain_words(writer: OpenAiText) -> None:
    with pytest.raises(EngineError, match="larger context") as caught:
        writer.complete(replace(PROMPT, user="a snail and " * 1500))
    assert caught.value.problem == "text-too-long"


def test_a_wrong_key_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="STORIES_WRITER_KEY") as caught:
        OpenAiText(url, "smollm2", "another-key").complete(PROMPT)
    assert caught.value.problem == "bad-credentials"


def test_the_doctor_sees_the_model(url: str) -> None:
    assert examine(url, "smollm2", KEY, plain=False).passed
