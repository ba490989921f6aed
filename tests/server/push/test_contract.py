"""What a page and the local server say to each other over a WebSocket, with a client library's client."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import MemoryStore
from pipeline.errors import ContentRejectedError
from pipeline.steps import status
from pipeline.steps.status import Status
from tests.api.calling import IDEA, until
from tests.api.pausing import BrokenText, HeldSpeech
from tests.api.servers import call
from tests.server.push.serving import Pushing, identity, pushing

FIELDS = {"id", "edition", "state", "done", "total", "seen"}


def ask(server: Pushing, locale: str = "fr") -> str:
    """The id of a story that was asked for."""
    response = call(server.base, "POST", "/stories", {"context": IDEA, "locale": locale, "variant": 0})
    assert response.status in {200, 202}, response
    return str(response.json["id"])


def test_a_story_is_followed_from_its_order_to_its_end() -> None:
    with pushing() as server:
        client = server.connect()
        story_id = ask(server)
        client.follow((story_id, "fr"))
        events = client.until("done")
        view = call(server.base, "GET", f"/stories/{story_id}/fr").json
    assert view["status"] == "done"
    assert all(set(event) == FIELDS for event in events)
    assert {(event["id"], event["edition"]) for event in events} == {(story_id, "fr")}
    order = ["queued", "writing", "translating", "speaking", "done"]
    places = [order.index(event["state"]) for event in events]
    assert places == sorted(places)
    assert len({event["seen"] for event in events}) == len(events)
    assert IDEA not in json.dumps(events)


def test_each_sentence_is_pushed_when_it_is_spoken() -> None:
    speech = HeldSpeech()
    with pushing(speech=speech) as server:
        client = server.connect()
        story_id = ask(server)
        client.follow((story_id, "fr"))
        client.until("translating")
        for number in range(1, 4):
            speech.gate.let()
            event = client.until("speaking")[-1]
            while event["done"] < number:
                event = client.next()
            assert (event["done"], event["total"]) == (number, 10)
            sounds = until(lambda: _sounds(server.base, story_id), lambda count, least=number: count >= least)
            assert sounds == number
        speech.gate.open()
        assert client.until("done")[-1]["total"] == 0


def _sounds(base: str, story_id: str) -> int:
    """How many sentences the view has sounds of."""
    view = call(base, "GET", f"/stories/{story_id}/fr").json
    return sum("audioUrl" in segment for segment in view["segments"])


def test_a_client_that_was_away_resumes_with_the_newest_state() -> None:
    speech = HeldSpeech()
    with pushing(speech=speech) as server:
        first = server.connect()
        story_id = ask(server)
        first.follow((story_id, "fr"))
        before = first.until("translating")[-1]
        first.link.close()
        speech.gate.open()
        second = server.connect()
        second.follow((story_id, "fr", before["seen"]))
        events = second.until("done")
        second.link.close()
        # Who has seen the end is not told again: the first event is another story's.
        status.queue(server.api.app.store, identity(1), "en")
        third = server.connect()
        third.follow((story_id, "fr", events[-1]["seen"]), (identity(1), "en"))
        assert third.next()["id"] == identity(1)
    assert before["seen"] not in {event["seen"] for event in events}


def test_a_story_that_fails_is_pushed() -> None:
    def refusal() -> ContentRejectedError:
        return ContentRejectedError("no", problem="no-good-story")

    with pushing(text=BrokenText(error=refusal)) as server:
        client = server.connect()
        client.follow((ask(server), "fr"))
        assert client.until("failed")[-1]["done"] == 0


def test_what_another_server_on_the_same_store_makes_is_pushed(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    with pushing(store) as maker, pushing(store) as server:
        client = server.connect()
        story_id = ask(maker)
        client.follow((story_id, "fr"))
        assert client.until("done")[-1]["id"] == story_id


def test_a_state_that_another_process_writes_is_pushed_while_it_is_followed() -> None:
    store = MemoryStore()
    status.write(store, identity(1), "fr", Status(status.WRITING, 2e9, 3, 10))
    with pushing(store) as server:
        client = server.connect()
        client.follow((identity(1), "fr"))
        assert client.next()["done"] == 3
        status.write(store, identity(1), "fr", Status(status.FAILED, 2e9, problem="throttled"))
        assert client.next()["state"] == "failed"


def test_what_is_followed_replaces_what_was_followed_before() -> None:
    with pushing() as server:
        client = server.connect()
        for number in (1, 2):
            status.queue(server.api.app.store, identity(number), "fr")
        client.follow((identity(1), "fr"))
        assert client.next()["id"] == identity(1)
        client.follow((identity(2), "fr"))
        assert client.next()["id"] == identity(2)
        server.hub.changed(identity(1), "fr", status.WRITING)
        server.hub.changed(identity(2), "fr", status.WRITING)
        assert client.next()["id"] == identity(2)


def test_twenty_editions_are_followed_and_unknown_ones_are_no_error() -> None:
    with pushing() as server:
        client = server.connect()
        status.queue(server.api.app.store, identity(3), "de")
        client.follow(
            *((identity(number % 16), "fr" if number < 16 else "xx") for number in range(19)),
            (identity(3), "de"),
        )
        assert client.next()["edition"] == "de"
        server.hub.changed(identity(9), "fr", status.SPEAKING, 4, 10)
        assert client.next()["done"] == 4


def test_an_address_has_the_host_that_was_called() -> None:
    with pushing() as server:
        response = call(server.base, "POST", "/push", {}, {"Host": "localhost:8080"})
    assert response.json["address"].startswith("ws://localhost:8080/ws?ticket=")


def test_a_story_that_was_complete_before_is_done_at_once(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    with pushing(store) as server:
        story_id = str(
            call(server.base, "POST", "/", {"context": IDEA, "locale": "en", "variant": 0}).json["id"]
        )
    with pushing(store) as server:
        client = server.connect()
        client.follow((story_id, "en"))
        assert client.next()["state"] == "done"
