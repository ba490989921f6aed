"""Every error that leaves the pipeline, with its exit status and its HTTP status.

                            exit  HTTP
    StoriesError               3   500
    ├ ConfigError              4   500
    ├ RequestError             5   400
    ├ BusyError                6   429   retryable
    ├ EngineError              7   502
    │  ├ ThrottledError        8   503   retryable
    │  ├ UnavailableError      9   503   retryable
    │  └ ContentRejectedError 10   422
    ├ StoreError              11   500
    │  ├ NotFoundError        12   404
    │  └ DamagedError         14   500
    └ OutputError             13   500   the command line only

The command's other exit statuses: 0 success, 1 an unexpected failure (a bug), 2 a command line that
cannot be parsed, 130 interrupted (Ctrl-C).

Class names are public: Step Functions matches them. `problem` is a stable slug that says more exactly what
is wrong ("unknown-locale", "disk-full"): the command prints it in brackets, the API sends it as the
problem's type. The message is one line for a person: what is wrong, and what to do.
"""

from __future__ import annotations


class StoriesError(Exception):
    """The root. `retryable`: whether the same call may succeed a moment later."""

    exit_status = 3
    http_status = 500
    retryable = False
    default_problem = "failed"

    def __init__(self, message: str, *, problem: str = "") -> None:
        super().__init__(message)
        self.problem = problem or self.default_problem


class ConfigError(StoriesError):
    """Something on this machine is missing or set wrongly; the message says how to mend it."""

    exit_status = 4
    default_problem = "config"


class RequestError(StoriesError):
    """The request cannot be fulfilled as it is: a bad idea, an unknown locale."""

    exit_status = 5
    http_status = 400
    default_problem = "bad-request"


class BusyError(StoriesError):
    """More requests than can be served now. retry_after: whole seconds after which to try again."""

    exit_status = 6
    http_status = 429
    retryable = True
    default_problem = "queue-full"

    def __init__(self, message: str, *, retry_after: int = 5, problem: str = "") -> None:
        super().__init__(message, problem=problem)
        self.retry_after = retry_after


class EngineError(StoriesError):
    """An engine failed, or returned something that cannot be used. `engine`: its name."""

    exit_status = 7
    http_status = 502
    default_problem = "engine"

    def __init__(self, message: str, *, engine: str = "", problem: str = "") -> None:
        super().__init__(message, problem=problem)
        self.engine = engine


class ThrottledError(EngineError):
    """The engine is busy."""

    exit_status = 8
    http_status = 503
    retryable = True
    default_problem = "throttled"


class UnavailableError(EngineError):
    """The engine or the network cannot be reached now."""

    exit_status = 9
    http_status = 503
    retryable = True
    default_problem = "unavailable"


class ContentRejectedError(EngineError):
    """Not suitable for a child: an unsafe idea, or no completion that passed the checks."""

    exit_status = 10
    http_status = 422
    default_problem = "unsafe"


class StoreError(StoriesError):
    """The store cannot be read or written."""

    exit_status = 11
    default_problem = "store"


class NotFoundError(StoreError):
    """No such key."""

    exit_status = 12
    http_status = 404
    default_problem = "not-found"


class OutputError(StoriesError):
    """What the command prints cannot be written. stream: which failed, "stdout" or "stderr"."""

    exit_status = 13
    default_problem = "output"

    def __init__(self, message: str, *, stream: str = "stdout", problem: str = "") -> None:
        super().__init__(message, problem=problem)
        self.stream = stream


class DamagedError(StoreError):
    """What is stored is not what was written."""

    exit_status = 14
    default_problem = "damaged-record"


def error_class(name: str) -> type[StoriesError]:
    """The class of this name; StoriesError for any other name."""
    kind = globals().get(name)
    return kind if isinstance(kind, type) and issubclass(kind, StoriesError) else StoriesError
