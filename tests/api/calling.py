"""The API called as API Gateway calls it, without a socket, on an App whose engines a test counts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.api.gateway import Api
from pipeline.api.runner import InProcess
from pipeline.api.service import OnDemand
from pipeline.app import App
from pipeline.engines.fake import FakeSpeech, FakeText, FakeTranslation, MemoryStore
from pipeline.ports import Store
from pipeline.server.signed_urls import MediaStore
from tests.counting import CountingSpeech, CountingText, CountingTranslation
from tests.making import fake_app

IDEA = "a shy snail"
PROBLEM = "application/problem+json"
TYPE = "urn:mvp-stories:problem:"


@dataclass(frozen=True)
class Answer:
    """headers: by lower-case name, the last of each."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        """The slug of a problem+json, whose other members are checked on the way."""
        assert self.headers["content-type"] == PROBLEM, self
        told = self.json
        assert told["status"] == self.status
        assert told["title"]
        assert not told["detail"][0].islower()
        assert told["detail"][-1] in ".!?"
        slug: str = told["type"].removeprefix(TYPE)
        assert slug != told["type"]
        return slug


def event(
    method: str,
    path: str,
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    caller: str = "203.0.113.7",
) -> dict[str, Any]:
    """A REST API's proxy event (API Gateway: input format of a Lambda function for proxy integration)."""
    headers, query = dict(headers or {}), dict(query or {})
    return {
        "httpMethod": method,
        "path": path,
        "resource": path,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} or None,
        "pathParameters": None,
        "body": body,
        "isBase64Encoded": False,
        "requestContext": {"path": path, "httpMethod": method, "identity": {"sourceIp": caller}},
    }


def answer(told: Mapping[str, Any]) -> Answer:
    headers = {name.lower(): values[-1] for name, values in told["multiValueHeaders"].items()}
    return Answer(told["statusCode"], headers, told["body"] or "")


@dataclass
class Calling:
    """An API on a store, its engines counted. wait: seconds that POST / waits."""

    store: Store = field(default_factory=MemoryStore)
    text: Any = None
    translation: Any = None
    speech: Any = None
    wait: float = 30
    origin: str = ""
    workers: int = 2
    waiting: int = 16
    publish: bool = False
    changed: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.written = CountingText(self.text or FakeText())
        self.translated = CountingTranslation(self.translation or FakeTranslation())
        self.spoken = CountingSpeech(self.speech or FakeSpeech())
        media = MediaStore(self.store, "http://127.0.0.1:8000", b"secret")
        self.app: App = fake_app(media, self.written, self.translated, self.spoken, **self.changed)
        self.runner = InProcess(self.app, self.workers, self.waiting, self.publish)
        self.api = Api(OnDemand(self.app, self.runner), self.wait, self.origin)

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """body: text as it is, anything else as JSON."""
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        headers = {"Content-Type": "application/json", **more.pop("headers", {})}
        return answer(self.api(event(method, path, text, headers, **more), None))

    def post(self, path: str = "/stories", body: Any = None, key: str = "", **more: Any) -> Answer:
        headers = {"Idempotency-Key": key} if key else {}
        return self("POST", path, {"context": IDEA} if body is None else body, headers=headers, **more)

    def get(self, path: str, **more: Any) -> Answer:
        return self("GET", path, **more)

    def followed(self, location: str, state: str = "done", seconds: float = 20) -> Any:
        """The story once it is in `state`."""
        return until(
            lambda: self.get(location).json, lambda told: told["status"] == state, seconds, self.get(location)
        )


def until(look: Callable[[], Any], good: Callable[[Any], bool], seconds: float = 20, why: object = "") -> Any:
    """What `look` sees once it is good."""
    deadline = time.monotonic() + seconds
    while not good(seen := look()):
        assert time.monotonic() < deadline, f"{seen} ({why})"
        time.sleep(0.01)
    return seen
