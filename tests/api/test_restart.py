"""Servers as processes: two on one store, one killed in the middle, one stopped by Ctrl-C."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipeline.engines.embedded.files import FileStore
from pipeline.storage import keys
from pipeline.storage.ledger import payments
from tests.api.calling import IDEA, Response, until
from tests.api.servers import Server, serving
from tests.command import Stories

TAP = {"Idempotency-Key": "one tap"}


def followed(server: Server, location: str) -> Any:
    """The story once it is complete or failed."""
    return until(lambda: server("GET", location).json, lambda view: view["status"] in {"done", "failed"})


def stories_paid(stories: Stories) -> int:
    """Completions that are stories, by the ledger of the store."""
    rows = payments(FileStore(stories.out))
    return sum(row.usage.calls for row in rows if row.verb == "complete" and row.of.startswith("story@"))


def test_64_equal_requests_to_two_servers_are_one_completion_and_one_story(stories: Stories) -> None:
    together = threading.Barrier(64)
    with serving(stories, seconds=0.02, count=2) as servers:

        def send(number: int) -> Response:
            together.wait(timeout=120)
            return servers[number % 2]("POST", "/", {"context": IDEA, "locale": "fr"}, headers=TAP)

        with ThreadPoolExecutor(64) as pool:
            responses = list(pool.map(send, range(64)))
        completions = [server.calls.count("complete") for server in servers]
        translations = sum(server.calls.count("translate") for server in servers)
        narrations = sum(server.calls.count("synthesize") for server in servers)
    assert {response.status for response in responses} == {200}
    assert len({response.json["id"] for response in responses}) == 1
    assert len({response.json["story"] for response in responses}) == 1
    assert stories_paid(stories) == 1
    # One server wrote and judged, the other did not call its engine; each segment was spoken once.
    assert min(completions) == 0
    assert translations == 1
    assert narrations == len(responses[0].json["segments"])


def test_after_a_kill_a_restart_makes_every_accepted_story(stories: Stories) -> None:
    ideas = [f"{IDEA} {number}" for number in range(8)]
    with serving(stories, hold="synthesize 3", STORIES_WORKERS="1") as [first]:
        accepted = [first("POST", "/stories", {"context": idea, "locale": "fr"}) for idea in ideas]
        until(lambda: first.calls.count("synthesize") == 3)
        first.kill()
    assert [response.status for response in accepted] == [202] * 8
    store = FileStore(stories.out)
    for response in accepted:
        assert store.get(keys.request(response.json["id"]))
        assert store.get(keys.status(response.json["id"], "fr"))
    with serving(stories) as [second]:
        views = [followed(second, response.headers["location"]) for response in accepted]
        assert [view["status"] for view in views] == ["done"] * 8
        assert any("accepted before: 8" in line for line in second.lines)
        until(lambda: len(second("GET", "/shelf").json["stories"]) == 8)
    assert stories_paid(stories) == 8


def test_what_a_killed_server_accepted_is_made_by_the_other(stories: Stories) -> None:
    """Without another request, and without a restart."""
    with (
        serving(stories, hold="synthesize 3", STORIES_WORKERS="1") as [first],
        serving(stories) as [second],
    ):
        accepted = [first("POST", "/stories", {"context": f"{IDEA} {number}"}) for number in range(6)]
        until(lambda: first.calls.count("synthesize") == 3)
        again = second("POST", "/stories", {"context": f"{IDEA} 5", "variant": accepted[5].json["variant"]})
        assert (again.status, again.json["status"]) == (202, "queued")
        assert not second.calls  # it is the first one's
        first.kill()
        views = [followed(second, response.headers["location"]) for response in accepted]
        assert [view["status"] for view in views] == ["done"] * 6
    assert stories_paid(stories) == 6


def test_a_request_killed_before_its_response_is_the_same_story_by_its_key(stories: Stories) -> None:
    body = {"context": IDEA}
    with serving(stories, hold="complete 1") as [first], ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: first("POST", "/", body, headers=TAP))
        until(lambda: first.calls)
        first.kill()
        assert waiting.exception(60) is not None
    with serving(stories) as [second]:
        response = second("POST", "/", body, headers=TAP)
        assert response.status == 200
        assert second("POST", "/", body, headers=TAP).json["id"] == response.json["id"]
    assert stories_paid(stories) == 1


def test_ctrl_c_answers_waiting_requests_and_the_next_start_continues(stories: Stories) -> None:
    body = {"context": IDEA, "variant": 1}
    with serving(stories, hold="complete 1", count=2) as [maker, other], ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(maker, "POST", "/", body)]
        until(lambda: maker.calls)
        waiting.append(pool.submit(other, "POST", "/", body))  # waits for the first server's story
        # An engine that never answers holds up neither of them.
        assert [other.stop(), maker.stop()] == [130, 130]
        first = waiting[0].result(60)
        assert first.status == 202
        assert waiting[1].exception(60) or waiting[1].result().status == 202
    with serving(stories) as [server]:
        assert followed(server, first.headers["location"])["status"] == "done"
    assert stories_paid(stories) == 1
