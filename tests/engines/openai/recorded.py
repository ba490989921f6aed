"""What four servers answer, recorded or as their sources write it; texts shortened, ids and times left out.

Sources: llama.cpp's tools/server, recorded from the one that test_llama_server.py starts; Ollama v0.35.1,
middleware/openai.go and docs/api/openai-compatibility.mdx; LM Studio's bug tracker, issues 169, 676 and 1773,
and lmstudio-js issue 320; vLLM's vllm/entrypoints/openai, its pull request 45678 for a streamed chunk and
issue 4667 for an error; docs.vllm.ai "Structured Outputs".
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

STORY = ("Olga", " the owl", " yawned.")


def events(*values: dict[str, Any], done: bool = True) -> list[bytes]:
    """Server-sent events, as all four write them."""
    lines = [f"data: {json.dumps(value)}\n\n".encode() for value in values]
    return [*lines, b"data: [DONE]\n\n"] if done else lines


def chunk(
    delta: dict[str, Any], finish: str | None = None, usage: tuple[int, int] | None = None, **choice: Any
) -> dict[str, Any]:
    value: dict[str, Any] = {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish, **choice}],
    }
    return value | ({"usage": counts(*usage)} if usage else {})


def last(prompt: int, completion: int, **others: Any) -> dict[str, Any]:
    """The chunk for `stream_options.include_usage`."""
    return {"object": "chat.completion.chunk", "choices": [], "usage": counts(prompt, completion), **others}


def counts(prompt: int, completion: int) -> dict[str, int]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def candidates(**logprobs: float) -> dict[str, Any]:
    rows = [{"token": token, "logprob": value, "bytes": None} for token, value in logprobs.items()]
    return {"content": [{**rows[0], "top_logprobs": rows}]}


def deltas(texts: Iterable[str], **others: Any) -> list[dict[str, Any]]:
    return [chunk({"content": text}, **others) for text in texts]


@dataclass(frozen=True)
class Recorded:
    """models: of GET /models. story, judge: the events for STORY and for a question. usage: of the story, as
    it must arrive; None where the server does not count. confidence: of the judge's no. shapes: the fields
    that a story's request must have. refusal: status and body for a model that the server does not have."""

    models: dict[str, Any]
    story: list[bytes]
    judge: list[bytes]
    usage: tuple[int, int] | None
    confidence: float
    shapes: frozenset[str]
    refusal: tuple[int, dict[str, Any]] | None
    extras: dict[str, Any] = field(default_factory=dict)


LLAMA_CPP = Recorded(
    models={
        "models": [{"name": "mine", "model": "mine", "capabilities": ["completion"]}],
        "object": "list",
        "data": [{"id": "mine", "aliases": ["mine"], "object": "model", "owned_by": "llamacpp", "meta": {}}],
    },
    story=events(
        chunk({"role": "assistant", "content": None}),
        *deltas(STORY),
        chunk({}, "stop"),
        last(37, 9, timings={"prompt_n": 37}),
    ),
    judge=events(
        chunk({"role": "assistant", "content": None}),
        chunk(
            {"content": "No"}, logprobs=candidates(No=-0.9413533806800842, Yes=-1.8918215036392212, I=-2.61)
        ),
        chunk({}, "length"),
        last(37, 1),
    ),
    usage=(37, 9),
    confidence=0.7212,  # e^-0.9414 = 0.3901 of 0.3901 + e^-1.8918 = 0.1508
    shapes=frozenset({"grammar"}),
    refusal=None,  # it answers with the model that it has, whatever the name
    extras={"chat_template_kwargs": {"enable_thinking": False}},
)
OLLAMA = Recorded(
    models={
        "object": "list",
        "data": [{"id": "mine:latest", "object": "model", "created": 1, "owned_by": "library"}],
    },
    story=events(
        chunk({"role": "assistant", "content": "", "reasoning": "The user wants"}),
        chunk({"role": "assistant", "content": "", "reasoning": " an owl."}),
        *[chunk({"role": "assistant", "content": text}) for text in STORY],
        chunk({"role": "assistant", "content": ""}, "stop"),
        last(33, 8, system_fingerprint="fp_ollama"),
    ),
    judge=events(
        chunk({"role": "assistant", "content": "No"}),
        chunk({"role": "assistant", "content": ""}, "length"),
        last(33, 1),
    ),
    usage=(33, 8),
    confidence=1.0,  # no log-probabilities through this protocol
    shapes=frozenset({"response_format"}),
    refusal=(
        404,
        {
            "error": {
                "message": 'model "mine" not found, try pulling it first',
                "type": "api_error",
                "param": None,
                "code": None,
            }
        },
    ),
    extras={"reasoning_effort": "none"},
)
LM_STUDIO = Recorded(
    models={
        "data": [
            {"id": "mine", "object": "model", "owned_by": "organization_owner"},
            {
                "id": "text-embedding-nomic-embed-text-v1.5",
                "object": "model",
                "owned_by": "organization_owner",
            },
        ],
        "object": "list",
    },
    story=events(
        *[chunk({"role": "assistant", "content": text}, logprobs=None) for text in STORY],
        chunk({}, "stop", logprobs=None),
    ),
    judge=events(
        chunk({"role": "assistant", "content": "No"}, logprobs=None), chunk({}, "length", logprobs=None)
    ),
    usage=None,
    confidence=1.0,
    shapes=frozenset({"response_format"}),
    refusal=(400, {"error": 'Model "mine" not found. Please specify a valid model.'}),
)
VLLM = Recorded(
    models={
        "object": "list",
        "data": [
            {"id": "mine", "object": "model", "owned_by": "vllm", "root": "a/b", "max_model_len": 32768}
        ],
    },
    story=events(
        chunk({"role": "assistant", "content": ""}, logprobs=None),
        chunk({"reasoning_content": "Let me think."}, logprobs=None),
        *deltas(STORY, logprobs=None, usage=(16, 3)),
        chunk({"content": ""}, "stop", stop_reason=None),
        last(16, 22),
    ),
    judge=events(
        chunk({"role": "assistant", "content": ""}, logprobs=None),
        chunk({"content": "No"}, logprobs=candidates(No=-0.125, Yes=-2.125), finish="length"),
        last(16, 1),
    ),
    usage=(16, 22),
    confidence=0.8808,  # 1 / (1 + e^-2)
    shapes=frozenset({"structured_outputs", "guided_grammar"}),
    refusal=(
        404,
        {
            "error": {
                "message": "The model `mine` does not exist.",
                "type": "NotFoundError",
                "param": "model",
                "code": 404,
            }
        },
    ),
    extras={"chat_template_kwargs": {"enable_thinking": False}},
)
SERVERS = {"llama.cpp": LLAMA_CPP, "Ollama": OLLAMA, "LM Studio": LM_STUDIO, "vLLM": VLLM}
