"""Who is a grown-up where a sign-in says it, and where nothing does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.api.guard import Nobody, SignedIn
from pipeline.engines.fake import MemoryStore
from pipeline.errors import NotFoundError, RequestError
from pipeline.steps.accept import acceptable, commit
from tests.making import fake_app

EVERYBODY: list[dict[str, Any]] = [
    {"authorizer": {"claims": {"sub": "6d0f-a"}}},
    {"authorizer": {"claims": {"sub": "6d0f-b"}}},
    {"identity": {"userArn": "arn:aws:iam::123456789012:user/a"}},
    {"identity": {"userArn": "arn:aws:sts::123456789012:assumed-role/r/a"}},
    {
        "identity": {
            "cognitoIdentityId": "eu-west-1:1",
            "userArn": "arn:aws:sts::123456789012:assumed-role/r/p",
        }
    },
    {
        "identity": {
            "cognitoIdentityId": "eu-west-1:2",
            "userArn": "arn:aws:sts::123456789012:assumed-role/r/p",
        }
    },
]
STRANGERS: list[dict[str, Any]] = [
    {},
    {"identity": {"sourceIp": "192.0.2.1", "apiKeyId": "key"}},
    {"authorizer": {"claims": "none"}, "identity": {"userArn": None}},
]


def event(context: dict[str, Any]) -> dict[str, Any]:
    return {"requestContext": context, "headers": {"X-Pin": "2580"}}


def test_each_signed_in_caller_has_an_owner_and_nobody_else_has_any() -> None:
    guard = SignedIn(fake_app(MemoryStore()))
    owners = [guard.owner(event(context)) for context in EVERYBODY]
    assert len(set(owners)) == len(EVERYBODY)
    assert all(len(owner) == 32 and "6d0f" not in owner for owner in owners)
    assert [guard.owner(event(context)) for context in STRANGERS] == [""] * 3
    assert not guard.needs_pin


def test_only_who_asked_first_is_the_grown_up_of_a_story() -> None:
    app = fake_app(MemoryStore())
    guard = SignedIn(app)
    mine, other = map(event, EVERYBODY[:2])
    story_id = commit(app, replace(acceptable(app, "a shy snail"), owner=guard.owner(mine)))
    nobodys = commit(app, acceptable(app, "a brave hen"))
    commit(app, replace(acceptable(app, "a shy snail"), owner=guard.owner(other)))
    guard.check(mine, story_id)
    for caller, story in [
        (other, story_id),
        (mine, nobodys),
        *((event(each), story_id) for each in STRANGERS),
    ]:
        with pytest.raises(RequestError) as caught:
            guard.check(caller, story)
        assert caught.value.problem == "grown-up-needed"
    with pytest.raises(NotFoundError):
        guard.check(mine, "0" * 32)


def test_without_a_sign_in_nobody_is_a_grown_up() -> None:
    guard = Nobody()
    assert (guard.owner(event(EVERYBODY[0])), guard.needs_pin, guard.has_pin) == ("", False, False)
    for call in (lambda: guard.check(event(EVERYBODY[0]), "0" * 32), lambda: guard.choose_pin("2580", "")):
        with pytest.raises(RequestError) as caught:
            call()
        assert caught.value.problem == "grown-up-needed"
