"""Pushed changes on the profile `aws`: the functions of API, WebSocket API and workflow, and a client."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from infra.local_aws import Fault, LocalAws
from infra.local_aws.deploy import ENVIRONMENT, HANDLERS, deploy
from pipeline import lambdas
from pipeline.bootstrap import build_store
from pipeline.config.settings import Settings
from tests.api.calling import IDEA, as_response, event, until
from tests.infra.branches import logging_restored

_PATIENCE = 60.0
POST = "PostToConnection"


def ask(path: str, body: Any) -> Any:
    proxy = event("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    response = as_response(lambdas.FUNCTIONS["MvpStoriesWorkflowTrigger"](proxy, None))
    assert response.status in {200, 202}, response
    return response.json


def follow(client: ClientConnection, story_id: str, version: str = "") -> None:
    client.send(json.dumps({"follow": [{"id": story_id, "edition": "fr", "seen": version}]}))


def until_over(client: ClientConnection) -> list[Any]:
    """All events up to the last."""
    events = [json.loads(client.recv(timeout=_PATIENCE))]
    while events[-1]["state"] not in {"done", "failed"}:
        events.append(json.loads(client.recv(timeout=_PATIENCE)))
    return events


def entries() -> list[str]:
    """Of followers, in the bucket."""
    return list(build_store(Settings.from_env(os.environ)).list("push/followers/"))


@pytest.fixture
def stack(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    """A stack that pushes."""
    monkeypatch.setattr(aws.options, "lambdas", HANDLERS)
    for name, value in {**ENVIRONMENT, "STORIES_WORKFLOW": deploy(aws), "STORIES_PUSH": aws.push}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STORIES_ORIGIN", "https://page.example")
    with logging_restored():
        yield aws
    until(lambda: not aws.account.sockets)


@contextmanager
def connected(**options: Any) -> Iterator[ClientConnection]:
    with connect(ask("/push", {})["address"], proxy=None, **options) as client:
        yield client


def test_a_story_is_followed_to_its_end_and_resumed(stack: LocalAws) -> None:
    with connected(origin="https://page.example") as client:
        story_id = ask("/stories", {"context": IDEA, "locale": "fr"})["id"]
        follow(client, story_id)
        events = until_over(client)
        assert len(entries()) == 1
    states = ["queued", "writing", "translating", "speaking", "done"]
    places = [states.index(each["state"]) for each in events]
    assert places == sorted(places)
    assert {(each["id"], each["edition"]) for each in events} == {(story_id, "fr")}
    assert set(events[0]) == {"id", "edition", "state", "done", "total", "seen"}
    until(lambda: not entries())
    with connected() as client:
        follow(client, story_id, "speaking 1/2")
        assert until_over(client) == events[-1:]


def test_a_follower_that_is_gone_is_forgotten(stack: LocalAws) -> None:
    handler = lambdas.FUNCTIONS["MvpStoriesPush"]
    story_id = ask("/stories", {"context": IDEA, "locale": "fr"})["id"]
    context = {"routeKey": "$default", "connectionId": "gone/+="}
    body = json.dumps({"follow": [{"id": story_id, "edition": "fr"}]})
    assert handler({"requestContext": context, "body": body}, None) == {"statusCode": 200}
    assert entries() == []
    assert stack.requests(POST) >= 1


def test_no_story_fails_for_who_follows_it(stack: LocalAws) -> None:
    with connected() as client:
        stack.inject(POST, Fault("throttle", times=None))
        story_id = ask("/stories", {"context": IDEA, "locale": "fr"})["id"]
        follow(client, story_id)
        until(lambda: view(story_id), lambda story: story["status"] == "done")
        stack.clear(POST)
        follow(client, story_id)
        assert until_over(client)[-1]["state"] == "done"


def view(story_id: str) -> Any:
    proxy = event("GET", f"/stories/{story_id}/fr")
    return as_response(lambdas.FUNCTIONS["MvpStoriesWorkflowTrigger"](proxy, None)).json


def test_only_holders_of_a_fresh_ticket_from_the_page_connect(stack: LocalAws) -> None:
    address = ask("/push", {})["address"]
    with connect(address, proxy=None):
        pass
    refused = [
        (address, None),
        (address.partition("?")[0], None),
        (f"{stack.push}?ticket=../x", None),
        (f"{stack.push}?ticket={'0' * 32}", None),
        (ask("/push", {})["address"], "https://evil.example"),
    ]
    for again, origin in refused:
        with pytest.raises(InvalidStatus) as answer:
            connect(again, proxy=None, origin=origin)
        assert answer.value.response.status_code == 403


@pytest.mark.parametrize(
    "sent", [None, [], {"requestContext": {"routeKey": "$default"}}, {"requestContext": 1}]
)
def test_an_event_of_another_shape_is_refused(stack: LocalAws, sent: Any) -> None:
    assert lambdas.FUNCTIONS["MvpStoriesPush"](sent, None) == {"statusCode": 400}


def test_a_message_that_is_none_changes_nothing(stack: LocalAws) -> None:
    handler = lambdas.FUNCTIONS["MvpStoriesPush"]
    context = {"routeKey": "$default", "connectionId": "a"}
    for body in (None, "", "[]", "x" * 5000):
        assert handler({"requestContext": context, "body": body}, None) == {"statusCode": 400}
    assert entries() == []


def test_without_a_websocket_api_nothing_is_kept_or_posted(
    stack: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORIES_PUSH")
    proxy = event("POST", "/push", "{}", {"Content-Type": "application/json"})
    response = as_response(lambdas.FUNCTIONS["MvpStoriesWorkflowTrigger"](proxy, None))
    assert (response.status, response.problem) == (404, "no-push")
    context = {"routeKey": "$connect", "connectionId": "a"}
    assert lambdas.FUNCTIONS["MvpStoriesPush"]({"requestContext": context}, None) == {"statusCode": 404}
