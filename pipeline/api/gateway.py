"""What all routes share: limits, problems, headers, logs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from aws_lambda_powertools.event_handler import CORSConfig, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from pipeline.api import problems, routes
from pipeline.api.events import Event, header, proxy_event, story_id
from pipeline.api.problems import Problem
from pipeline.api.resolver import Resolver
from pipeline.api.responses import HEADERS, JSON, ProxyResponse, problem_response, proxy_problem
from pipeline.api.service import OnDemand
from pipeline.errors import NotFoundError, StoriesError
from pipeline.ports import Store
from pipeline.storage import keys

MOST_BYTES = 16_384
_ALLOWED = ["Content-Type", "Idempotency-Key", "Authorization", "X-Api-Key", "X-Pin"]
_WITH_BODY = frozenset({"POST", "PUT"})
_EXPOSED = ["Location", "Retry-After"]
# Of a person's making, and a person's to mend: their messages say all.
_REMEDIES = frozenset({"disk-full", "unwritable"})
_NO_EVENT: Event = {"httpMethod": "", "path": ""}
NO_ADDRESS = Problem("not-found", 404, "There is nothing at this address.")


class Api:
    """A handler of proxy events. wait: seconds that POST / waits for a story. origin: of the page that may
    call it, "" for none. life: seconds for which signed URLs are valid. check: raises StoreError where the
    store does not work, for GET /health.
    """

    def __init__(
        self,
        stories: OnDemand,
        wait: float,
        origin: str = "",
        life: float = 900,
        check: Callable[[], object] | None = None,
    ) -> None:
        self._log = logging.getLogger(__name__)
        # At DEBUG it logs what a route is called with: ideas, a child's name, a PIN.
        logging.getLogger("aws_lambda_powertools.event_handler").setLevel(logging.INFO)
        self._cors = _cors(origin)
        self.resolver = Resolver(enable_validation=True, cors=self._cors)
        check = check or partial(_read, stories.app.store)
        self._routes = routes.Routes(self.resolver, stories, wait, life, check, origin)
        self._handle_errors()

    def warm(self) -> None:
        """Calls each route once: Powertools builds it at its first call, which two threads may not share."""
        for path, method in self._routes.addresses():
            event = {"httpMethod": method, "path": path, "headers": {}, "body": "", "requestContext": {}}
            self.resolver.resolve(event, None)

    def __call__(self, sent: object, context: Any) -> ProxyResponse:
        """Never raises: every failure is a response. sent: should be a proxy event."""
        started = time.perf_counter()
        event = proxy_event(sent)
        if isinstance(event, Problem):
            return self._finished(_NO_EVENT, proxy_problem(event), started)
        if problem := self._problem(event):
            response = self._rejection(event, problem)
        else:
            response = self.resolver.resolve(_normalized(event), context)
        return self._finished(event, response, started)

    def reject(self, event: Event, problem: Problem) -> ProxyResponse:
        """For a server that finds that a request cannot be read."""
        return self._finished(event, self._rejection(event, problem), time.perf_counter())

    def _rejection(self, event: Event, problem: Problem) -> ProxyResponse:
        """With the CORS headers that Powertools adds to a route's response: a page may read it."""
        headers = self._cors.to_dict(header(event, "origin")) if self._cors else {}
        if problem.status == 405:
            methods = [*self._routes.methods(event["path"]), *(["OPTIONS"] if self._cors else [])]
            headers["Allow"] = ", ".join(methods)
        return proxy_problem(problem, headers)

    def _finished(self, event: Event, response: ProxyResponse, started: float) -> ProxyResponse:
        """With the headers of every response; logged."""
        headers: dict[str, list[str]] = response.setdefault("multiValueHeaders", {})
        for name, value in HEADERS.items():
            headers.setdefault(name, [value])
        if self._cors:
            headers["Vary"] = ["Origin"]
        self._log_request(event, response, time.perf_counter() - started)
        return response

    def _problem(self, event: Event) -> Problem | None:
        """Why it is rejected before it is parsed; None where it is not."""
        method, allowed = event["httpMethod"], self._routes.methods(event["path"])
        if allowed and method not in allowed and not (self._cors and method == "OPTIONS"):
            return Problem("method-not-allowed", 405, f"This address answers {', '.join(allowed)}.")
        if method not in _WITH_BODY:
            return None
        if len(event["body"].encode("utf-8", "replace")) > MOST_BYTES:
            return too_large()
        if allowed and _media_type(event) != JSON:
            return Problem("unsupported-media-type", 415, f"Send the request as {JSON}.")
        return None

    def _handle_errors(self) -> None:
        handlers: dict[type[Exception], Any] = {
            StoriesError: self._known,
            RequestValidationError: _invalid,
            Exception: self._unexpected,
        }
        for kind, handler in handlers.items():
            self.resolver.exception_handler(kind)(handler)
        self.resolver.not_found(lambda _: problem_response(NO_ADDRESS))

    def _known(self, error: StoriesError) -> Response[Any]:
        problem = problems.of(error)
        if problem.slug in _REMEDIES:
            self._log.error("request failed: %s", error, extra={"problem": problem.slug})
        elif problem.status >= 500:
            self._log.error("request failed", extra={"problem": problem.slug}, exc_info=error)
        return problem_response(problem)

    def _unexpected(self, error: Exception) -> Response[Any]:
        self._log.error("request failed", exc_info=error)
        return problem_response(problems.of(StoriesError("")))

    def _log_request(self, event: Event, response: ProxyResponse, seconds: float) -> None:
        """No bodies, no queries, no headers: an idea may name a child."""
        extra = {
            "method": event["httpMethod"],
            "path": event["path"][:120],
            "status": response["statusCode"],
            "milliseconds": round(seconds * 1000, 1),
            "story_id": story_id(event["path"]),
            "request_id": event.get("requestContext", {}).get("requestId", ""),
        }
        self._log.info("request", extra=extra)


def _read(store: Store) -> None:
    with suppress(NotFoundError):
        store.get(keys.HEALTH)


def too_large() -> Problem:
    return Problem("too-large", 413, f"A request has {MOST_BYTES} bytes at most: give the idea in one line.")


def _invalid(error: RequestValidationError) -> Response[Any]:
    return problem_response(Problem("bad-request", 400, _detail(error.errors()[0])))


def _detail(error: Mapping[str, Any]) -> str:
    """A validation error of pydantic's as a sentence, without the value itself."""
    if error["type"] == "json_invalid":
        return "The body is not JSON."
    field = ".".join(str(part) for part in error["loc"][1:])[:60] or str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        return f"Unknown field {field!r}."
    reason = error["msg"][:1].lower() + error["msg"][1:]
    if error["type"] == "string_pattern_mismatch":
        reason = "it does not have the required form"
    return f"The value of {field!r} is not valid: {reason}."


def _cors(origin: str) -> CORSConfig | None:
    if not origin:
        return None
    return CORSConfig(allow_origin=origin, allow_headers=_ALLOWED, expose_headers=_EXPOSED, max_age=600)


def _media_type(event: Event) -> str:
    return header(event, "content-type").split(";")[0].strip().lower()


def _normalized(event: Event) -> Event:
    """As Powertools knows it: JSON by its lower-case name only, while a media type has no case; and no HEAD,
    which is a GET whose body the server leaves out (RFC 9110).
    """
    if event["httpMethod"] == "HEAD":
        return {**event, "httpMethod": "GET"}
    if _media_type(event) != JSON or header(event, "content-type").startswith(JSON):
        return event
    headers = {name.lower(): value for name, value in event["headers"].items()}
    return {**event, "headers": {**headers, "content-type": JSON}}
