"""Followers kept in a store: who is posted to, how often, and how tickets end."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from pipeline.api.followers import Followers, StoredTickets
from pipeline.api.push import Edition
from pipeline.engines.fake import MemoryStore
from pipeline.errors import UnavailableError
from pipeline.storage import keys

SNAIL, OWL = Edition("5" * 32, "fr"), Edition("6" * 32, "en")


@dataclass
class Gateway:
    """Connections by a fake. seconds: that a post takes. posts: (connection, text). gone: connections."""

    seconds: float = 0
    now: float = 100.0
    posts: list[tuple[str, str]] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    is_down: bool = False
    forgotten: list[str] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def post(self, connection: str, text: str) -> bool:
        self.now += self.seconds
        if self.is_down:
            raise UnavailableError("no answer")
        self.posts.append((connection, text))
        return connection not in self.gone

    def forget(self, key: str) -> None:
        self.forgotten.append(key)


def followers(gateway: Gateway, *connections: str) -> Followers:
    changes = Followers(MemoryStore(), gateway, gateway.clock)
    for connection in connections:
        changes.follow(connection, [SNAIL])
    return changes


def test_each_state_is_posted_and_progress_once_a_second() -> None:
    gateway = Gateway()
    changes = followers(gateway, "a")
    for done in range(12):
        changes.changed(*SNAIL, "speaking", done, 12)
        gateway.now += 0.25
    changes.changed(*SNAIL, "done")
    changes.changed(*OWL, "done")
    posted = [json.loads(text) for _, text in gateway.posts]
    progress = [("speaking", 0), ("speaking", 4), ("speaking", 8), ("done", 0)]
    assert [(each["state"], each["done"]) for each in posted] == progress


def test_those_who_are_gone_are_forgotten_and_the_others_are_posted_to() -> None:
    gateway = Gateway(gone={"a/+="})
    followers(gateway, "a/+=", "b").changed(*SNAIL, "done")
    assert {connection for connection, _ in gateway.posts} == {"a/+=", "b"}
    assert gateway.forgotten == [keys.follower(*SNAIL, "a/+=")]


def test_a_connection_is_posted_only_what_it_follows_now() -> None:
    gateway = Gateway()
    changes = followers(gateway, "a")
    changes.follow("a", [OWL])
    assert gateway.forgotten == [keys.follower(*SNAIL, "a")]
    changes.changed(*OWL, "writing")
    changes.follow("a", [])
    assert gateway.forgotten[1:] == [keys.follower(*OWL, "a")]
    assert [connection for connection, _ in gateway.posts] == ["a"]


def test_a_gateway_that_does_not_answer_takes_a_tenth_of_a_steps_time_at_most() -> None:
    gateway = Gateway(seconds=1, is_down=True)
    changes, begin, waited = followers(gateway, *"abc"), gateway.now, 0.0
    while gateway.now < begin + 100:
        before = gateway.now
        changes.changed(*SNAIL, "writing", 1, 300)
        waited += gateway.now - before
        gateway.now += 0.1
    assert 0 < waited <= 11


def test_one_report_posts_to_twenty_at_most() -> None:
    gateway = Gateway()
    followers(gateway, *map(str, range(50))).changed(*SNAIL, "done")
    assert len(gateway.posts) == 20


def test_a_store_that_fails_is_no_failure_of_the_story() -> None:
    class Broken(MemoryStore):
        def list(self, prefix: str, after: str = "") -> None:  # type: ignore[override]
            raise UnavailableError("no answer")

    gateway = Gateway()
    Followers(Broken(), gateway, gateway.clock).changed(*SNAIL, "done")
    assert gateway.posts == []


def test_a_ticket_is_good_once_within_a_minute() -> None:
    now, store = [1e9], MemoryStore()
    tickets = StoredTickets(store, "wss://x.example/dev", lambda: now[0])
    first, second = (tickets.address("", "").removeprefix("wss://x.example/dev?ticket=") for _ in range(2))
    now[0] += 59
    assert [tickets.use(first), tickets.use(first), tickets.use("0" * 32), tickets.use("../x")] == [
        True,
        False,
        False,
        False,
    ]
    now[0] += 2
    assert not tickets.use(second)
