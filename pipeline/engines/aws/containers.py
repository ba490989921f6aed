"""Requests and replies of the two kinds of model containers: shapes only, no network.

"text-generation": Hugging Face TGI and AWS's LMI (both behind JumpStart). "chat": OpenAI's messages, which
vLLM, LMI and newer TGI speak. Sources: TGI's router (`/invocations`), djl-serving's "LMI handlers Inference
API Schema" and "Chat Completions API Schema".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.engines.aws.prompt_formats import Format
from pipeline.engines.chat import count, messages, string, table
from pipeline.errors import EngineError, ThrottledError, UnavailableError
from pipeline.types import Prompt

# A word of our choices is one or two tokens; a model may begin with a blank or a line end.
_CHOICE_TOKENS = 5
# By TGI's `error_type` and OpenAI's `type`; any other may mean anything, and is not retried.
_ERRORS: dict[str, type[EngineError]] = {
    "overloaded": ThrottledError,
    "rate_limit_error": ThrottledError,
    "generation": UnavailableError,
    "incomplete_generation": UnavailableError,
    "unhealthy": UnavailableError,
    "server_error": UnavailableError,
    "InternalServerError": UnavailableError,
}


@dataclass(frozen=True, slots=True)
class Piece:
    """The content of one JSON object of a reply. 0 and "": the object does not say.

    tokens: how many generated tokens `text` is, where each comes alone. whole: the complete text, repeated at
    the end. final: nothing of the text is missing after this. reasoned: the model thought, which is no text.
    """

    text: str = ""
    tokens: int = 0
    whole: str = ""
    stop: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    final: bool = False
    reasoned: bool = False


class Container(Protocol):
    stops: tuple[str, ...]

    def render(self, prompt: Prompt) -> str:
        """The prompt as one text: what an echo of it looks like, and what its tokens are estimated from."""
        ...

    def body(self, prompt: Prompt, streamed: bool) -> dict[str, Any]: ...

    def piece(self, value: Any) -> Piece:
        """Reads one object of a stream, or a whole reply. Raises EngineError: an error, or another form."""
        ...


class TextGeneration:
    """{"inputs", "parameters"} -> [{"generated_text"}], or an event a token.

    `details` is always requested: without it neither says whether the text was cut at `max_new_tokens`, nor
    how many tokens are to be paid for. TGI of every version and LMI with continuous batching know it; the
    bare transformers toolkit does not, but that one knows no `stop` or `seed` either.
    A prompt's GBNF grammar is not sent: TGI's `grammar` takes JSON schemas and regular expressions only.
    """

    def __init__(self, form: Format) -> None:
        self._format = form
        self.stops = form.stops

    def render(self, prompt: Prompt) -> str:
        return self._format.render(prompt)

    def body(self, prompt: Prompt, streamed: bool) -> dict[str, Any]:
        parameters: dict[str, Any] = {
            "max_new_tokens": _max_tokens(prompt),
            "return_full_text": False,
            "details": True,
            "seed": prompt.seed,
            "stop": list(self.stops),
            # LMI's name for the same.
            "stop_sequences": list(self.stops),
        }
        body = {"inputs": self.render(prompt), "parameters": parameters | _sampling(prompt)}
        return body | {"stream": True} if streamed else body

    def piece(self, value: Any) -> Piece:
        fields = _fields(value[0] if isinstance(value, list) and value else value)
        if "token" not in fields and "generated_text" not in fields:
            raise _unknown_form(fields)
        token, details = table(fields.get("token")), table(fields.get("details"))
        if details.get("finish_reason") == "error":  # LMI's word for a failure half way
            raise UnavailableError("the model failed while it wrote: run it again")
        special = token.get("special") or token.get("special_token")
        prefill = details.get("prefill")
        return Piece(
            text="" if special else string(token.get("text")),
            tokens=1 if token else 0,
            whole=string(fields.get("generated_text")),
            stop=string(details.get("finish_reason")),
            prompt_tokens=count(details.get("input_length"))
            or (len(prefill) if isinstance(prefill, list) else 0),
            completion_tokens=count(details.get("generated_tokens")),
            final=fields.get("generated_text") is not None,
        )


class Chat:
    """{"messages"} -> choices[0].message.content, or an event a delta."""

    stops: tuple[str, ...] = ()  # the model's own chat template ends its turns

    def render(self, prompt: Prompt) -> str:
        return "\n".join(message["content"] for message in messages(prompt))

    def body(self, prompt: Prompt, streamed: bool) -> dict[str, Any]:
        greedy = _is_greedy(prompt)
        body: dict[str, Any] = {
            "messages": messages(prompt),
            "max_tokens": _max_tokens(prompt),
            "temperature": 0 if greedy else prompt.temperature,
            "seed": prompt.seed,
            "stream": streamed,
        }
        if not greedy and 0 < prompt.top_p < 1:
            body["top_p"] = prompt.top_p
        return body

    def piece(self, value: Any) -> Piece:
        fields = _fields(value)
        usage, choices = table(fields.get("usage")), fields.get("choices")
        if not isinstance(choices, list) or not (choices or usage):
            raise _unknown_form(fields)
        choice = table(choices[0]) if choices else {}
        delta, message = table(choice.get("delta")), table(choice.get("message"))
        stop = string(choice.get("finish_reason"))
        if stop == "error":
            raise UnavailableError("the model failed while it wrote: run it again")
        return Piece(
            text=string(delta.get("content")),
            tokens=1 if delta.get("content") else 0,
            whole=string(message.get("content")),
            stop=stop,
            prompt_tokens=count(usage.get("prompt_tokens")),
            completion_tokens=count(usage.get("completion_tokens")),
            final=bool(stop or message),
        )


def _max_tokens(prompt: Prompt) -> int:
    """The judge asks for one token, which without a grammar may be a line end."""
    return _CHOICE_TOKENS if prompt.choices else prompt.max_tokens


def _is_greedy(prompt: Prompt) -> bool:
    return bool(prompt.choices) or prompt.temperature <= 0


def _sampling(prompt: Prompt) -> dict[str, Any]:
    """TGI refuses a temperature of 0, and a top_p that is not between 0 and 1 (its router's validation)."""
    if _is_greedy(prompt):
        return {"do_sample": False}
    sampling: dict[str, Any] = {"do_sample": True, "temperature": prompt.temperature}
    return sampling | {"top_p": prompt.top_p} if 0 < prompt.top_p < 1 else sampling


def _fields(value: Any) -> dict[str, Any]:
    """Raises the error that the object reports; EngineError where it is no object at all."""
    if not isinstance(value, dict):
        raise _unknown_form(value)
    failed = value.get("object") == "error" or ("code" in value and "message" in value)  # djl-serving
    error = value.get("error") or (value if failed else None)
    if error is None:
        return value
    inner = table(error)
    kind = str(value.get("error_type") or inner.get("type") or "")
    words = " ".join(str(inner.get("message") or error).split())[:240]
    raise _ERRORS.get(kind, EngineError)(f"the model answered with an error: {words}")


def _unknown_form(value: Any) -> EngineError:
    names = (
        f"the fields {', '.join(sorted(map(str, value)))[:120]}" if isinstance(value, dict) else "no object"
    )
    return EngineError(
        f"the model's answer has another form than its container should give ({names}): "
        "check STORIES_CONTAINER (text-generation or chat)"
    )
