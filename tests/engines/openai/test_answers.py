"""Whatever a server sends: an answer or one of our errors."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.openai.answers import Answer
from pipeline.engines.openai.errors import Server
from pipeline.errors import StoriesError
from pipeline.ports import ignore
from tests.engines.openai.recorded import SERVERS, Recorded

SERVER = Server("the model server at 127.0.0.1", "mine", "sk-0123456789")
NAMES = st.sampled_from(
    "choices delta message content reasoning logprobs top_logprobs token logprob finish_reason usage "
    "prompt_tokens error code message type object refusal text detail".split()
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
CHOICES = st.fixed_dictionaries(
    {"choices": st.lists(st.dictionaries(NAMES, VALUES, max_size=5), max_size=2)}, optional={"usage": VALUES}
)


def read(parts: list[bytes], in_json: bool = False) -> Answer:
    answer = Answer(("yes", "no"), in_json, opens=False, on_text=ignore)
    answer.read(parts, SERVER)
    return answer


@given(value=VALUES | CHOICES, in_json=st.booleans())
def test_any_json_is_an_answer_or_an_error_of_ours(value: Any, in_json: bool) -> None:
    text = json.dumps(value)
    for parts in ([f"data: {text}\n\n".encode(), b"data: [DONE]\n\n"], [text.encode()]):
        with suppress(StoriesError):
            answer = read(parts, in_json)
            answer.text.encode()
            assert answer.prompt_tokens >= 0
            assert 0.0 <= answer.odds.best()[1] <= 1.0


@pytest.mark.parametrize("recorded", SERVERS.values(), ids=list(SERVERS))
@pytest.mark.parametrize("size", [1, 7, 4096])
def test_an_answer_is_the_same_however_its_bytes_are_cut(recorded: Recorded, size: int) -> None:
    data = b": ping\r\n\r\n" + b"".join(recorded.story)
    answer = read([data[start : start + size] for start in range(0, len(data), size)])
    assert (answer.text, answer.stop) == ("Olga the owl yawned.", "stop")
