"""Reads the JSON of a model container: fields of the form that is expected, errors, and neither."""

from __future__ import annotations

from typing import Any

from pipeline.errors import EngineError, ThrottledError, UnavailableError

# By TGI's `error_type` and OpenAI's `type`; what is not named may be anything, and is not asked again.
_ERRORS: dict[str, type[EngineError]] = {
    "overloaded": ThrottledError,
    "rate_limit_error": ThrottledError,
    "generation": UnavailableError,
    "incomplete_generation": UnavailableError,
    "unhealthy": UnavailableError,
    "server_error": UnavailableError,
    "InternalServerError": UnavailableError,
}


def read_object(told: Any) -> dict[str, Any]:
    """Raises what an object with an error in it tells; EngineError where it is no object at all."""
    if not isinstance(told, dict):
        raise unknown_form(told)
    said = told.get("error") or (told if told.get("object") == "error" else None)
    if said is None and "code" in told and "message" in told:  # djl-serving, of a failed handler
        said = told
    if said is not None:
        raise _failure(told, said)
    return told


def _failure(told: dict[str, Any], said: Any) -> EngineError:
    inner = table(said)
    kind = told.get("error_type") or inner.get("type") or ""
    words = " ".join(str(inner.get("message") or said).split())[:240]
    return _ERRORS.get(str(kind), EngineError)(f"the model answered with an error: {words}")


def unknown_form(told: Any) -> EngineError:
    shape = f"the fields {', '.join(sorted(map(str, told)))[:120]}" if isinstance(told, dict) else "no object"
    return EngineError(
        f"the model's answer has another form than its container should give ({shape}): "
        "check STORIES_CONTAINER (text-generation or chat)"
    )


def table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str:
    """JSON may hold half of a surrogate pair, which no file or hash takes: it becomes U+FFFD."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def length(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0
