"""What the two kinds of model containers are sent, and what their JSON says: shapes only, no network.

"text-generation": Hugging Face TGI and AWS's LMI (both behind JumpStart). "chat": OpenAI's messages, which
vLLM, LMI and newer TGI speak. Sources: TGI's router (`/invocations`), djl-serving's "LMI handlers Inference
API Schema" and "Chat Completions API Schema".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.engines.aws.formats import Format
from pipeline.engines.aws.replies import count, length, read_object, table, text, unknown_form
from pipeline.errors import UnavailableError
from pipeline.types import Prompt

# A word of our choices is one or two tokens; a model may begin with a blank or a line end.
_CHOICE_TOKENS = 5


@dataclass(frozen=True, slots=True)
class Piece:
    """What one JSON object of an answer tells. 0 and "": it does not tell.

    tokens: how many generated tokens `text` is, where each comes alone. whole: the complete text, told at
    the end. final: nothing of the text is missing after this.
    """

    text: str = ""
    tokens: int = 0
    whole: str = ""
    stop: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    final: bool = False


class Container(Protocol):
    stops: tuple[str, ...]

    def sent(self, prompt: Prompt) -> str:
        """The prompt as one text: what an echo of it looks like, and what its tokens are estimated from."""
        ...

    def body(self, prompt: Prompt, streamed: bool) -> dict[str, Any]: ...

    def piece(self, told: Any) -> Piece:
        """Reads one object of a stream, or a whole answer. Raises EngineError: an error, or another form."""
        ...


class TextGeneration:
    """{"inputs", "parameters"} -> [{"generated_text"}], or an event a token.

    `details` is always asked for: without it neither says whether the text was cut at `max_new_tokens`, nor
    how many tokens are to be paid for. TGI of every version and LMI with continuous batching know it; the
    bare transformers toolkit does not, but that one knows no `stop` or `seed` either.
    A prompt's GBNF grammar is not sent: TGI's `grammar` takes JSON schemas and regular expressions only.
    """

    def __init__(self, form: Format) -> None:
        self._format = form
        self.stops = form.stops

    def sent(self, prompt: Prompt) -> str:
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
        body = {"inputs": self.sent(prompt), "parameters": parameters | _sampling(prompt)}
        return body | {"stream": True} if streamed else body

    def piece(self, told: Any) -> Piece:
        one = read_object(told[0] if isinstance(told, list) and told else told)
        if "token" not in one and "generated_text" not in one:
            raise unknown_form(one)
        token, details = table(one.get("token")), table(one.get("details"))
        if details.get("finish_reason") == "error":  # LMI's word for a failure half way
            raise UnavailableError("the model failed while it wrote: run it again")
        special = token.get("special") or token.get("special_token")
        return Piece(
            text="" if special else text(token.get("text")),
            tokens=1 if token else 0,
            whole=text(one.get("generated_text")),
            stop=text(details.get("finish_reason")),
            prompt_tokens=count(details.get("input_length")) or length(details.get("prefill")),
            completion_tokens=count(details.get("generated_tokens")),
            final=one.get("generated_text") is not None,
        )


class Chat:
    """{"messages"} -> choices[0].message.content, or an event a delta."""

    stops: tuple[str, ...] = ()  # the model's own chat template ends its turns

    def sent(self, prompt: Prompt) -> str:
        return "\n".join(message["content"] for message in _messages(prompt))

    def body(self, prompt: Prompt, streamed: bool) -> dict[str, Any]:
        greedy = _is_greedy(prompt)
        body: dict[str, Any] = {
            "messages": _messages(prompt),
            "max_tokens": _max_tokens(prompt),
            "temperature": 0 if greedy else prompt.temperature,
            "seed": prompt.seed,
            "stream": streamed,
        }
        if not greedy and 0 < prompt.top_p < 1:
            body["top_p"] = prompt.top_p
        return body

    def piece(self, told: Any) -> Piece:
        one = read_object(told)
        usage, choices = table(one.get("usage")), one.get("choices")
        if not isinstance(choices, list) or not (choices or usage):
            raise unknown_form(one)
        choice = table(choices[0]) if choices else {}
        delta, message = table(choice.get("delta")), table(choice.get("message"))
        stop = text(choice.get("finish_reason"))
        if stop == "error":
            raise UnavailableError("the model failed while it wrote: run it again")
        return Piece(
            text=text(delta.get("content")),
            tokens=1 if delta.get("content") else 0,
            whole=text(message.get("content")),
            stop=stop,
            prompt_tokens=count(usage.get("prompt_tokens")),
            completion_tokens=count(usage.get("completion_tokens")),
            final=bool(stop or message),
        )


def _messages(prompt: Prompt) -> list[dict[str, str]]:
    turns = [("system", prompt.system)] if prompt.system else []
    for user, assistant in prompt.examples:
        turns += [("user", user), ("assistant", assistant)]
    return [{"role": role, "content": text} for role, text in [*turns, ("user", prompt.user)]]


def _max_tokens(prompt: Prompt) -> int:
    return min(_CHOICE_TOKENS, prompt.max_tokens) if prompt.choices else prompt.max_tokens


def _is_greedy(prompt: Prompt) -> bool:
    return bool(prompt.choices) or prompt.temperature <= 0


def _sampling(prompt: Prompt) -> dict[str, Any]:
    """TGI refuses a temperature of 0, and a top_p that is not between 0 and 1 (its router's validation)."""
    if _is_greedy(prompt):
        return {"do_sample": False}
    told: dict[str, Any] = {"do_sample": True, "temperature": prompt.temperature}
    return told | {"top_p": prompt.top_p} if 0 < prompt.top_p < 1 else told
