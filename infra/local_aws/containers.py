"""The containers behind SageMaker endpoints: text generation, and OpenAI-style chat.

Hugging Face Text Generation Inference answers /invocations with a list, streams `data:` lines, returns the
prompt too unless `return_full_text` is false, and checks its parameters (validation.py).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from infra.local_aws.falcon_tokens import count
from infra.local_aws.generation import pieces
from infra.local_aws.prompt_text import prompt_of, turns
from infra.local_aws.validation import DEFAULT_TOKENS, InputError, check
from infra.local_aws.wire import dumps
from pipeline.ports import TextEngine
from pipeline.types import Completion, Prompt

_FINISH = {"end": "eos_token", "length": "length", "stop": "stop_sequence"}
_CHAT_FINISH = {"end": "stop", "length": "length", "stop": "stop"}


@dataclass(frozen=True)
class Output:
    """media: the content type. pieces: of the body, as they are generated."""

    media: str
    pieces: Iterator[bytes]


Container = Callable[[dict[str, Any], TextEngine], Output]


def container_of(*names: str) -> Container:
    """By the names of the endpoint and its variant: "chat" in a name means OpenAI's messages, "object" an
    object in place of the list."""
    matches = (container for word, container in _CONTAINERS.items() if any(word in name for name in names))
    return next(matches, tgi)


def tgi(body: dict[str, Any], engine: TextEngine) -> Output:
    parameters = body.get("parameters") or {}
    inputs = check(body.get("inputs"), parameters)
    prompt = _tgi_prompt(inputs, parameters)
    if body.get("stream"):
        return Output("text/event-stream", _tgi_stream(prompt, parameters, inputs, engine))
    return Output("application/json", iter([dumps([_tgi_answer(prompt, parameters, inputs, engine)])]))


def tgi_object(body: dict[str, Any], engine: TextEngine) -> Output:
    if body.get("stream"):
        return tgi(body, engine)
    output = tgi(body, engine)
    return Output(output.media, iter([dumps(json.loads(b"".join(output.pieces))[0])]))


def chat(body: dict[str, Any], engine: TextEngine) -> Output:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise InputError("`messages` cannot be empty")
    prompt = prompt_of(
        [(message["role"], message["content"]) for message in messages],
        body.get("max_tokens") or DEFAULT_TOKENS,
        body.get("temperature", 1.0),
        body.get("top_p", 1.0),
        body.get("seed", 0),
    )
    if body.get("stream"):
        return Output("text/event-stream", _chat_stream(prompt, body, engine))
    *_, done = pieces(engine, prompt, _stops(body))
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


def _tgi_prompt(inputs: str, parameters: dict[str, Any]) -> Prompt:
    tokens = parameters.get("max_new_tokens", DEFAULT_TOKENS)
    temperature, top_p = parameters.get("temperature", 1.0), parameters.get("top_p", 0.95)
    greedy = not parameters.get("do_sample") and "temperature" not in parameters
    return prompt_of(turns(inputs), tokens, 0.0 if greedy else temperature, top_p, parameters.get("seed", 0))


def _tgi_answer(
    prompt: Prompt, parameters: dict[str, Any], inputs: str, engine: TextEngine
) -> dict[str, Any]:
    *_, done = pieces(engine, prompt, tuple(parameters.get("stop", ())))
    assert isinstance(done, Completion)
    answer: dict[str, Any] = {"generated_text": _full(parameters, inputs) + done.text}
    if parameters.get("details"):
        answer["details"] = {**_details(done, prompt), "prefill": [], "tokens": []}
    return answer


def _tgi_stream(
    prompt: Prompt, parameters: dict[str, Any], inputs: str, engine: TextEngine
) -> Iterator[bytes]:
    """A line for each token; the last one has the whole text and the details."""
    held, index = "", 0
    for piece in pieces(engine, prompt, tuple(parameters.get("stop", ()))):
        if isinstance(piece, str):
            if held:
                yield _tgi_line(index, held)
            held, index = piece, index + 1
        else:
            whole = _full(parameters, inputs) + piece.text
            details = {**_details(piece, prompt), "input_length": count(inputs)}
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


def _full(parameters: dict[str, Any], inputs: str) -> str:
    return inputs if parameters.get("return_full_text", True) else ""


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
    """A prompt with choices has one token, whose probability is the engine's confidence."""
    token = {"token": done.text, "logprob": math.log(done.confidence) if done.confidence > 0 else -100.0}
    return {"content": [{**token, "top_logprobs": [token]}]}


def _line(event: dict[str, Any]) -> bytes:
    return b"data:" + dumps(event) + b"\n\n"
