"""Another voice and pace, as callers of the API ask for them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from pipeline.engines.fake import MemoryStore
from pipeline.steps import committed
from pipeline.storage import shelf
from pipeline.storage.sounds import sound
from tests.api.calling import IDEA, FakeApi

SLOW = {"voice": "low", "pace": 0.8}


def test_a_story_is_asked_of_another_voice_at_another_pace() -> None:
    api = FakeApi()
    reply = api.post("/stories", {"context": IDEA, "variant": 1, "locale": "fr", **SLOW})
    assert reply.status == 202
    assert reply.headers["location"] == f"/stories/{reply.json['id']}/fr?voice=low&pace=0.8"
    address = f"/stories/{reply.json['id']}/fr"
    query = {"voice": "low", "pace": "0.8"}
    while (view := api.get(address, query=query).json)["status"] != "done":
        assert (view["locale"], view["voice"], view["pace"]) == ("fr", "low", 0.8)
        assert view["status"] != "failed"
    assert (view["locale"], view["voice"], view["pace"]) == ("fr", "low", 0.8)
    assert view["locales"] == []
    assert api.get(address).status == 404


def test_it_is_beside_the_story_by_the_locales_own_voice_and_from_the_same_text() -> None:
    api = FakeApi()
    own = api("POST", "/", {"context": IDEA, "variant": 1, "locale": "fr"}).json
    low = api("POST", "/", {"context": IDEA, "variant": 1, "locale": "fr", "voice": "Low"}).json
    assert (low["id"], low["story"], low["locales"]) == (own["id"], own["story"], ["fr"])
    assert low["mp3Url"] != own["mp3Url"]
    assert "voice" not in own
    assert (api.text.stories, len(api.translation.calls)) == (1, 1)
    spoken = len(api.speech.calls)
    assert spoken == 2 * len(own["segments"])
    again = api.post(f"/stories/{own['id']}/locales", {"locale": "fr", "voice": "low"})
    assert (again.status, again.json["status"]) == (200, "done")
    assert len(api.speech.calls) == spoken


def unsigned(view: Any) -> str:
    """Without what differs from second to second in its addresses."""
    return re.sub(r"expires=\d+&signature=\w+", "", json.dumps(view, sort_keys=True))


def test_the_locales_own_voice_by_name_is_the_story_itself() -> None:
    api = FakeApi()
    own = api("POST", "/", {"context": IDEA, "variant": 1}).json
    named = api("POST", "/", {"context": IDEA, "variant": 1, "voice": "fake", "pace": 1}).json
    view = api.get(f"/stories/{own['id']}/en", query={"voice": "fake", "pace": "1.0"}).json
    assert unsigned(named) == unsigned(view) == unsigned(own)


@pytest.mark.parametrize("path", ["/", "/stories"])
def test_a_voice_that_the_locale_lacks_is_refused_with_those_it_has(path: str) -> None:
    api = FakeApi()
    refused = api.post(path, {"context": IDEA, "voice": "nobody"})
    assert (refused.status, refused.problem) == (400, "unknown-voice")
    assert "fake, low" in refused.json["detail"]
    assert list(api.store.list("")) == []


@pytest.mark.parametrize("pace", [0.69, 1.31, 0, -1, "fast", "1.0", True])
def test_a_pace_that_no_voice_has_is_refused_in_words(pace: Any) -> None:
    api = FakeApi()
    refused = api.post("/stories", {"context": IDEA, "pace": pace})
    assert (refused.status, refused.problem) == (400, "bad-request")
    assert "pace" in refused.json["detail"]
    assert list(api.store.list("")) == []


@pytest.mark.parametrize("query", [{"voice": "nobody"}, {"pace": "2"}, {"pace": "slow"}, {"voice": ""}])
def test_a_voice_or_a_pace_is_checked_when_a_story_is_read(query: dict[str, str]) -> None:
    api = FakeApi()
    story_id = api("POST", "/", {"context": IDEA}).json["id"]
    assert api.get(f"/stories/{story_id}/en", query=query).status == 400


def test_a_key_that_came_with_another_voice_is_refused() -> None:
    api = FakeApi()
    first = api.post("/stories", {"context": IDEA, **SLOW}, key="tap")
    assert api.post("/stories", {"context": IDEA, **SLOW}, key="tap").json["id"] == first.json["id"]
    assert api.post("/stories", {"context": IDEA}, key="tap").problem == "key-reused"


def test_a_published_edition_is_listed_with_its_voice_beside_the_locales_own() -> None:
    api = FakeApi()
    for more in ({}, SLOW):
        api("POST", "/", {"context": IDEA, "variant": 1, "locale": "fr", **more})
    story_id = api("POST", "/", {"context": IDEA, "variant": 1, "locale": "it"}).json["id"]
    for edition in ("fr", "fr-x-low-p80", "it"):
        shelf.publish(api.store, committed.manifest(api.store, story_id, edition))
    for query, count in (({}, 3), ({"locale": "fr"}, 2), ({"locale": "it"}, 1)):
        cards = api.get("/stories", query=query).json["stories"]
        assert len(cards) == count
    french = api.get("/stories", query={"locale": "fr"}).json["stories"]
    assert [(card["locale"], card.get("voice"), card.get("pace")) for card in french] == [
        ("fr", "low", 0.8),
        ("fr", None, None),
    ]


def test_a_voice_says_one_sentence_and_is_paid_for_once() -> None:
    api = FakeApi()
    first = api.get("/locales/fr-BE/voices/Low")
    assert (first.status, first.json.keys()) == (200, {"text", "audioUrl", "durationMs"})
    assert first.json["text"].startswith("Il était une fois")
    assert first.json["durationMs"] == len(first.json["text"]) * 60  # FakeSpeech: 60 ms a character
    assert "/cache/speak/" in first.json["audioUrl"]
    assert api.get("/locales/fr/voices/low").json["text"] == first.json["text"]
    assert len(api.speech.calls) == 1
    assert api.get("/locales/fr/voices/fake").json["audioUrl"] != first.json["audioUrl"]


def test_a_damaged_sentence_of_a_voice_is_spoken_again() -> None:
    store = MemoryStore()
    url = FakeApi(store).get("/locales/fr/voices/low").json["audioUrl"]
    (key,) = store.list("cache/speak/")
    data = store.get(key)
    store.put(key, data[:-1] + b"!")
    api = FakeApi(store)
    assert api.get("/locales/fr/voices/low").json["audioUrl"].partition("?")[0] == url.partition("?")[0]
    assert len(api.speech.calls) == 1
    assert sound(key, store.get(key)) == sound(key, data)


@pytest.mark.parametrize(
    ("path", "problem"),
    [("/locales/fr/voices/nobody", "unknown-voice"), ("/locales/tlh/voices/low", "unknown-locale")],
)
def test_a_voice_that_is_not_there_says_nothing(path: str, problem: str) -> None:
    api = FakeApi()
    assert (api.get(path).status, api.get(path).problem) == (400, problem)
    assert len(api.speech.calls) == 0
