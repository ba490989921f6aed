"""What runs behind a SageMaker endpoint: the text-generation container's wire format, and a chat one's.

Hugging Face Text Generation Inference answers /invocations with a list, streams `data:` lines, gives the
prompt back unless `return_full_text` is false, and checks its parameters itself (its router's validation.rs).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from infra.local_aws.generation import pieces
from infra.local_aws.prompt_text import prompt_of, turns
from infra.local_aws.wire import dumps
from pipeline.ports import TextEngine
from pipeline.types import Completion, Prompt

# Falcon 7B's context, and JumpStart's MAX_TOTAL_TOKENS. Its own tokeniser is not here: 4 characters a token.
_MOST_TOKENS = 2048
_CHARACTERS_A_TOKEN = 4
_MOST_STOPS = 4
_DEFAULT_TOKENS = {"tgi": 100, "chat": 100}
_FINISH = {"end": "eos_token", "length": "length", "stop": "stop_sequence"}
_CHAT_FINISH = {"end": "stop", "length": "length", "stop": "stop"}


@dataclass
class InputError(Exception):
    """The container's own refusal: HTTP 422 in its JSON."""

    message: str

    @property
    def body(self) -> str:
        return json.dumps({"error": f"Input validation error: {self.message}", "error_type": "validation"})


@dataclass(frozen=True)
class Output:
    """media: the content type. pieces: the body as it comes."""

    media: str
    pieces: Iterator[bytes]


Container = Callable[[dict[str, Any], TextEngine], Output]


def container_of(*names: str) -> Container:
    """By the names of the endpoint and its variant: one with "chat" in it speaks OpenAI's messages, one with
    "object" answers an object where the others answer a list."""
    return next((made for word, made in _CONTAINERS.items() if any(word in name for name in names)), tgi)


def tgi(body: dict[str, Any], engine: TextEngine) -> Output:
    asked = body.get("parameters") or {}
    inputs = body.get("inputs")
    if not isinstance(inputs, str) or not inputs:
        raise InputError("`inputs` cannot be empty")
    prompt = _tgi_prompt(inputs, asked)
    if body.get("stream"):
        return Output("text/event-stream", _tgi_stream(prompt, asked, inputs, engine))
    return Output("application/json", iter([dumps([_tgi_answer(prompt, asked, inputs, engine)])]))


def tgi_object(body: dict[str, Any], engine: TextEngine) -> Output:
    if body.get("stream"):
        return tgi(body, engine)
    output = tgi(body, engine)
    return Output(output.media, iter([dumps(json.loads(b"".join(output.pieces))[0])]))


def chat(body: dict[str, Any], engine: TextEngine) -> Output:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise InputError("`messages` cannot be empty")
    said = [(one["role"], one["content"]) for one in messages]
    prompt = prompt_of(
        said,
        body.get("max_tokens") or _DEFAULT_TOKENS["chat"],
        body.get("temperature", 1.0),
        body.get("top_p", 1.0),
        body.get("seed", 0),
    )
    if body.get("stream"):
        return Output("text/event-stream", _chat_stream(prompt, body, engine))
    told = list(pieces(engine, prompt, _stops(body)))
    done = told[-1]
    assert isinstance(done, Completion)
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": done.text},
        "finish_reason": _CHAT_FINISH[done.stop_reason],
    }
    if body.get("logprobs"):
        choice["logprobs"] = _logprobs(done)
    answer = {**_chat_head(body, "chat.completion"), "choices": [choice], "usage": _usage(done)}
    return Output("application/json", iter([dumps(answer)]))


_CONTAINERS: dict[str, Container] = {"chat": chat, "object": tgi_object}


def _tgi_prompt(inputs: str, asked: dict[str, Any]) -> Prompt:
    tokens = asked.get("max_new_tokens", _DEFAULT_TOKENS["tgi"])
    temperature, top_p = asked.get("temperature", 1.0), asked.get("top_p", 0.95)
    size, stops = len(inputs) // _CHARACTERS_A_TOKEN, len(asked.get("stop", ()))
    rules = (
        (tokens > 0, "`max_new_tokens` must be strictly positive"),
        (temperature > 0, "`temperature` must be strictly positive"),
        (0 < top_p < 1, "`top_p` must be > 0.0 and < 1.0"),
        (stops <= _MOST_STOPS, f"`stop` supports up to {_MOST_STOPS} stop sequences. Given: {stops}"),
        (0 <= asked.get("seed", 0) < 2**64, "`seed` must be a 64-bit integer"),
        (
            size + tokens <= _MOST_TOKENS,
            f"`inputs` tokens + `max_new_tokens` must be <= {_MOST_TOKENS}. "
            f"Given: {size} `inputs` tokens and {tokens} `max_new_tokens`",
        ),
    )
    for kept, message in rules:
        if not kept:
            raise InputError(message)
    greedy = not asked.get("do_sample") and "temperature" not in asked
    return prompt_of(turns(inputs), tokens, 0.0 if greedy else temperature, top_p, asked.get("seed", 0))


def _tgi_answer(prompt: Prompt, asked: dict[str, Any], inputs: str, engine: TextEngine) -> dict[str, Any]:
    *_, done = pieces(engine, prompt, tuple(asked.get("stop", ())))
    assert isinstance(done, Completion)
    answer: dict[str, Any] = {"generated_text": _full(asked, inputs) + done.text}
    if asked.get("details"):
        answer["details"] = {**_details(done, prompt), "prefill": [], "tokens": []}
    return answer


def _tgi_stream(prompt: Prompt, asked: dict[str, Any], inputs: str, engine: TextEngine) -> Iterator[bytes]:
    """One line a token; the last carries the whole text and the details, and no token's text twice."""
    held, index = "", 0
    for piece in pieces(engine, prompt, tuple(asked.get("stop", ()))):
        if isinstance(piece, str):
            if held:
                yield _tgi_line(index, held)
            held, index = piece, index + 1
        else:
            whole = _full(asked, inputs) + piece.text
            details = {**_details(piece, prompt), "input_length": piece.prompt_tokens}
            yield _tgi_line(index, held, whole, details)


def _tgi_line(
    index: int, text: str, whole: str | None = None, details: dict[str, Any] | None = None
) -> bytes:
    token = {"id": index, "text": text, "logprob": -0.1, "special": False}
    return _line({"index": index, "token": token, "generated_text": whole, "details": details})


def _details(done: Completion, prompt: Prompt) -> dict[str, Any]:
    return {
        "finish_reason": _FINISH[done.stop_reason],
        "generated_tokens": done.completion_tokens,
        "seed": prompt.seed or None,
    }


def _full(asked: dict[str, Any], inputs: str) -> str:
    return inputs if asked.get("return_full_text", True) else ""


def _chat_stream(prompt: Prompt, body: dict[str, Any], engine: TextEngine) -> Iterator[bytes]:
    head = _chat_head(body, "chat.completion.chunk")

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, **more}
        return _line({**head, "choices": [choice]})

    yield chunk({"role": "assistant", "content": ""})
    for piece in pieces(engine, prompt, _stops(body)):
        if isinstance(piece, str):
            yield chunk({"content": piece})
            continue
        more = {"logprobs": _logprobs(piece)} if body.get("logprobs") else {}
        yield chunk({}, _CHAT_FINISH[piece.stop_reason], **more)
        if (body.get("stream_options") or {}).get("include_usage"):
            yield _line({**head, "choices": [], "usage": _usage(piece)})
    yield b"data: [DONE]\n\n"


def _chat_head(body: dict[str, Any], kind: str) -> dict[str, Any]:
    created = int(time.time())
    return {
        "id": f"chatcmpl-{created}",
        "object": kind,
        "created": created,
        "model": body.get("model", "local"),
    }


def _stops(body: dict[str, Any]) -> tuple[str, ...]:
    stop = body.get("stop") or ()
    return (stop,) if isinstance(stop, str) else tuple(stop)


def _usage(done: Completion) -> dict[str, int]:
    return {
        "prompt_tokens": done.prompt_tokens,
        "completion_tokens": done.completion_tokens,
        "total_tokens": done.prompt_tokens + done.completion_tokens,
    }


def _logprobs(done: Completion) -> dict[str, Any]:
    """A prompt with choices has one token; its odds are the engine's confidence."""
    told = {"token": done.text, "logprob": math.log(done.confidence) if done.confidence > 0 else -100.0}
    return {"content": [{**told, "top_logprobs": [told]}]}


def _line(event: dict[str, Any]) -> bytes:
    return b"data:" + dumps(event) + b"\n\n"
