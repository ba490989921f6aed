"""Every error that leaves the pipeline. Class names are public: Step Functions matches them.

StoriesError
├ ConfigError
├ RequestError
├ BusyError               retryable
├ EngineError
│  ├ ThrottledError         retryable
│  ├ UnavailableError       retryable
│  └ ContentRejectedError
└ StoreError
   └ NotFoundError

Each carries `problem`, a stable slug for what went wrong ("unknown-locale", "disk-full"): entry
points turn it into an exit status or a problem+json type. The message is one line for a person:
what is wrong, and what to do.
"""

from __future__ import annotations


class StoriesError(Exception):
    """The root. `retryable`: whether the same call may succeed a moment later."""

    retryable = False
    default_problem = "failed"

    def __init__(self, message: str, *, problem: str = "") -> None:
        super().__init__(message)
        self.problem = problem or self.default_problem


class ConfigError(StoriesError):
    """Something on this machine is missing or set wrongly; the message says how to mend it."""

    default_problem = "config"


class RequestError(StoriesError):
    """What was asked for cannot be had: a bad idea, an unknown locale."""

    default_problem = "bad-request"


class BusyError(StoriesError):
    """More is asked than can be made now. retry_after: whole seconds after which to ask again."""

    retryable = True
    default_problem = "queue-full"

    def __init__(self, message: str, *, retry_after: int = 5, problem: str = "") -> None:
        super().__init__(message, problem=problem)
        self.retry_after = retry_after


class EngineError(StoriesError):
    """An engine answered wrongly or not at all. `engine`: its name."""

    default_problem = "engine"

    def __init__(self, message: str, *, engine: str = "", problem: str = "") -> None:
        super().__init__(message, problem=problem)
        self.engine = engine


class ThrottledError(EngineError):
    """The engine is busy."""

    retryable = True
    default_problem = "throttled"


class UnavailableError(EngineError):
    """The engine or the network cannot be reached now."""

    retryable = True
    default_problem = "unavailable"


class ContentRejectedError(EngineError):
    """Not for a child: an unsafe idea, or no completion that passed the checks."""

    default_problem = "unsafe"


class StoreError(StoriesError):
    """The store cannot be read or written."""

    default_problem = "store"


class NotFoundError(StoreError):
    """No such key."""

    default_problem = "not-found"
