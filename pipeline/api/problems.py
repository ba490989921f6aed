"""Errors as a caller of the API reads them (RFC 9457): a stable type, words for a person, no internals."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import BusyError, StoriesError, ThrottledError, UnavailableError, error_class
from pipeline.steps.status import Status

TYPE = "urn:mvp-stories:problem:"
_BUSY_SECONDS = 5
# Where a slug's HTTP status is not that of its class.
_STATUS = {
    "key-reused": 422,
    "disk-full": 507,
    "no-pin": 403,
    "wrong-pin": 403,
    "grown-up-needed": 403,
    "private-story": 422,
}
# Their messages are written for the caller, and quote nothing but the request.
PUBLIC = frozenset(
    "empty-idea short-idea long-idea control-characters no-words markup address instructions unsafe-idea "
    "unsafe-violence unsafe-fear unsafe-grown-up unsafe-self-harm unsafe-hate unsafe-danger unsafe-rude "
    "unknown-idea-language unknown-locale bad-variant unknown-voice bad-pace unknown-length unknown-audience "
    "bad-edit key-reused queue-full quota-exceeded".split()
)
_WORDS = {
    "experimental-locale": "This language is experimental here, its voice is hard to understand: "
    'send "experimental": true to have it all the same.',
    "another-writer": "This story was requested of another model and is not written: send its idea again.",
    "no-good-story": "No draft of this story was good enough: ask for another, or word the idea differently.",
    "bad-translation": "The translation was not good enough: try another language, or ask for another story.",
    "not-found": "There is no such story in this language: request it first.",
    "no-shelf": "There is no shelf here without a sign-in: the stories of this device are kept on it.",
    "no-pin": "No PIN is set yet: choose one first.",
    "wrong-pin": "This needs the grown-ups' PIN.",
    "too-many-tries": "The PIN was wrong too often: try again later.",
    "grown-up-needed": "This is for a grown-up who is signed in, and who asked for this story.",
    "being-made": "This story is being made just now: delete it once it is done.",
    "private-story": "A story with a child's name is not published.",
    "no-push": "Changes of stories are not pushed here: ask for the story again and again instead.",
    "disk-full": "The disk of this server is full: free some space there, then ask again.",
    "unwritable": "This server cannot write where it keeps its stories: its log says what to do.",
    "interrupted": "The story was interrupted: ask for it again, finished parts are kept.",
    "damaged-record": "A stored part of this story is damaged; `stories verify` says which, and mends it.",
    "damaged-sound": "This sound is damaged: ask for its story again, which makes the sound again.",
    "busy": "The story is taking much longer than it should: ask for it again later.",
    "too-slow": "The story took too long: ask for it again, finished parts are kept.",
    "throttled": "Many stories are being made just now: ask again in a moment.",
    "unavailable": "The storyteller cannot be reached just now: ask again in a moment.",
}
_TITLES = {
    400: "Bad request",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "Too slow",
    413: "Too large",
    415: "Unsupported media type",
    422: "Not for a children's story",
    429: "Busy",
    431: "Too large",
    500: "Something is wrong here",
    502: "The story could not be made",
    503: "Not available now",
    507: "No space left",
}
_TITLES_OF = {"key-reused": "Key used before", "private-story": "Not for everybody"}
_ANY_FAILURE = "The story could not be made: ask again later."


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem+json. slug: of errors.py, stable. retry_after: whole seconds, where a retry may help."""

    slug: str
    status: int
    detail: str
    retry_after: int | None = None

    @property
    def body(self) -> dict[str, object]:
        title = _TITLES_OF.get(self.slug) or _TITLES.get(self.status, "Problem")
        return {"type": TYPE + self.slug, "title": title, "status": self.status, "detail": self.detail}


def of(error: StoriesError) -> Problem:
    seconds = error.retry_after if isinstance(error, BusyError) else _BUSY_SECONDS
    return _problem(error.problem, type(error), str(error), seconds)


def of_address(error: StoriesError) -> Problem:
    """Why a signed address is not served; the error's message is written for the caller."""
    return Problem(error.problem, 403, _sentence(str(error)))


def of_failure(failed: Status) -> Problem:
    """Why a story was not made, from its failed status."""
    return _problem(failed.problem, error_class(failed.kind), failed.detail, _BUSY_SECONDS)


def of_workflow(name: str) -> StoriesError:
    """The error that a state machine reports as `name`: a class of errors.py, or States.Timeout."""
    if name in {"States.Timeout", "Sandbox.Timedout"}:
        return UnavailableError("it took too long", problem="too-slow")
    if name == "Lambda.TooManyRequestsException":
        return ThrottledError("no room for a step of the workflow")
    if name.startswith("Lambda."):
        return UnavailableError("a step of the workflow could not run")
    return error_class(name)("a step of the workflow failed")


def _problem(slug: str, kind: type[StoriesError], message: str, seconds: int) -> Problem:
    code = _STATUS.get(slug, kind.http_status)
    detail = _sentence(message) if slug in PUBLIC and message else _WORDS.get(slug, _ANY_FAILURE)
    return Problem(slug or kind.default_problem, code, detail, seconds if code in {429, 503} else None)


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "!", "?")) else ".")
