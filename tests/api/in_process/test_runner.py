"""The in-process runner where threads meet, and after a restart."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count

import pytest

from pipeline.api.in_process.runner import InProcess
from pipeline.api.in_process.unfinished import unfinished
from pipeline.app import App
from pipeline.engines.fake import FakeText, MemoryStore
from pipeline.errors import BusyError, EngineError, StoreError
from pipeline.ports import OnText, Store, ignore
from pipeline.steps import status
from pipeline.steps.accept import accept
from pipeline.steps.committed import is_complete
from pipeline.steps.delete import delete
from pipeline.steps.run import run
from pipeline.steps.status import Status
from pipeline.steps.status_progress import StatusProgress
from pipeline.storage import keys, shelf
from pipeline.types import Completion, Prompt
from tests.api.calling import until
from tests.api.pausing import BrokenText, Gate, HeldText
from tests.making import fake_app


@dataclass
class SlowToRecord(MemoryStore):
    """Holds each status that contains `holds`, then fails if `fail`."""

    holds: bytes = b""
    gate: Gate = field(default_factory=Gate)
    fail: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def put(self, key: str, data: bytes) -> None:
        if key.endswith("/status.json") and self.holds in data:
            self.gate.hold()
            if self.fail:
                raise StoreError("the disk is full", problem="disk-full")
        super().put(key, data)


@dataclass
class BrokenThenHeld(HeldText):
    errors: list[EngineError] = field(default_factory=list)

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        self.gate.hold()
        if self.errors:
            raise self.errors.pop()
        return FakeText.complete(self, prompt, on_text)


def left(store: Store) -> list[tuple[str, str]]:
    return list(unfinished(store, set(store.list("stories/"))))


def test_an_equal_request_is_accepted_only_once_the_status_is_written() -> None:
    store = SlowToRecord()
    app = fake_app(store)
    story_id = accept(app, "a shy snail")
    runner = InProcess(app)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(runner.start, story_id, "en")
        store.gate.reached()
        second = pool.submit(runner.start, story_id, "en")
        with pytest.raises(TimeoutError):
            second.result(timeout=0.02)
        store.gate.open()
        first.result(60)
        second.result(60)
        assert status.read(store, story_id, "en")


def test_a_status_that_cannot_be_written_rejects_every_equal_request() -> None:
    store = SlowToRecord(fail=True)
    app = fake_app(store)
    story_id = accept(app, "a shy snail")
    runner = InProcess(app)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(runner.start, story_id, "en")
        store.gate.reached()
        second = pool.submit(runner.start, story_id, "en")
        with pytest.raises(TimeoutError):
            second.result(timeout=0.02)
        store.gate.open()
        for request in (first, second):
            with pytest.raises(StoreError):
                request.result(60)


def test_a_failure_written_late_does_not_overwrite_the_next_attempt() -> None:
    errors, writer, record = [EngineError("it broke")], Gate(), Gate()
    writer.let()  # the first breaks at once, the second is held
    store = SlowToRecord(holds=b'"failed"', gate=record)
    app = fake_app(store, text=BrokenThenHeld(writer, errors))
    story_id = accept(app, "a shy snail")
    runner = InProcess(app)
    runner.start(story_id, "en")
    record.reached()
    writer.waiting.clear()
    with ThreadPoolExecutor(1) as pool:
        again = pool.submit(runner.start, story_id, "en")
        record.open()
        again.result(60)
    writer.reached()
    assert status.read(store, story_id, "en").state == status.WRITING
    writer.open()
    until(lambda: is_complete(app.store, story_id, "en"))


def test_a_full_queue_is_a_busy_error_until_a_job_is_over() -> None:
    gate = Gate()
    app = fake_app(MemoryStore(), text=HeldText(gate))
    runner = InProcess(app, workers=1, waiting=2)
    ids = [accept(app, "a shy snail", variant) for variant in range(4)]
    for story_id in ids[:3]:
        runner.start(story_id, "en")
    with pytest.raises(BusyError, match="ask again in") as caught:
        runner.start(ids[3], "en")
    assert 1 <= caught.value.retry_after <= 120
    assert isinstance(caught.value.retry_after, int)
    runner.start(ids[0], "en")  # joins the job
    gate.open()
    until(lambda: is_complete(app.store, ids[0], "en"))
    until(lambda: not left(app.store))
    runner.start(ids[3], "en")
    until(lambda: is_complete(app.store, ids[3], "en"))


def test_retry_after_follows_the_durations_of_the_last_stories() -> None:
    gate = Gate()
    app = fake_app(MemoryStore(), text=HeldText(gate))
    runner = InProcess(app, workers=1, waiting=0, clock=count(step=10).__next__)
    first, second, third = (accept(app, "a shy snail", variant) for variant in range(3))
    gate.let(5)  # a draft and its four judgements
    runner.finish(first, "en", 60)
    runner.start(second, "en")
    with pytest.raises(BusyError) as caught:
        runner.start(third, "en")
    assert caught.value.retry_after == 10


def test_resume_makes_what_an_earlier_process_accepted() -> None:
    store = MemoryStore()
    app = fake_app(store)
    queued, begun, silent, failed = (accept(app, "a shy snail", variant) for variant in range(4))
    status.queue(store, queued, "fr")
    status.write(store, begun, "fr", Status(status.SPEAKING, time.time() + 300, 3, 10))
    status.write(store, silent, "fr", Status(status.WRITING, time.time() - 1))
    status.fail(store, failed, "fr", EngineError("reported"))
    runner = InProcess(app, publish=True)
    assert runner.resume() == 3
    for story_id in (queued, begun, silent):
        until(lambda story_id=story_id: is_complete(app.store, story_id, "fr"))
    assert status.read(store, failed, "fr").state == status.FAILED
    until(lambda: len(shelf.page(store).cards), lambda cards: cards == 3)


def test_resume_may_exceed_the_queue() -> None:
    store = MemoryStore()
    app = fake_app(store)
    ids = [accept(app, "a shy snail", variant) for variant in range(5)]
    for story_id in ids:
        status.queue(store, story_id, "en", life=-1)  # expired
    runner = InProcess(app, workers=1, waiting=0)
    assert runner.resume() == 5
    for story_id in ids:
        until(lambda story_id=story_id: is_complete(app.store, story_id, "en"))


def test_resume_lists_complete_stories_that_were_not_listed() -> None:
    store = MemoryStore()
    app = fake_app(store)
    accepted, other = (accept(app, "a shy snail", variant) for variant in range(2))
    InProcess(app).finish(accepted, "en", 60)
    run(app, other, "en", StatusProgress(MemoryStore(), other, "en"))
    runner = InProcess(app, publish=True)
    assert runner.resume() == 0
    assert [card.id for card in shelf.page(store).cards] == [accepted]


class DeletedBeforeListed(MemoryStore):
    """Its story is deleted when its card is about to be written."""

    app: App

    def put_if_absent(self, key: str, data: bytes) -> bool:
        if key.startswith(keys.cards(shelf.PUBLISHED)):
            delete(self.app, key.rpartition("/")[2].removesuffix(".json"))
        return super().put_if_absent(key, data)


def test_what_is_deleted_before_it_is_listed_is_on_no_list() -> None:
    store = DeletedBeforeListed()
    app = store.app = fake_app(store)
    InProcess(app, publish=True).finish(accept(app, "a shy snail"), "en", 60)
    assert shelf.page(store).cards == ()
    assert [key for key in store.list("") if key.startswith(("stories/", "catalogs/"))] == []


def test_stop_releases_a_waiting_request() -> None:
    app = fake_app(MemoryStore(), text=HeldText(Gate()))
    runner = InProcess(app)
    story_id = accept(app, "a shy snail")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(runner.finish, story_id, "en", 60)
        until(lambda: status.is_live(app.store, story_id, "en"))
        runner.stop(0.1)
        waiting.result(60)
    assert left(app.store) == [(story_id, "en")]


def test_an_unexpected_error_does_not_end_a_worker() -> None:
    errors: list[BaseException] = [ZeroDivisionError(), ZeroDivisionError()]
    app = fake_app(MemoryStore(), text=BrokenText(lambda: errors.pop() if errors else None))
    runner = InProcess(app, workers=1)
    ids = [accept(app, "a shy snail", variant) for variant in range(3)]
    for story_id in ids:
        runner.finish(story_id, "en", 60)
    assert [is_complete(app.store, story_id, "en") for story_id in ids] == [False, False, True]
    assert status.read(app.store, ids[0], "en").state == status.FAILED
