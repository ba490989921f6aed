"""Errors as a caller of the API reads them (RFC 9457): a stable type, words for a person, no internals."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline import errors
from pipeline.errors import BusyError, StoriesError
from pipeline.steps import status

TYPE = "urn:mvp-stories:problem:"
_BUSY_SECONDS = 5
_STATUS = {
    "RequestError": 400,
    "ContentRejectedError": 422,
    "BusyError": 429,
    "NotFoundError": 404,
    "EngineError": 502,
    "ThrottledError": 503,
    "UnavailableError": 503,
}
_STATUS_OF_PROBLEM = {"key-reused": 422}
# Their messages are written for whoever asked, and quote nothing but what was asked.
_OWN_WORDS = frozenset(
    "empty-idea long-idea control-characters no-words markup instructions unsafe-idea unknown-locale "
    "bad-variant key-reused queue-full".split()
)
_WORDS = {
    "experimental-locale": "This language is experimental here, its voice is hard to understand: "
    'send "experimental": true to have it all the same.',
    "another-writer": "This story was asked of another model and is not written yet: ask by its idea again.",
    "no-good-story": "No draft of this story was good enough: ask for another, or say the idea otherwise.",
    "bad-translation": "The translation was not good enough: try another language, or ask for another story.",
    "not-found": "There is no such story in this language: ask for it first.",
    "interrupted": "The story was interrupted before it was ready: ask for it again, what is made is kept.",
    "busy": "The story is taking much longer than it should: ask for it again later.",
    "too-slow": "The story took too long: ask for it again, what is made is kept.",
    "throttled": "Many stories are being made just now: ask again in a moment.",
    "unavailable": "The storyteller cannot be reached just now: ask again in a moment.",
    "bad-variant": "The variant is a number from 0 to 2**53 - 1.",
}
_TITLES = {
    400: "Bad request",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    413: "Too large",
    415: "Unsupported media type",
    422: "Not for a children's story",
    429: "Busy",
    500: "Something is wrong here",
    502: "The story could not be made",
    503: "Not available now",
}
_ANYTHING = "The story could not be made: ask again later."


@dataclass(frozen=True, slots=True)
class Problem:
    """slug: of errors.py, stable. retry_after: whole seconds, where asking again may help."""

    slug: str
    status: int
    detail: str
    retry_after: int | None = None

    @property
    def body(self) -> dict[str, object]:
        title = "Key used before" if self.slug == "key-reused" else _TITLES.get(self.status, "Problem")
        return {"type": TYPE + self.slug, "title": title, "status": self.status, "detail": self.detail}


def of(error: StoriesError) -> Problem:
    seconds = error.retry_after if isinstance(error, BusyError) else _BUSY_SECONDS
    return _made(error.problem, type(error).__name__, str(error), seconds)


def of_address(error: StoriesError) -> Problem:
    """Why a signed address is not served: its message is for whoever follows it."""
    return Problem(error.problem, 403, _sentence(str(error)))


def of_failure(failed: status.Status) -> Problem:
    """Why a story was not made, from what its maker left."""
    return _made(failed.problem, failed.kind, failed.detail, _BUSY_SECONDS)


def of_workflow(name: str) -> StoriesError:
    """What a state machine calls an error, as one of ours: the class's name, or States.Timeout."""
    if name in {"States.Timeout", "Sandbox.Timedout"}:
        return errors.UnavailableError("it took too long", problem="too-slow")
    if name == "Lambda.TooManyRequestsException":
        return errors.ThrottledError("no room for a step of the workflow")
    if name.startswith("Lambda."):
        return errors.UnavailableError("a step of the workflow could not run")
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, StoriesError) and kind is not BusyError:
        return kind("a step of the workflow failed")
    return StoriesError("a step of the workflow failed")


def _made(slug: str, kind: str, message: str, seconds: int) -> Problem:
    code = _STATUS_OF_PROBLEM.get(slug) or _STATUS.get(kind, 500)
    detail = _sentence(message) if slug in _OWN_WORDS and message else _WORDS.get(slug, _ANYTHING)
    return Problem(slug or "failed", code, detail, seconds if code in {429, 503} else None)


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "!", "?")) else ".")
