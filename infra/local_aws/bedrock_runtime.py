"""Bedrock's runtime: Converse and ConverseStream, for a few models with the ways of the real ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.local_aws.event_stream import event_frame, exception_frame
from infra.local_aws.generation import pieces
from infra.local_aws.prompt_text import Turn, prompt_of
from infra.local_aws.service import Call, Service
from infra.local_aws.wire import Params, ServiceError
from pipeline.errors import StoriesError
from pipeline.types import Completion, Prompt

_ROLES = ("user", "assistant")
_STOP = {"end": "end_turn", "length": "max_tokens", "stop": "stop_sequence"}
_DEFAULT_TOKENS = 512


@dataclass(frozen=True)
class Model:
    """profiles: ids of its inference profiles. on_demand: its own id is taken. refuses: fields. thinks:
    tokens of reasoning before each answer."""

    profiles: tuple[str, ...] = ()
    on_demand: bool = True
    refuses: tuple[str, ...] = ()
    thinks: int = 0
    streams: bool = True


MODELS: Mapping[str, Model] = {
    "amazon.nova-lite-v1:0": Model(("us.amazon.nova-lite-v1:0",)),
    # "`temperature` and `top_p` cannot both be specified for this model."
    "anthropic.claude-haiku-4-5-20251001-v1:0": Model(
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "global.anthropic.claude-haiku-4-5-20251001-v1:0"),
        on_demand=False,
        refuses=("topP",),
    ),
    "mistral.mistral-7b-instruct-v0:2": Model(refuses=("system",)),
    "xai.grok-4.6": Model(refuses=("temperature", "topP")),
    "deepseek.r1-v1:0": Model(("us.deepseek.r1-v1:0",), on_demand=False, thinks=400),
    "ai21.jamba-instruct-v1:0": Model(streams=False),
}
# Version 1 of each stops a conversation that holds the word.
GUARDRAIL, STOPPED_WORD = "local0guardrail", "werewolf"
_STOPPED = "This cannot be a story here."
_THOUGHT = "A gentle story, then. "


def converse(call: Call) -> Params:
    answer = _answer(call, streamed=False)
    text, stop, usage = "", "", {}
    content: list[Params] = []
    for name, event in answer:
        if name == "contentBlockDelta":
            delta = event["delta"]
            text += delta.get("text", "")
            if "reasoningContent" in delta:
                content = [{"reasoningContent": {"reasoningText": {"text": _THOUGHT}}}]
        elif name == "messageStop":
            stop = event["stopReason"]
        elif name == "metadata":
            usage = event["usage"]
    content += [{"text": text}] if text else []
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop,
        "usage": usage,
        "metrics": {"latencyMs": 1},
    }


def converse_stream(call: Call) -> Params:
    return {"stream": _frames(_answer(call, streamed=True))}


def _frames(events: Iterator[tuple[str, Params]]) -> Iterator[bytes]:
    try:
        for name, body in events:
            yield event_frame(name, body)
    except StoriesError as error:
        yield exception_frame("modelStreamErrorException", {"message": str(error)})


def _answer(call: Call, streamed: bool) -> Iterator[tuple[str, Params]]:
    """The events of an answer. Raises ServiceError at once, as no event came yet."""
    model = _model_of(call.params["modelId"])
    if streamed and not model.streams:
        raise _invalid("The model is unsupported for streaming.")
    for name in model.refuses:
        if name == "system" and call.params.get("system"):
            raise _invalid(
                "This model doesn't support system messages. Try again without system messages or use a "
                "model that supports system messages."
            )
        if name == "topP" and {"topP", "temperature"} <= set(call.params.get("inferenceConfig", {})):
            raise _invalid(
                "The model returned the following errors: `temperature` and `top_p` cannot both be specified "
                "for this model. Please use only one."
            )
        if name == "temperature" and name in call.params.get("inferenceConfig", {}):
            raise _invalid(
                "This model doesn't support the temperature field. Remove temperature and try again."
            )
    turns = _turns(call.params)
    if _stops(call.params.get("guardrailConfig"), turns):
        return _events(iter([_STOPPED]), "guardrail_intervened", (0, 0))
    config = call.params.get("inferenceConfig", {})
    most = config.get("maxTokens", _DEFAULT_TOKENS) - model.thinks
    if most <= 0:
        return _thinking(_events(iter(()), "max_tokens", (_words(turns), config["maxTokens"])))
    prompt = prompt_of(turns, most, config.get("temperature", 1.0), config.get("topP", 1.0), 0)
    events = _written(call, prompt, tuple(config.get("stopSequences", ())), model.thinks)
    return _thinking(events) if model.thinks else events


def _model_of(model: str) -> Model:
    """model: an id, or an ARN that ends in one."""
    name = model.rpartition("/")[2]
    by_profile = next((each for each in MODELS.values() if name in each.profiles), None)
    if by_profile:
        return by_profile
    if name not in MODELS:
        raise _invalid("The provided model identifier is invalid.")
    if not MODELS[name].on_demand:
        raise _invalid(
            f"Invocation of model ID {name} with on-demand throughput isn’t supported. Retry your request "
            "with the ID or ARN of an inference profile that contains this model."
        )
    return MODELS[name]


def _turns(params: Params) -> list[Turn]:
    system = [("system", block["text"]) for block in params.get("system", ())]
    dialog = [
        (message["role"], "".join(block.get("text", "") for block in message["content"]))
        for message in params.get("messages", ())
    ]
    if not dialog or dialog[0][0] != "user":
        raise _invalid("A conversation must start with a user message. Try again with one.")
    if any(role != _ROLES[number % 2] for number, (role, _) in enumerate(dialog)):
        raise _invalid("A conversation must alternate between user and assistant roles.")
    if any(not text.strip() for _, text in (*system, *dialog)):
        raise _invalid("The text field in the ContentBlock object is blank. Add text and try again.")
    config = params.get("inferenceConfig", {})
    if not 0 <= config.get("temperature", 0) <= 1 or config.get("maxTokens", 1) < 1:
        raise _invalid("inferenceConfig failed to satisfy constraint: temperature 0 to 1, maxTokens from 1")
    return [*system, *dialog]


def _stops(guardrail: Mapping[str, str] | None, turns: list[Turn]) -> bool:
    if not guardrail:
        return False
    if (guardrail["guardrailIdentifier"], guardrail["guardrailVersion"]) != (GUARDRAIL, "1"):
        raise _invalid("The guardrail identifier or version provided in the request does not exist.")
    return any(STOPPED_WORD in text for role, text in turns if role == "user")


def _written(
    call: Call, prompt: Prompt, stops: tuple[str, ...], thought: int
) -> Iterator[tuple[str, Params]]:
    yield "messageStart", {"role": "assistant"}
    for part in pieces(call.account.backing.text, prompt, stops):
        if isinstance(part, Completion):
            yield "contentBlockStop", {"contentBlockIndex": 0}
            used = part.prompt_tokens, part.completion_tokens + thought
            yield from _ending(_STOP[part.stop_reason], used)
        elif part:
            yield "contentBlockDelta", {"delta": {"text": part}, "contentBlockIndex": 0}


def _thinking(events: Iterator[tuple[str, Params]]) -> Iterator[tuple[str, Params]]:
    yield next(events)
    delta: dict[str, Any] = {"reasoningContent": {"text": _THOUGHT}}
    yield "contentBlockDelta", {"delta": delta, "contentBlockIndex": 0}
    yield from events


def _events(texts: Iterator[str], stop: str, used: tuple[int, int]) -> Iterator[tuple[str, Params]]:
    yield "messageStart", {"role": "assistant"}
    for text in texts:
        yield "contentBlockDelta", {"delta": {"text": text}, "contentBlockIndex": 0}
    yield from _ending(stop, used)


def _ending(stop: str, used: tuple[int, int]) -> Iterator[tuple[str, Params]]:
    yield "messageStop", {"stopReason": stop}
    usage = {"inputTokens": used[0], "outputTokens": used[1], "totalTokens": sum(used)}
    yield "metadata", {"usage": usage, "metrics": {"latencyMs": 1}}


def _words(turns: list[Turn]) -> int:
    return sum(len(text.split()) for _, text in turns)


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


SERVICE = Service(
    id="bedrock-runtime",
    handlers={"Converse": converse, "ConverseStream": converse_stream},
    refusals={
        "throttle": ServiceError(
            "ThrottlingException", "Too many requests, please wait before trying again."
        ),
        "error500": ServiceError("InternalServerException", "The system encountered an unexpected error"),
        "error503": ServiceError("ServiceUnavailableException", "Bedrock is unable to process your request."),
        "model_error": ServiceError(
            "ModelErrorException", "The model had an error", {"originalStatusCode": 500}
        ),
        "model_not_ready": ServiceError("ModelNotReadyException", "The model is not ready"),
        "no_access": ServiceError(
            "AccessDeniedException", "You don't have access to the model with the specified model ID."
        ),
        "spent": ServiceError(
            "ThrottlingException", "Too many tokens per day, please wait before trying again."
        ),
    },
)
