"""Requests and answers of Bedrock's Converse: shapes only, no network. Source: botocore's model of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.engines.aws.containers import Piece
from pipeline.engines.chat import count, items, messages, string, table
from pipeline.errors import ConfigError, ContentRejectedError, EngineError, UnavailableError
from pipeline.types import Prompt

ENGINE = "bedrock"
# A word of our choices is one or two tokens, and a model may say more than that; one that thinks needs room.
_WORD_TOKENS, _THINKING_TOKENS = 12, 3000
# Converse's own bound, whatever the model's.
_MOST_TEMPERATURE = 1.0
# What a model may refuse, in the order in which its words are searched for it.
_REFUSABLE = ("temperature", "system")
_REFUSAL = re.compile(r"support|deprecated|not allowed|remove", re.IGNORECASE)
# The geographies of inference profiles ("eu.amazon.nova-lite-v1:0"): the same model, computed elsewhere.
_GEOGRAPHY = re.compile(r"^(us|us-gov|eu|apac|jp|au|ca|global)\.(?=[a-z0-9-]+\.)")
_GUARDRAIL = re.compile(r"(?P<id>[a-z0-9]+|arn:[^/]+:guardrail/[a-z0-9]+):(?P<version>[1-9][0-9]{0,7}|DRAFT)")


@dataclass(frozen=True, slots=True)
class Terms:
    """What was learned of a model. without: fields that it refuses. thinks: it needs room to do so."""

    without: frozenset[str] = frozenset()
    thinks: bool = False

    def __or__(self, other: Terms) -> Terms:
        return Terms(self.without | other.without, self.thinks or other.thinks)


def model_name(model: str) -> str:
    """The model's name without account, region and geography, which do not change what it writes."""
    return _GEOGRAPHY.sub("", model.rpartition("/")[2])


def guardrail_of(setting: str) -> dict[str, str]:
    """The field guardrailConfig; {} for "". Raises ConfigError: not an id and a version."""
    if not setting:
        return {}
    if not (match := _GUARDRAIL.fullmatch(setting)):
        raise ConfigError(
            f"STORIES_GUARDRAIL={setting[:60]!r} is not a guardrail's id and version: write it as "
            "abc123:1, or abc123:DRAFT",
            problem="bad-setting",
        )
    return {"guardrailIdentifier": match["id"], "guardrailVersion": match["version"]}


def request(prompt: Prompt, model: str, guardrail: Mapping[str, str], terms: Terms) -> dict[str, Any]:
    """The parameters of Converse and ConverseStream. Not top_p: newer models take one of the two only."""
    turns = messages(prompt)
    system = [turn["content"] for turn in turns if turn["role"] == "system"]
    dialog = [turn for turn in turns if turn["role"] != "system"]
    if system and "system" in terms.without:
        first = dialog[0]
        dialog[0] = {**first, "content": "\n\n".join((*system, first["content"]))}
        system = []
    most = (_WORD_TOKENS if prompt.choices else prompt.max_tokens) + _THINKING_TOKENS * terms.thinks
    inference: dict[str, Any] = {"maxTokens": most}
    if "temperature" not in terms.without:
        inference["temperature"] = 0.0 if prompt.choices else min(prompt.temperature, _MOST_TEMPERATURE)
    return {
        "modelId": model,
        "messages": [{"role": turn["role"], "content": [{"text": turn["content"]}]} for turn in dialog],
        "inferenceConfig": inference,
        **({"system": [{"text": text} for text in system]} if system else {}),
        **({"guardrailConfig": dict(guardrail)} if guardrail else {}),
    }


def refused(words: str, sent: Mapping[str, Any]) -> str:
    """The field of the request that these words of a ValidationException refuse; "" for none.

    "This model doesn't support the temperature field. Remove temperature and try again."
    """
    fields = {*sent, *table(sent.get("inferenceConfig"))}
    if not _REFUSAL.search(words):
        return ""
    return next((name for name in _REFUSABLE if name in fields and re.search(rf"\b{name}\b", words)), "")


def pieces(reply: Mapping[str, Any], what: str) -> Iterator[Piece]:
    """Those of a whole reply of Converse. Raises as piece() does."""
    message = table(table(reply.get("output")).get("message"))
    for block in items(message.get("content")):
        yield _delta(table(block))
    yield piece({"metadata": reply}, what)
    yield piece({"messageStop": reply}, what)


def piece(event: Mapping[str, Any], what: str) -> Piece:
    """That of one event of ConverseStream. Raises EngineError: the answer ended in another way."""
    if "contentBlockDelta" in event:
        return _delta(table(table(event["contentBlockDelta"]).get("delta")))
    if "metadata" in event:
        usage = table(table(event["metadata"]).get("usage"))
        return Piece(
            prompt_tokens=count(usage.get("inputTokens")), completion_tokens=count(usage.get("outputTokens"))
        )
    if "messageStop" in event:
        return _stop(string(table(event["messageStop"]).get("stopReason")), what)
    return Piece()


def _delta(block: Mapping[str, Any]) -> Piece:
    return Piece(text=string(block.get("text")), reasoned="reasoningContent" in block)


def _stop(reason: str, what: str) -> Piece:
    """reason: "" in what botocore makes of half a reply."""
    if not reason:
        raise UnavailableError(f"the answer of {what} broke off: run it again", engine=ENGINE)
    if reason in ("guardrail_intervened", "content_filtered"):
        by = "your guardrail" if reason == "guardrail_intervened" else "the provider's filter"
        raise ContentRejectedError(
            f"{by} stopped {what} at this story ({reason}): say the idea otherwise, or try --new",
            engine=ENGINE,
        )
    if reason == "model_context_window_exceeded":
        raise EngineError(
            f"the prompt is longer than {what} takes ({reason}): choose another model",
            engine=ENGINE,
            problem="text-too-long",
        )
    if reason.startswith("malformed"):
        raise UnavailableError(
            f"{what} answered with what Bedrock cannot read ({reason}): run it again", engine=ENGINE
        )
    return Piece(stop="length" if reason == "max_tokens" else "end", final=True)
