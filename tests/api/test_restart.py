"""Servers as processes: two on one store, one that is killed in the middle, one that is told to end."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from pipeline.engines.embedded.files import FileStore
from pipeline.storage import keys
from pipeline.storage.ledger import payments
from tests.api.calling import IDEA, Answer, until
from tests.api.servers import Server, serving
from tests.command import Stories


def followed(server: Server, location: str) -> dict[str, object]:
    told: dict[str, object] = until(
        lambda: server("GET", location).json, lambda seen: seen["status"] in {"done", "failed"}
    )
    return told


def stories_paid(stories: Stories) -> int:
    """Completions that are stories, by the ledger of the store."""
    found = payments(FileStore(stories.out))
    return sum(one.usage.calls for one in found if one.verb == "complete" and one.of.startswith("story@"))


def test_64_equal_requests_over_two_servers_are_one_completion_and_one_story(stories: Stories) -> None:
    together = threading.Barrier(64)
    with serving(stories, 0.05, how_many=2) as servers:

        def ask(number: int) -> Answer:
            together.wait(timeout=30)
            body = {"context": IDEA, "locale": "fr"}
            return servers[number % 2]("POST", "/", body, headers={"Idempotency-Key": "one tap"})

        with ThreadPoolExecutor(64) as pool:
            seen = list(pool.map(ask, range(64)))
        written = [one.calls.count("complete") for one in servers]
        translated = sum(one.calls.count("translate") for one in servers)
        spoken = sum(one.calls.count("synthesize") for one in servers)
    assert {one.status for one in seen} == {200}
    assert len({one.json["id"] for one in seen}) == 1
    assert len({one.json["story"] for one in seen}) == 1
    assert stories_paid(stories) == 1
    # One server wrote and judged, the other asked its engine nothing; each sentence was spoken once.
    assert min(written) == 0
    assert translated == 1
    assert spoken == len(seen[0].json["segments"])


def test_killed_in_the_middle_it_makes_after_a_restart_all_that_it_accepted(stories: Stories) -> None:
    with serving(stories, 0.1, STORIES_WORKERS="2") as [first]:
        accepted = [
            first("POST", "/stories", {"context": f"{IDEA} {number}", "locale": "fr"}) for number in range(8)
        ]
        until(lambda: first.calls.count("synthesize"), lambda calls: calls > 2)
        first.kill()
    assert [one.status for one in accepted] == [202] * 8
    store = FileStore(stories.out)
    for one in accepted:
        assert store.get(keys.request(one.json["id"]))
        assert store.get(keys.status(one.json["id"], "fr"))
    with serving(stories, 0.01) as [second]:
        seen = [followed(second, one.headers["location"]) for one in accepted]
        assert [one["status"] for one in seen] == ["done"] * 8
        assert any("asked for before: 8" in line for line in second.told)
        until(lambda: len(second("GET", "/stories").json["stories"]), lambda found: found == 8)
    assert stories_paid(stories) == 8


def test_a_request_killed_before_its_202_leaves_nothing_half(stories: Stories) -> None:
    """Whoever got no answer asks again with the same key, and gets the one story."""
    body = {"context": IDEA}
    with serving(stories, 0.3) as [first], ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            lambda: first("POST", "/", body, headers={"Idempotency-Key": "tap"}),
        )
        until(lambda: first.calls, bool)
        first.kill()
        assert waiting.exception(30) is not None
    with serving(stories) as [second]:
        told = second("POST", "/", body, headers={"Idempotency-Key": "tap"})
        assert told.status == 200
        assert second("POST", "/", body, headers={"Idempotency-Key": "tap"}).json["id"] == told.json["id"]
    assert stories_paid(stories) == 1


def test_told_to_end_it_answers_who_waits_and_goes_on_at_the_next_start(stories: Stories) -> None:
    with serving(stories, 3, how_many=2) as servers, ThreadPoolExecutor(2) as pool:
        body = {"context": IDEA, "variant": 1}
        waiting = [pool.submit(servers[0], "POST", "/", body)]
        until(lambda: servers[0].calls, bool)
        waiting.append(pool.submit(servers[1], "POST", "/", body))  # joins the other server's
        time.sleep(0.5)
        took = [server.stop() for server in reversed(servers)]
        seen = [one.result(30) for one in waiting]
    assert max(took) < 10  # the grace, and what a busy machine adds
    assert [one.status for one in seen] == [202, 202]
    with serving(stories) as [server]:
        assert followed(server, seen[0].headers["location"])["status"] == "done"
    assert stories_paid(stories) == 1


def test_a_slow_model_is_accepted_before_it_says_a_word_and_survives_a_restart(stories: Stories) -> None:
    with serving(stories, 10, STORIES_WAIT="1") as [first]:
        began = time.monotonic()
        told = first("POST", "/stories", {"context": IDEA})
        assert time.monotonic() - began < 10
        late = first("POST", "/", {"context": IDEA, "variant": told.json["variant"]})
        assert (late.status, late.json["id"]) == (202, told.json["id"])
        assert first("GET", told.headers["location"]).json["status"] in {"queued", "writing"}
        first.kill()
    with serving(stories, 0.1) as [second]:
        assert followed(second, told.headers["location"])["status"] == "done"
    assert stories_paid(stories) == 1
