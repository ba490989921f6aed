"""Two servers on one store, of which one ends; and a store after a power cut."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.api.in_process import takeover
from pipeline.api.in_process.runner import InProcess
from pipeline.api.models import StoryOrder
from pipeline.api.service import Edition, OnDemand
from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import MemoryStore
from pipeline.errors import EngineError, NotFoundError
from pipeline.ports import Store
from pipeline.steps import status
from pipeline.steps.accept import accept
from pipeline.steps.committed import is_complete
from pipeline.storage import keys
from pipeline.storage.locks import Locks
from tests.api.calling import until
from tests.api.pausing import Gate, HeldText
from tests.engines.embedded.power_cut import Disk
from tests.making import fake_app

ORDER = StoryOrder(context="a shy snail", variant=7)


class Clock:
    """Of all servers. Their claims live for 60 s."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def server(store: Store, clock: Callable[[], float], gate: Gate | None = None) -> OnDemand:
    """It makes nothing while its gate is shut."""
    app = fake_app(store, text=HeldText(gate) if gate else None, locks=Locks(store, clock=clock))
    return OnDemand(app, InProcess(app))


def end(stories: OnDemand) -> None:
    """As a process that is killed: it renews its claim no longer, and makes nothing more."""
    assert isinstance(stories.runner, InProcess)
    stories.runner._make = lambda job: threading.Event().wait()  # type: ignore[assignment, method-assign, return-value]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def accepted_by_a_dead_server(store: Store, clock: Clock, count: int = 1) -> list[Edition]:
    first = server(store, clock, Gate())
    end(first)
    editions = [first.accept(StoryOrder(context="a shy snail", variant=variant)) for variant in range(count)]
    for edition in editions:
        first.begin(edition)
    clock.now += 61
    return editions


def test_a_living_servers_stories_are_left_to_it(store: MemoryStore, clock: Clock) -> None:
    first, second = server(store, clock, Gate()), server(store, clock)
    edition = first.accept(ORDER)
    first.begin(edition)
    assert isinstance(second.runner, InProcess)
    assert second.runner.resume() == 0
    second.begin(edition)
    assert not second.runner._jobs


def test_a_request_that_joins_another_servers_is_on_record(store: MemoryStore, clock: Clock) -> None:
    """The other has come as far as its status, and no further."""
    first, second = server(store, clock, Gate()), server(store, clock)
    edition = first.accept(ORDER)
    first.begin(edition)
    marker = keys.accepted(edition.story_id, "en")
    del store._data[marker]
    second.begin(edition)
    assert list(store.list(marker)) == [marker]


def test_a_request_for_a_dead_servers_story_makes_it(store: MemoryStore, clock: Clock) -> None:
    (edition,) = accepted_by_a_dead_server(store, clock)
    second = server(store, clock)
    second.begin(edition)
    until(lambda: is_complete(store, edition.story_id, "en"))


def test_who_waits_for_a_server_that_ends_makes_it(store: MemoryStore, clock: Clock) -> None:
    first, second = server(store, clock, Gate()), server(store, clock)
    end(first)
    edition = first.accept(ORDER)
    first.begin(edition)
    waits = 0

    class Stopping(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            nonlocal waits
            waits += 1
            clock.now += 30
            return False

    replace(second, stopping=Stopping()).finish(edition, 600)
    assert is_complete(store, edition.story_id, "en")
    assert waits == 2


def test_who_waits_for_a_server_that_fails_does_not_try_again(store: MemoryStore, clock: Clock) -> None:
    first, second = server(store, clock, Gate()), server(store, clock)
    end(first)
    edition = first.accept(ORDER)
    first.begin(edition)

    class Stopping(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            status.fail(store, edition.story_id, "en", EngineError("it broke"))
            return False

    replace(second, stopping=Stopping()).finish(edition, 600)
    assert status.has_failed(store, edition.story_id, "en")
    assert not is_complete(store, edition.story_id, "en")


def test_another_server_takes_up_all_that_a_dead_one_accepted(
    store: MemoryStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeover, "_LOOK", 0.01)
    second = server(store, clock)
    assert isinstance(second.runner, InProcess)
    assert second.runner.resume() == 0
    editions = accepted_by_a_dead_server(store, clock, count=5)
    for edition in editions:
        until(lambda edition=edition: is_complete(store, edition.story_id, "en"))
    second.runner.stop(60)


def test_what_a_server_leaves_at_its_end_is_taken_up_at_once(store: MemoryStore, clock: Clock) -> None:
    first, second = server(store, clock, Gate()), server(store, clock)
    assert isinstance(first.runner, InProcess)
    assert isinstance(second.runner, InProcess)
    end(first)
    edition = first.accept(ORDER)
    first.begin(edition)
    first.runner.stop(0)
    assert second.runner.resume() == 0
    first.runner.leave()
    assert InProcess(second.app).resume() == 1
    until(lambda: is_complete(store, edition.story_id, "en"))


def test_a_server_that_was_only_stopped_is_followed_again(store: MemoryStore, clock: Clock) -> None:
    """Its claim ends, and is taken up; it goes on, accepts another story and dies."""
    first, second = server(store, clock, Gate()), server(store, clock)
    assert isinstance(first.runner, InProcess)
    assert isinstance(second.runner, InProcess)
    end(first)
    first.begin(first.accept(ORDER))
    clock.now += 61
    assert second.runner.resume() == 1
    renewed = first.app.locks.last(keys.maker(first.runner.maker))
    assert renewed
    first.app.locks._write(keys.maker(first.runner.maker), renewed, until=clock.now + 60)
    first.begin(first.accept(StoryOrder(context="a shy snail", variant=8)))
    assert not second.runner._makers.ended()
    clock.now += 61
    assert list(second.runner._makers.ended()) == [first.runner.maker]


def test_a_dead_servers_story_is_queued_for_those_who_poll(store: MemoryStore, clock: Clock) -> None:
    (edition,) = accepted_by_a_dead_server(store, clock)
    second = server(store, clock)
    name = (edition.story_id, "en")
    assert status.read(store, *name, locks=second.app.locks).state == status.QUEUED
    assert not status.is_live(store, *name, locks=second.app.locks)


def test_an_edition_without_a_status_goes_on_by_its_marker(store: MemoryStore, clock: Clock) -> None:
    story_id = accept(fake_app(store), "a shy snail")
    with pytest.raises(NotFoundError):
        status.read(store, story_id, "fr")
    store.put(keys.accepted(story_id, "fr"), b"")
    assert status.read(store, story_id, "fr").state == status.QUEUED
    runner = InProcess(fake_app(store))
    assert runner.resume() == 1
    until(lambda: is_complete(store, story_id, "fr"))


@pytest.mark.parametrize("same", [True, False], ids=["the same server", "another server"])
def test_an_mp3_that_was_deleted_is_made_again_at_once(store: MemoryStore, clock: Clock, same: bool) -> None:
    first, second = server(store, clock), server(store, clock)
    edition = first.accept(ORDER)
    first.finish(edition, 60)
    (mp3,) = (key for key in store.list("stories/") if key.endswith(".mp3"))
    sound = store._data.pop(mp3)
    assert status.is_live(store, edition.story_id, "en")  # the status says "speaking" still
    assert (first if same else second).begin(edition) is False
    until(lambda: is_complete(store, edition.story_id, "en"))
    assert store.get(mp3) == sound


def test_a_request_that_could_not_be_recorded_is_not_lost_when_it_comes_again(
    store: MemoryStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stories = server(store, clock)
    edition = stories.accept(ORDER)
    with monkeypatch.context() as broken:
        broken.setattr(store, "put_if_absent", _full)
        with pytest.raises(EngineError):
            stories.begin(edition)
    stories.finish(edition, 60)
    assert is_complete(store, edition.story_id, "en")


def _full(*_: object) -> bool:
    raise EngineError("the disk is full")


def test_every_accepted_story_goes_on_after_a_power_cut(
    tmp_path: Path, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk of the server at the moment of the last 202, as POSIX promises it; half had failed before."""
    disk, files = Disk(tmp_path), FileStore(tmp_path / "out")
    with monkeypatch.context() as patch:
        disk.follow(patch)
        first = server(files, Clock(), Gate())
        end(first)
        editions = [first.accept(StoryOrder(context="a shy snail", variant=variant)) for variant in range(12)]
        for edition in editions[:6]:
            status.accept(files, edition.story_id, "en")
            status.fail(files, edition.story_id, "en", EngineError("it broke"))
            with files.path(keys.status(edition.story_id, "en")).open("rb") as failure:
                os.fsync(failure.fileno())  # as the system does in time
            files.put(f"stories/{edition.story_id}/en/other", b"")  # which keeps its name, too
        for edition in editions:
            first.begin(edition)
        image = disk.after_a_power_cut(tmp_path / "out")
    for key, data in image.items():
        store.put(key, data)
    assert InProcess(fake_app(store)).resume() == 12
    for edition in editions:
        until(lambda edition=edition: is_complete(store, edition.story_id, "en"))
