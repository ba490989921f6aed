"""A person's changes over HTTP: an edited story is followed as any other, and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.app import App
from pipeline.storage import keys
from tests.api.calling import IDEA, FakeApi, unguarded
from tests.api.pausing import Gate, HeldSpeech

NEW = "She sat in the warm sand."
CHANGE = {"locale": "en", "changes": [{"segment": 2, "text": NEW}]}


def change(segment: int) -> dict[str, Any]:
    """Another one, so that tests which share a story do not make each other's."""
    return {"locale": "en", "changes": [{"segment": segment, "text": NEW}]}


def sentences(view: Any) -> list[str]:
    return [segment["text"] for segment in view["segments"]]


@pytest.fixture(scope="module")
def api() -> FakeApi:
    return unguarded(FakeApi())


@pytest.fixture(scope="module")
def first(api: FakeApi) -> Any:
    """A story that is made, in English."""
    return api("POST", "/", {"context": IDEA}).json


def test_an_edit_is_another_story_of_which_one_sentence_is_spoken(api: FakeApi, first: Any) -> None:
    calls = len(api.text.calls), len(api.speech.calls)
    response = api.post(f"/stories/{first['id']}/edits", CHANGE)
    assert response.status == 202
    assert response.headers["location"] == f"/stories/{response.json['id']}/en"
    edited = api.followed(response.headers["location"])
    assert (len(api.text.calls), len(api.speech.calls)) == (calls[0], calls[1] + 1)
    assert sentences(edited) == [*sentences(first)[:2], NEW, *sentences(first)[3:]]
    assert (edited["revises"], edited["variant"]) == (first["id"], first["variant"])
    assert "edited by a person" in edited["labels"]
    assert "revises" not in api.get(f"/stories/{first['id']}/en").json
    again = api.post(f"/stories/{first['id']}/edits", CHANGE)
    assert (again.status, again.json["id"]) == (200, edited["id"])


def test_what_did_not_change_is_heard_while_the_changed_sentence_is_spoken() -> None:
    gate = Gate()
    gate.let(10)
    api = unguarded(FakeApi(speech=HeldSpeech(gate)))
    story = api("POST", "/", {"context": IDEA}).json
    response = api.post(f"/stories/{story['id']}/edits", CHANGE)
    view = api.get(response.headers["location"]).json
    gate.open()
    assert view["revises"] == story["id"]
    assert sentences(view)[2] == NEW
    assert ["audioUrl" in segment for segment in view["segments"][:4]] == [True, True, False, False]
    assert api.followed(response.headers["location"])["mp3Url"]


def test_another_language_of_an_edited_story_is_asked_for_as_ever(api: FakeApi, first: Any) -> None:
    api.followed(api.post(f"/stories/{first['id']}/locales", {"locale": "fr"}).headers["location"])
    location = api.post(f"/stories/{first['id']}/edits", change(4)).headers["location"]
    edited = api.followed(location)["id"]
    before = len(api.translation.calls)
    response = api.post(f"/stories/{edited}/locales", {"locale": "fr"})
    french = api.followed(response.headers["location"])
    assert api.translation.calls.arguments[before:] == [(NEW, "en", "fr")]
    assert sentences(french)[4] == f"[fr] {NEW}"


@pytest.mark.parametrize(
    ("order", "status", "problem"),
    [
        ({"changes": [{"segment": 10, "text": NEW}]}, 400, "bad-edit"),
        ({"changes": [{"segment": -1, "text": NEW}]}, 400, "bad-request"),
        ({"changes": [{"segment": "1", "text": NEW}]}, 400, "bad-request"),
        ({"changes": [{"segment": 1, "text": "a" * 601}]}, 400, "bad-request"),
        ({"changes": [{"segment": 1, "text": ""}] * 201}, 400, "bad-request"),
        ({"changes": []}, 400, "bad-edit"),
        ({"changes": [{"segment": 1, "text": NEW}], "locale": "xx"}, 400, "unknown-locale"),
        ({"changes": [{"segment": 1, "text": NEW}], "locale": "it"}, 404, "not-found"),
        ({"changes": [{"segment": 1, "text": "She was dead."}]}, 422, "unsafe-idea"),
        ({"title": "See www.example.com"}, 400, "address"),
    ],
)
def test_what_cannot_be_changed_so_is_a_problem_in_words(
    api: FakeApi, first: Any, order: dict[str, Any], status: int, problem: str
) -> None:
    response = api.post(f"/stories/{first['id']}/edits", {"locale": "en", **order})
    assert (response.status, response.problem) == (status, problem)


def test_a_story_that_is_not_there_cannot_be_edited(api: FakeApi) -> None:
    response = api.post(f"/stories/{'0' * 32}/edits", CHANGE)
    assert (response.status, response.problem) == (404, "not-found")


def test_undo_brings_back_the_one_before(api: FakeApi, first: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    deleted: list[str] = []

    def delete(_: App, story_id: str) -> None:
        deleted.append(story_id)

    monkeypatch.setattr("pipeline.steps.revise.delete", delete)
    location = api.post(f"/stories/{first['id']}/edits", change(6)).headers["location"]
    edited = api.followed(location)["id"]
    response = api.post(f"/stories/{edited}/undo", {})
    assert (response.status, response.json) == (200, {"id": first["id"]})
    assert deleted == [edited]
    response = api.post(f"/stories/{first['id']}/undo", {})
    assert (response.status, response.problem) == (400, "bad-edit")
    assert next(api.store.list(keys.request(first["id"])))
