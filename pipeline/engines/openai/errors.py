"""What a server answers instead of a completion becomes one of our errors, in words for a person."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from pipeline.engines.chat import string, table
from pipeline.errors import (
    ConfigError,
    ContentRejectedError,
    EngineError,
    StoriesError,
    ThrottledError,
    UnavailableError,
)

ENGINE = "openai"
_LONGEST_QUOTE = 240
# Shorter ones ("ollama", "none") are no secret, and may be a part of any word.
_SHORTEST_KEY = 8


class RefusedError(EngineError):
    """The server does not take the request as it is. words: its own, with the name of a field in them."""

    def __init__(self, message: str, words: str) -> None:
        super().__init__(message, engine=ENGINE, problem="model-refused")
        self.words = words


@dataclass(frozen=True, slots=True)
class Meaning:
    """text: the message; {what} is the server, {model} the model, {code} the HTTP status, {quote} the
    server's own words, {wait} how long it asks to wait."""

    kind: type[StoriesError]
    problem: str
    text: str


_BUSY = Meaning(ThrottledError, "throttled", "{what} is busy ({code}){wait}: wait a moment and run it again")
_DOWN = Meaning(
    UnavailableError, "unavailable", "{what} is unavailable ({code}: {quote}): run it again in a while"
)
_SLOW = Meaning(
    UnavailableError, "unavailable", "{what} did not answer in time ({code}): run it again in a while"
)
_NO_KEY = Meaning(ConfigError, "no-credentials", "{what} wants a key ({code}): set STORIES_WRITER_KEY")
_BAD_KEY = Meaning(
    ConfigError, "bad-credentials", "{what} does not accept the key ({code}): check STORIES_WRITER_KEY"
)
_DENIED = Meaning(
    ConfigError,
    "access-denied",
    "{what} does not allow this ({code}): check STORIES_WRITER_KEY and that it may use the model {model}",
)
_NO_CREDIT = Meaning(
    ConfigError, "no-credit", "the account at {what} has no credit left ({code}): look at its billing page"
)
_NO_MODEL = Meaning(
    ConfigError,
    "unknown-model",
    "{what} has no model {model} ({quote}): load it there, or name another with --model; "
    "`stories doctor` lists what it has",
)
_NO_API = Meaning(
    ConfigError,
    "no-endpoint",
    "{what} does not speak the OpenAI protocol at that address ({code}): check STORIES_WRITER_URL, "
    "which mostly ends in /v1",
)
_MOVED = Meaning(
    ConfigError,
    "no-endpoint",
    "{what} sends the request elsewhere ({code}), where a key would not be safe: set STORIES_WRITER_URL to "
    "the final address",
)
_TOO_LONG = Meaning(
    EngineError,
    "text-too-long",
    "the prompt is longer than the model takes ({quote}): give the server a larger context, 4096 tokens at "
    "least, or choose another model",
)
_FILTERED = Meaning(
    ContentRejectedError, "unsafe", "the content filter of {what} refused the story: say the idea otherwise"
)
_REFUSED = Meaning(EngineError, "model-refused", "{what} refused the request ({code}: {quote})")
_STATUSES = {
    402: _NO_CREDIT, 403: _DENIED, 404: _NO_API, 405: _NO_API, 408: _SLOW, 413: _TOO_LONG, 429: _BUSY,
    504: _SLOW,
}  # fmt: skip
# The first that matches the words, type and code of an error counts, whatever its status: LM Studio answers
# 400 where Ollama and vLLM answer 404, and OpenAI 429 where another would answer 402.
_WORDS = (
    (r"insufficient_quota|exceeded your current quota", _NO_CREDIT),
    (r"content_filter|content_policy|ResponsibleAIPolicy", _FILTERED),
    (
        r"model_not_found|no models? (is )?loaded|model\b.{0,80}(not found|does not exist)",
        _NO_MODEL,
    ),
    (r"exceed_context_size|context_length_exceeded|context (length|size|window)", _TOO_LONG),
)


@dataclass(frozen=True, slots=True)
class Server:
    """Who answered, for messages. key: so that no message quotes it."""

    what: str
    model: str
    key: str = ""


def status_error(server: Server, status: int, body: bytes, retry_after: str = "") -> StoriesError:
    """The error of a reply with this status. RefusedError: the request may be sent in another form."""
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    words = _words(value) or " ".join(body.decode(errors="replace").split())
    return _error(server, status, words, retry_after if retry_after.isdigit() else "")


def event_error(server: Server, value: Any) -> StoriesError:
    """The error that a JSON object in a stream reports; its code is a status where it is a number."""
    inner = table(table(value).get("error"))
    code = inner.get("code") or inner.get("status_code")
    return _error(server, code if isinstance(code, int) else 500, _words(value), "")


def final(refusal: RefusedError) -> EngineError:
    """The same for outside of this package: nothing is left to send otherwise."""
    return EngineError(str(refusal), engine=ENGINE, problem=refusal.problem)


def filtered(server: Server) -> StoriesError:
    return _built(server, _FILTERED, 200, "", "")


def _error(server: Server, status: int, words: str, retry_after: str) -> StoriesError:
    meaning = _meaning(server, status, words)
    if meaning is _REFUSED and status in (400, 422):
        return RefusedError(_text(server, meaning, status, words, ""), words)
    return _built(server, meaning, status, words, retry_after)


def _meaning(server: Server, status: int, words: str) -> Meaning:
    if status == 401:
        return _BAD_KEY if server.key else _NO_KEY
    if status < 500:
        for pattern, meaning in _WORDS:
            if re.search(pattern, words, re.IGNORECASE):
                return meaning
    if 300 <= status < 400:
        return _MOVED
    return _STATUSES.get(status) or (_DOWN if status >= 500 else _REFUSED)


def _built(server: Server, meaning: Meaning, status: int, words: str, retry_after: str) -> StoriesError:
    text = _text(server, meaning, status, words, retry_after)
    if issubclass(meaning.kind, EngineError):
        return meaning.kind(text, engine=ENGINE, problem=meaning.problem)
    return meaning.kind(text, problem=meaning.problem)


def _text(server: Server, meaning: Meaning, status: int, words: str, retry_after: str) -> str:
    quote = words.replace(server.key, "…") if len(server.key) >= _SHORTEST_KEY else words
    return meaning.text.format(
        what=server.what,
        model=server.model,
        code=status,
        quote=quote if len(quote) <= _LONGEST_QUOTE else quote[:_LONGEST_QUOTE] + "…",
        wait=f", and asks for {retry_after} s" if retry_after else "",
    )


def _words(value: Any) -> str:
    """Message, type, parameter and code of an error in any of the forms: {"error": {"message"}} (OpenAI,
    Ollama, llama.cpp, vLLM), {"error": "text"} (LM Studio), {"object": "error", "message"} (vLLM before
    0.10), {"detail"} (a gateway in FastAPI). One line; "" where it is none."""
    outer = table(value)
    inner = outer.get("error") or outer.get("detail") or outer
    if not isinstance(inner, dict):
        return " ".join(string(inner).split()) or (json.dumps(inner) if inner else "")
    parts = (
        string(inner.get("message")),
        *(str(inner.get(name) or "") for name in ("type", "param", "code")),
    )
    return " ".join(" ".join(dict.fromkeys(part for part in parts if part)).split())
