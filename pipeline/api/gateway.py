"""Everything that is true of every route: limits, problems, headers, logs."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import CORSConfig, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from pipeline import problems
from pipeline.api import routes
from pipeline.api.answers import JSON, Answer, refused, refused_unread
from pipeline.api.resolver import Resolver
from pipeline.errors import StoriesError
from pipeline.ondemand import OnDemand
from pipeline.problems import Problem

Event = dict[str, Any]
MOST_BYTES = 16_384
# An answer is data for one caller: never sniffed, framed, run, or kept by a cache between.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000",
    "Cache-Control": "no-store",
}
_ALLOWED = ["Content-Type", "Idempotency-Key", "Authorization", "X-Api-Key"]
_EXPOSED = ["Location", "Retry-After"]


class Api:
    """wait: seconds that POST / waits for a story. origin: of the page that may call it, "" for none."""

    def __init__(self, stories: OnDemand, wait: float, origin: str = "") -> None:
        self._log = logging.getLogger(__name__)
        self.resolver = Resolver(enable_validation=True, cors=_cors(origin))
        self._routes = routes.Routes(stories, wait)
        self._routes.register(self.resolver)
        self._catch()

    def warm(self) -> None:
        """Each route once: Powertools assembles it at its first call, which two threads may not share."""
        for path, method in self._routes.addresses():
            event = {"httpMethod": method, "path": path, "headers": {}, "body": "", "requestContext": {}}
            self.resolver.resolve(event, None)

    def __call__(self, event: Event, context: Any) -> Answer:
        """Never raises: what goes wrong is an answer."""
        started = time.perf_counter()
        answer = self._refused(event) or self.resolver.resolve(event, context)
        headers: dict[str, list[str]] = answer.setdefault("multiValueHeaders", {})
        for name, value in _HEADERS.items():
            headers.setdefault(name, [value])
        self._tell(event, answer, time.perf_counter() - started)
        return answer

    def _refused(self, event: Event) -> Answer | None:
        """What is refused unread."""
        if event["httpMethod"] != "POST":
            return None
        if len((event.get("body") or "").encode("utf-8", "replace")) > MOST_BYTES:
            return refused_unread(too_large())
        kind = _header(event, "content-type").split(";")[0].strip().lower()
        if kind != JSON:
            told = f"Send the request as {JSON}."
            return refused_unread(Problem("unsupported-media-type", 415, told))
        return None

    def _catch(self) -> None:
        handlers: dict[type[Exception], Any] = {
            StoriesError: self._known,
            RequestValidationError: lambda error: refused(Problem("bad-request", 400, _first(error))),
            Exception: self._broken,
        }
        for kind, handler in handlers.items():
            self.resolver.exception_handler(kind)(handler)
        self.resolver.not_found(self._nowhere)

    def _known(self, error: StoriesError) -> Response[Any]:
        problem = problems.of(error)
        if problem.status >= 500:
            self._log.error("request failed", extra={"problem": problem.slug}, exc_info=error)
        return refused(problem)

    def _broken(self, error: Exception) -> Response[Any]:
        self._log.error("request failed", exc_info=error)
        return refused(problems.of(StoriesError("")))

    def _nowhere(self, _: Exception) -> Response[Any]:
        allowed = self._routes.methods(self.resolver.current_event.path)
        if not allowed:
            return refused(Problem("not-found", 404, "There is nothing at this address."))
        told = f"This address answers {', '.join(allowed)}."
        return refused(Problem("method-not-allowed", 405, told), {"Allow": ", ".join([*allowed, "OPTIONS"])})

    def _tell(self, event: Event, answer: Answer, seconds: float) -> None:
        """No bodies, no queries, no headers: an idea may name a child."""
        story = (event.get("pathParameters") or {}).get("story_id") or routes.story_id(event["path"])
        extra = {
            "method": event["httpMethod"],
            "path": event["path"][:120],
            "status": answer["statusCode"],
            "milliseconds": round(seconds * 1000, 1),
            "story_id": story,
            "request_id": event.get("requestContext", {}).get("requestId", ""),
        }
        self._log.info("request", extra=extra)


def too_large() -> Problem:
    return Problem("too-large", 413, f"A request has {MOST_BYTES} bytes at most: say the idea in one line.")


def _first(error: RequestValidationError) -> str:
    """The first finding, in words; the value itself is not quoted back."""
    found = error.errors()[0]
    if found["type"] == "json_invalid":
        return "The body is no JSON."
    where = ".".join(str(part) for part in found["loc"][1:]) or str(found["loc"][0])
    if found["type"] == "extra_forbidden":
        return f"Unknown field {where[:60]!r}."
    return f"{where[:60]}: {found['msg']}."


def _cors(origin: str) -> CORSConfig | None:
    if not origin:
        return None
    return CORSConfig(allow_origin=origin, allow_headers=_ALLOWED, expose_headers=_EXPOSED, max_age=600)


def _header(event: Event, name: str) -> str:
    headers: Mapping[str, str] = event.get("headers") or {}
    return next((value or "" for key, value in headers.items() if key.lower() == name), "")
