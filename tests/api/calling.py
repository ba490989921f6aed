"""The API called as API Gateway calls it, without a socket, on fake engines that count their calls."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pipeline.api.gateway import Api
from pipeline.api.guard import Event
from pipeline.api.in_process.home import Home
from pipeline.api.in_process.runner import InProcess
from pipeline.api.problems import TYPE
from pipeline.api.responses import PROBLEM
from pipeline.api.service import OnDemand
from pipeline.engines.fake import FakeSpeech, FakeText, FakeTranslation, MemoryStore
from pipeline.ports import Store
from pipeline.server.signed_urls import MediaStore
from pipeline.storage import private
from tests.counting import CountingSpeech, CountingText, CountingTranslation
from tests.making import fake_app

IDEA = "a shy snail"


@dataclass(frozen=True)
class Response:
    """headers: by lower-case name, the last of each."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        """The slug of a problem+json, after a check of its other members."""
        assert self.headers["content-type"] == PROBLEM, self
        body = self.json
        assert body["status"] == self.status
        assert body["title"]
        assert not body["detail"][0].islower()
        assert body["detail"][-1] in ".!?"
        slug: str = body["type"].removeprefix(TYPE)
        assert slug != body["type"]
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


def as_response(proxy: Mapping[str, Any]) -> Response:
    headers = {name.lower(): values[-1] for name, values in proxy["multiValueHeaders"].items()}
    return Response(proxy["statusCode"], headers, proxy["body"] or "")


@dataclass
class FakeApi:
    """An API on a store. text, translation, speech: engines, which are counted. wait: seconds of POST /."""

    store: Store = field(default_factory=MemoryStore)
    text: Any = field(default_factory=FakeText)
    translation: Any = field(default_factory=FakeTranslation)
    speech: Any = field(default_factory=FakeSpeech)
    wait: float = 120
    origin: str = ""
    workers: int = 2
    waiting: int = 16
    publish: bool = False
    today: Callable[[], date] = private.today

    def __post_init__(self) -> None:
        self.text = CountingText(self.text)
        self.translation = CountingTranslation(self.translation)
        self.speech = CountingSpeech(self.speech)
        media = MediaStore(self.store, "http://127.0.0.1:8000", b"secret")
        self.app = fake_app(media, self.text, self.translation, self.speech, today=lambda: self.today())
        self.runner = InProcess(self.app, self.workers, self.waiting, self.publish)
        self.handler = Api(OnDemand(self.app, self.runner), self.wait, self.origin)

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> Response:
        """body: text as it is, anything else as JSON."""
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        headers = {"Content-Type": "application/json", **more.pop("headers", {})}
        return as_response(self.handler(event(method, path, text, headers, **more), None))

    def post(self, path: str = "/stories", body: Any = None, key: str = "", **more: Any) -> Response:
        headers = {"Idempotency-Key": key} if key else {}
        return self("POST", path, {"context": IDEA} if body is None else body, headers=headers, **more)

    def get(self, path: str, **more: Any) -> Response:
        return self("GET", path, **more)

    def followed(self, location: str, state: str = "done") -> Any:
        """The story once it is in `state` and its maker has ended: it is complete before it is listed.

        location: /stories/{id}/{locale}, of the locale's first voice.
        """
        story = until(lambda: self.get(location).json, lambda view: view["status"] == state)
        story_id, locale = location.removeprefix("/stories/").split("/")
        until(lambda: self.runner.outlook(story_id, locale) is None)
        return story


class Open(Home):
    """Everybody is a grown-up."""

    def check(self, event: Event, story_id: str) -> None:
        return

    def choose_pin(self, pin: str, old: str) -> None:
        return


def unguarded(api: FakeApi) -> FakeApi:
    """The same at home, with no PIN to show."""
    api.handler = Api(OnDemand(api.app, api.runner, guard=Open(api.store)), api.wait)
    return api


def until(look: Callable[[], Any], good: Callable[[Any], Any] = bool, seconds: float = 120) -> Any:
    """What `look` returns once it is good. seconds: a limit that only a failure reaches."""
    deadline = time.monotonic() + seconds
    while not good(value := look()):
        assert time.monotonic() < deadline, value
        time.sleep(0.005)
    return value
