"""Everything that is true of every route: limits, problems, headers, logs."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import CORSConfig, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from pipeline.api import problems, routes
from pipeline.api.answers import HEADERS, JSON, Answer, refused, refused_unread
from pipeline.api.problems import Problem
from pipeline.api.resolver import Resolver
from pipeline.api.service import OnDemand
from pipeline.errors import StoriesError

Event = dict[str, Any]
MOST_BYTES = 16_384
_ALLOWED = ["Content-Type", "Idempotency-Key", "Authorization", "X-Api-Key"]
_EXPOSED = ["Location", "Retry-After"]
_NOWHERE = Problem("not-found", 404, "There is nothing at this address.")


class Api:
    """wait: seconds that POST / waits for a story. origin: of the page that may call it, "" for none."""

    def __init__(self, stories: OnDemand, wait: float, origin: str = "") -> None:
        self._log = logging.getLogger(__name__)
        self._cors = _cors(origin)
        self.resolver = Resolver(enable_validation=True, cors=self._cors)
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
        problem = self._problem(event)
        answer = self._unread(event, problem) if problem else self.resolver.resolve(_plain(event), context)
        return self._sent(event, answer, started)

    def refuse(self, event: Event, problem: Problem) -> Answer:
        """For whoever found, before the API saw it, that a request cannot be read."""
        return self._sent(event, self._unread(event, problem), time.perf_counter())

    def _unread(self, event: Event, problem: Problem) -> Answer:
        """What Powertools adds to a route's answer is added here: a page may read a refusal, too."""
        headers = self._cors.to_dict(_header(event, "origin")) if self._cors else {}
        if problem.status == 405:
            methods = [*self._routes.methods(event["path"]), *(["OPTIONS"] if self._cors else [])]
            headers["Allow"] = ", ".join(methods)
        return refused_unread(problem, headers)

    def _sent(self, event: Event, answer: Answer, started: float) -> Answer:
        headers: dict[str, list[str]] = answer.setdefault("multiValueHeaders", {})
        for name, value in HEADERS.items():
            headers.setdefault(name, [value])
        if self._cors:
            headers["Vary"] = ["Origin"]
        self._tell(event, answer, time.perf_counter() - started)
        return answer

    def _problem(self, event: Event) -> Problem | None:
        """Why it is refused unread."""
        method, allowed = event["httpMethod"], self._routes.methods(event["path"])
        if allowed and method not in allowed and not (self._cors and method == "OPTIONS"):
            return Problem("method-not-allowed", 405, f"This address answers {', '.join(allowed)}.")
        if method != "POST":
            return None
        if len((event.get("body") or "").encode("utf-8", "replace")) > MOST_BYTES:
            return too_large()
        if allowed and _kind(event) != JSON:
            return Problem("unsupported-media-type", 415, f"Send the request as {JSON}.")
        return None

    def _catch(self) -> None:
        handlers: dict[type[Exception], Any] = {
            StoriesError: self._known,
            RequestValidationError: lambda error: refused(Problem("bad-request", 400, _first(error))),
            Exception: self._broken,
        }
        for kind, handler in handlers.items():
            self.resolver.exception_handler(kind)(handler)
        self.resolver.not_found(lambda _: refused(_NOWHERE))

    def _known(self, error: StoriesError) -> Response[Any]:
        problem = problems.of(error)
        if problem.status >= 500:
            self._log.error("request failed", extra={"problem": problem.slug}, exc_info=error)
        return refused(problem)

    def _broken(self, error: Exception) -> Response[Any]:
        self._log.error("request failed", exc_info=error)
        return refused(problems.of(StoriesError("")))

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
    where = ".".join(str(part) for part in found["loc"][1:])[:60] or str(found["loc"][0])
    if found["type"] == "extra_forbidden":
        return f"Unknown field {where!r}."
    wrong = found["msg"][:1].lower() + found["msg"][1:]
    if found["type"] == "string_pattern_mismatch":
        wrong = "it has another form"
    return f"What was sent as {where!r} cannot be read: {wrong}."


def _cors(origin: str) -> CORSConfig | None:
    if not origin:
        return None
    return CORSConfig(allow_origin=origin, allow_headers=_ALLOWED, expose_headers=_EXPOSED, max_age=600)


def _header(event: Event, name: str) -> str:
    headers: Mapping[str, str] = event.get("headers") or {}
    return next((value or "" for key, value in headers.items() if key.lower() == name), "")


def _kind(event: Event) -> str:
    return _header(event, "content-type").split(";")[0].strip().lower()


def _plain(event: Event) -> Event:
    """Powertools knows JSON by its lower-case name alone; a media type has no case (RFC 9110)."""
    if _kind(event) != JSON or _header(event, "content-type").startswith(JSON):
        return event
    headers = {name.lower(): value for name, value in event["headers"].items()}
    return {**event, "headers": {**headers, "content-type": JSON}}
