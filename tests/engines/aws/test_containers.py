from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.aws.containers import Chat, Container, Piece, TextGeneration
from pipeline.engines.aws.prompt_formats import format_of
from pipeline.errors import EngineError, StoriesError, ThrottledError, UnavailableError
from pipeline.types import Prompt

TURNS = ("test@1", "You tell stories.", "a snail", (("an owl", "It slept."),))
PROMPT = Prompt(*TURNS, max_tokens=300, temperature=0.4, top_p=0.95, seed=7, grammar='root ::= "x"')
FALCON = TextGeneration(format_of("huggingface-llm-falcon-7b-instruct-bf16"))
CHAT = Chat()
BOTH = pytest.mark.parametrize("container", [FALCON, CHAT], ids=["text-generation", "chat"])


def test_text_generation_receives_inputs_and_parameters() -> None:
    assert FALCON.body(PROMPT, streamed=False) == {
        "inputs": "You tell stories.\n\nUser: an owl\n\nAssistant: It slept.\n\nUser: a snail\n\nAssistant:",
        "parameters": {
            "max_new_tokens": 300,
            "do_sample": True,
            "temperature": 0.4,
            "top_p": 0.95,
            "seed": 7,
            "stop": ["\nUser:", "<|endoftext|>"],
            "stop_sequences": ["\nUser:", "<|endoftext|>"],
            "return_full_text": False,
            "details": True,
        },
    }
    assert FALCON.body(PROMPT, streamed=True)["stream"] is True


def test_chat_receives_messages() -> None:
    assert CHAT.body(PROMPT, streamed=True) == {
        "messages": [
            {"role": "system", "content": "You tell stories."},
            {"role": "user", "content": "an owl"},
            {"role": "assistant", "content": "It slept."},
            {"role": "user", "content": "a snail"},
        ],
        "max_tokens": 300,
        "temperature": 0.4,
        "top_p": 0.95,
        "seed": 7,
        "stream": True,
    }


def sent(**change: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters of text generation, and the body of chat, for a changed prompt."""
    prompt = replace(PROMPT, **change)
    return FALCON.body(prompt, streamed=False)["parameters"], CHAT.body(prompt, streamed=False)


@pytest.mark.parametrize("temperature", [0.0, -1.0])
def test_a_temperature_of_zero_is_greedy(temperature: float) -> None:
    """TGI refuses a temperature that is not above 0."""
    parameters, chat = sent(temperature=temperature)
    assert parameters["do_sample"] is False
    assert not {"temperature", "top_p"} & set(parameters)
    assert chat["temperature"] == 0


@pytest.mark.parametrize("top_p", [0.0, 1.0])
def test_a_top_p_that_tgi_refuses_is_not_sent(top_p: float) -> None:
    """It wants 0 < top_p < 1."""
    assert ["top_p" in each for each in sent(top_p=top_p)] == [False, False]


def test_a_choice_takes_a_few_tokens_and_no_sampling() -> None:
    parameters, chat = sent(choices=("yes", "no"))
    assert parameters["do_sample"] is False
    assert 1 <= parameters["max_new_tokens"] <= 10
    assert 1 <= chat["max_tokens"] <= 10
    assert sent(choices=("yes", "no"), max_tokens=1)[0]["max_new_tokens"] > 1


LENGTH = (
    '[{"generated_text": "Once.", "details": {"finish_reason": "length", "generated_tokens": 3, "seed": 7, '
    '"prefill": [{"id": 1, "text": "a"}, {"id": 2, "text": "b"}], "tokens": []}}]'
)
TOKEN = (
    '{"index": 1, "token": {"id": 8, "text": " Once", "logprob": -0.1, "special": false}, '
    '"generated_text": null, "details": null}'
)
LAST = (
    '{"token": {"id": 11, "text": "<|endoftext|>", "special": true}, "generated_text": "Once.", '
    '"details": {"finish_reason": "eos_token", "generated_tokens": 3, "seed": null, "input_length": 21}}'
)
MESSAGE = (
    '{"choices": [{"message": {"role": "assistant", "content": "Once."}, "finish_reason": "stop"}], '
    '"usage": {"prompt_tokens": 33, "completion_tokens": 3, "total_tokens": 36}}'
)
DELTA = '{"choices": [{"delta": {"role": "assistant", "content": " Once"}, "finish_reason": null}]}'


@pytest.mark.parametrize(
    ("container", "line", "piece"),
    [
        # Text Generation Inference, buffered, with and without details; and LMI, an object.
        (FALCON, '[{"generated_text": "Once."}]', Piece(whole="Once.", final=True)),
        (FALCON, '{"generated_text": "Once."}', Piece(whole="Once.", final=True)),
        (FALCON, LENGTH, Piece("", 0, "Once.", "length", 2, 3, final=True)),
        # Streamed: a token, the last one, and LMI's without "generated_text".
        (FALCON, TOKEN, Piece(" Once", tokens=1)),
        (FALCON, LAST, Piece("", 1, "Once.", "eos_token", 21, 3, final=True)),
        (FALCON, '{"token": {"id": 304, "text": "Deep ", "log_prob": -0.05}}', Piece("Deep ", tokens=1)),
        (CHAT, MESSAGE, Piece("", 0, "Once.", "stop", 33, 3, final=True)),
        (CHAT, DELTA, Piece(" Once", tokens=1)),
        (CHAT, '{"choices": [{"delta": {}, "finish_reason": "length"}]}', Piece(stop="length", final=True)),
        (CHAT, '{"choices": [{"delta": {"content": null}, "finish_reason": null}]}', Piece()),
        (CHAT, '{"choices": [], "usage": {"prompt_tokens": 33}}', Piece(prompt_tokens=33)),
    ],
)
def test_an_object_of_a_reply_becomes_a_piece(container: Container, line: str, piece: Piece) -> None:
    assert container.piece(json.loads(line)) == piece


@BOTH
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"error": "Model is overloaded", "error_type": "overloaded"}, ThrottledError),
        ({"error": "Request failed during generation", "error_type": "generation"}, UnavailableError),
        ({"error": "Input validation error", "error_type": "validation"}, EngineError),
        ({"error": "<error details>", "code": 424}, EngineError),
        ({"code": 424, "message": "invoke handler failure"}, EngineError),
        ({"error": {"message": "slow down", "type": "rate_limit_error", "code": 429}}, ThrottledError),
        ({"object": "error", "message": "no", "type": "BadRequestError", "code": 400}, EngineError),
    ],
)
def test_an_error_in_the_answer_is_an_error(
    container: Container, value: Any, kind: type[StoriesError]
) -> None:
    with pytest.raises(EngineError, match=r"answered with an error: .") as raised:
        container.piece(value)
    assert type(raised.value) is kind


def test_a_failure_half_way_is_an_error() -> None:
    """LMI's last line of a stream that failed (djl-serving, "Error Responses")."""
    line = {
        "token": {"id": -1, "text": "", "log_prob": -1, "special_token": True},
        "generated_text": "",
        "details": {"finish_reason": "error", "generated_tokens": None, "inputs": None},
    }
    with pytest.raises(UnavailableError):
        FALCON.piece(line)
    with pytest.raises(UnavailableError):
        CHAT.piece({"choices": [{"delta": {}, "finish_reason": "error"}]})


@BOTH
@pytest.mark.parametrize("value", [None, 7, [], {}, {"outputs": ["This"]}, [["Once."]]])
def test_another_form_is_an_error_that_names_the_setting(container: Container, value: Any) -> None:
    with pytest.raises(EngineError, match="check STORIES_CONTAINER"):
        container.piece(value)


@BOTH
def test_half_of_a_surrogate_pair_is_replaced(container: Container) -> None:
    value = {"token": {"text": "a\ud83d"}, "choices": [{"delta": {"content": "a\ud83d"}}]}
    assert container.piece(value).text == "a\ufffd"


FIELDS = (
    "token text generated_text details finish_reason generated_tokens choices delta content message usage "
    "error error_type prefill"
).split()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3),
    max_leaves=12,
)


@BOTH
@given(value=JSON)
def test_any_json_is_a_piece_or_an_error_of_ours(container: Container, value: Any) -> None:
    try:
        piece = container.piece(value)
    except EngineError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either will do, and no other exception
        return
    assert isinstance(piece.text, str)
    assert isinstance(piece.whole, str)
    assert piece.prompt_tokens >= 0
    assert piece.completion_tokens >= 0
