"""The body of a request: what a server is known to take, less what it has refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.engines.chat import dry, messages
from pipeline.engines.openai import schema
from pipeline.types import Prompt

# OpenAI, Ollama and vLLM refuse more than 20 candidates a token.
_TOP = 20
# A judge's word is one token; a model that is wordy gets a few more, one that thinks room to do so.
_WORD_TOKENS, _WORDY_TOKENS, _THINKING_TOKENS = 1, 12, 3000
# JSON's quotes, colons, commas and line ends.
_JSON_TOKENS = 10
# DRY sampling of llama.cpp looks back over a whole prompt and answer.
_LOOK_BACK = 2048
_NO_THINKING = {"chat_template_kwargs": {"enable_thinking": False}}


@dataclass(frozen=True, slots=True)
class Known:
    """What a kind of server takes. shapes: the fields for a grammar or a schema; all of them are sent.
    extras: fields that turn reasoning off. dry: whether it knows llama.cpp's DRY sampling."""

    shapes: tuple[str, ...] = ("response_format",)
    extras: Mapping[str, Any] = field(default_factory=dict)
    dry: bool = False


# By `owned_by` of a model in the list of models. Sources: tools/server of llama.cpp; vLLM's "Structured
# Outputs" (guided_grammar until 0.11, structured_outputs since; either ignores the other's); Ollama's "OpenAI
# compatibility" (a schema in response_format, reasoning_effort "none"; "library" owns what it lends).
# LM Studio ("organization_owner") takes a schema, and nothing against reasoning (its issue 1773).
KNOWN = {
    "llamacpp": Known(("grammar",), _NO_THINKING, dry=True),
    "vllm": Known(("structured_outputs", "guided_grammar"), _NO_THINKING),
    "library": Known(extras={"reasoning_effort": "none"}),
}
OTHERS = Known()

_SHAPES: dict[str, Callable[[Prompt], Any]] = {
    "grammar": lambda prompt: prompt.grammar,
    "structured_outputs": lambda prompt: {"grammar": prompt.grammar},
    "guided_grammar": lambda prompt: prompt.grammar,
    "response_format": lambda prompt: {
        "type": "json_schema",
        "json_schema": {"name": "story", "strict": True, "schema": schema.schema(schema.labels(prompt))},
    },
}
# Given up in this order where a refusal names none of them: the rarest first.
_RARE = ("grammar", "structured_outputs", "guided_grammar", "response_format", "logprobs", *_NO_THINKING,
         "reasoning_effort", "dry_multiplier")  # fmt: skip
# Given up only where a refusal names them: OpenAI's reasoning models take no temperature, and call the limit
# max_completion_tokens; some gateways take no seed.
_USUAL = ("temperature", "top_p", "seed", "stream_options", "max_tokens")
# Fields that mean nothing without another.
_COMPANIONS = {"logprobs": ("top_logprobs",), "dry_multiplier": ("dry_allowed_length", "dry_penalty_last_n")}


@dataclass(frozen=True, slots=True)
class Terms:
    """What was learned of a server. given_up: fields that it refuses. thinks: the model reasons, and needs
    room before its answer. opens: its chat template opens the reasoning, so that only the end of it is seen.
    wordy: it gives no log-probabilities of a choice in its first token.
    """

    given_up: frozenset[str] = frozenset()
    thinks: bool = False
    opens: bool = False
    wordy: bool = False

    def __or__(self, other: Terms) -> Terms:
        return Terms(
            self.given_up | other.given_up,
            self.thinks or other.thinks,
            self.opens or other.opens,
            self.wordy or other.wordy,
        )


@dataclass(frozen=True, slots=True)
class Request:
    """in_json: whether the answer is JSON, to be turned into lines."""

    body: Mapping[str, Any]
    in_json: bool

    def refused(self, words: str) -> str:
        """The field to give up after a refusal in these words; "" where none is left."""
        named = (name for name in (*_RARE, *_USUAL) if re.search(rf"\b{name}\b", words))
        return next((name for name in (*named, *_RARE) if name in self.body), "")


def request(prompt: Prompt, model: str, known: Known, terms: Terms) -> Request:
    shapes = _shapes(prompt, known, terms)
    as_json = "response_format" in shapes
    body: dict[str, Any] = {
        "model": model,
        "messages": messages(schema.in_json(prompt) if as_json else prompt),
        "max_tokens": _most_tokens(prompt, terms, as_json),
        "temperature": 0 if prompt.choices else prompt.temperature,
        "top_p": prompt.top_p,
        "seed": prompt.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
        **known.extras,
        **{name: _SHAPES[name](prompt) for name in shapes},
        **(dry(prompt, _LOOK_BACK) if known.dry else {}),
    }
    if prompt.choices:
        body |= {"logprobs": True, "top_logprobs": _TOP}
    return Request(_without(body, terms.given_up), as_json)


def give_up(terms: Terms, name: str) -> Terms:
    return replace(terms, given_up=terms.given_up | {name})


def _shapes(prompt: Prompt, known: Known, terms: Terms) -> tuple[str, ...]:
    """The fields that ask for the prompt's shape: those that the server is known to take, else a schema."""
    if not prompt.grammar:
        return ()
    preferred = tuple(name for name in known.shapes if name not in terms.given_up)
    fallback = () if "response_format" in terms.given_up else ("response_format",)
    shapes = preferred or fallback
    return shapes if "response_format" not in shapes or schema.labels(prompt) else ()


def _most_tokens(prompt: Prompt, terms: Terms, as_json: bool) -> int:
    tokens = prompt.max_tokens
    if prompt.choices:
        tokens = _WORDY_TOKENS if terms.wordy else _WORD_TOKENS
    return tokens + _JSON_TOKENS * as_json * len(schema.labels(prompt)) + _THINKING_TOKENS * terms.thinks


def _without(body: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    gone = {part for name in names for part in (name, *_COMPANIONS.get(name, ()))}
    left = {name: value for name, value in body.items() if name not in gone}
    return left | {"max_completion_tokens": body["max_tokens"]} if "max_tokens" in gone else left
