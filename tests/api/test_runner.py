"""The in-process runner where threads meet, and after a restart."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from pipeline.api.runner import InProcess, Recorded, unfinished
from pipeline.engines.fake import FakeText, MemoryStore
from pipeline.errors import BusyError, EngineError, StoreError
from pipeline.ports import OnText, ignore
from pipeline.steps import status
from pipeline.steps.accept import accept
from pipeline.steps.committed import is_complete
from pipeline.steps.run import run
from pipeline.steps.status import Status
from pipeline.storage import keys, shelf
from pipeline.types import Completion, Prompt
from tests.api.calling import until
from tests.api.pausing import BrokenText, Gate, HeldText
from tests.making import fake_app


@dataclass
class SlowToRecord(MemoryStore):
    """Holds back each status that holds `holds`."""

    holds: bytes = b""
    gate: Gate = field(default_factory=Gate)
    fail: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def put(self, key: str, data: bytes) -> None:
        if key.endswith("/status.json") and self.holds in data:
            self.gate.passed()
            if self.fail:
                raise StoreError("the disk is full", problem="disk-full")
        super().put(key, data)


@dataclass
class BrokenThenHeld(HeldText):
    errors: list[EngineError] = field(default_factory=list)

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        self.gate.passed()
        if self.errors:
            raise self.errors.pop()
        return FakeText.complete(self, prompt, on_text)


def test_whoever_joins_a_job_is_told_so_only_once_it_is_on_record() -> None:
    store = SlowToRecord()
    app = fake_app(store)
    story_id = accept(app, "a shy snail")
    runner = InProcess(app)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(runner.start, story_id, "en")
        assert store.gate.waiting.wait(10)
        second = pool.submit(runner.start, story_id, "en")
        with pytest.raises(TimeoutError):
            second.result(timeout=0.2)
        store.gate.open()
        first.result(10)
        second.result(10)
        assert status.read(store, story_id, "en")


def test_what_cannot_be_recorded_is_accepted_from_nobody() -> None:
    store = SlowToRecord(fail=True)
    app = fake_app(store)
    story_id = accept(app, "a shy snail")
    runner = InProcess(app)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(runner.start, story_id, "en")
        assert store.gate.waiting.wait(10)
        second = pool.submit(runner.start, story_id, "en")
        with pytest.raises(TimeoutError):
            second.result(timeout=0.2)
        store.gate.open()
        for one in (first, second):
            with pytest.raises(StoreError):
                one.result(10)


def test_a_failure_that_is_recorded_late_does_not_stand_over_the_next_try() -> None:
    errors, writer, record = [EngineError("it broke")], Gate(), Gate()
    writer.let()  # the first breaks at once, the second is held
    store = SlowToRecord(holds=b'"failed"', gate=record)
    app = fake_app(store, text=BrokenThenHeld(writer, errors))
    story_id = accept(app, "a shy snail")
    runner = InProcess(app)
    runner.start(story_id, "en")
    assert record.waiting.wait(10)
    writer.waiting.clear()
    with ThreadPoolExecutor(1) as pool:
        again = pool.submit(runner.start, story_id, "en")
        time.sleep(0.2)
        record.open()
        again.result(10)
    assert writer.waiting.wait(10)
    time.sleep(0.1)
    assert status.read(store, story_id, "en").state == status.WRITING
    writer.open()
    until(lambda: is_complete(app.store, story_id, "en"), bool)


def test_a_full_queue_says_when_to_come_back_and_takes_it_then() -> None:
    gate = Gate()
    app = fake_app(MemoryStore(), text=HeldText(gate))
    runner = InProcess(app, workers=1, waiting=2)
    ids = [accept(app, "a shy snail", variant) for variant in range(4)]
    for one in ids[:3]:
        runner.start(one, "en")
    with pytest.raises(BusyError, match="ask again in") as caught:
        runner.start(ids[3], "en")
    assert 1 <= caught.value.retry_after <= 120
    assert isinstance(caught.value.retry_after, int)
    runner.start(ids[0], "en")  # joins what is there
    gate.open()
    until(lambda: is_complete(app.store, ids[0], "en"), bool)
    until(lambda: len(list(unfinished(app.store))), lambda left: left == 0)
    runner.start(ids[3], "en")
    until(lambda: is_complete(app.store, ids[3], "en"), bool)


def test_a_quick_model_asks_to_come_back_soon() -> None:
    gate = Gate()
    gate.let(100)
    app = fake_app(MemoryStore(), text=HeldText(gate))
    runner = InProcess(app, workers=1, waiting=0)
    for variant in range(3):
        runner.finish(accept(app, "a shy snail", variant), "en", 20)
    held = fake_app(app.store, text=HeldText(Gate()))
    runner._app = held
    runner.start(accept(app, "a shy snail", 8), "en")
    with pytest.raises(BusyError) as caught:
        runner.start(accept(app, "a shy snail", 9), "en")
    assert caught.value.retry_after == 1


def test_what_an_earlier_process_accepted_is_made_after_a_restart() -> None:
    store = MemoryStore()
    app = fake_app(store)
    queued, begun, silent, failed = (accept(app, "a shy snail", variant) for variant in range(4))
    status.queue(store, queued, "fr")
    status.write(store, begun, "fr", Status(status.SPEAKING, time.time() + 300, 3, 10))
    status.write(store, silent, "fr", Status(status.WRITING, time.time() - 1))
    status.fail(store, failed, "fr", EngineError("told already"))
    runner = InProcess(app, publish=True)
    assert runner.resume() == 3
    for story_id in (queued, begun, silent):
        until(lambda story_id=story_id: is_complete(app.store, story_id, "fr"), bool)
    assert status.read(store, failed, "fr").state == status.FAILED
    until(lambda: len(shelf.page(store).cards), lambda found: found == 3)


def test_more_than_the_queue_holds_is_taken_up_after_a_restart() -> None:
    store = MemoryStore()
    app = fake_app(store)
    ids = [accept(app, "a shy snail", variant) for variant in range(5)]
    for one in ids:
        status.queue(store, one, "en", life=-1)  # expired: nobody was told
    runner = InProcess(app, workers=1, waiting=0)
    assert runner.resume() == 5
    for one in ids:
        until(lambda one=one: is_complete(app.store, one, "en"), bool)


def test_a_finished_story_that_was_not_listed_before_the_end_is_listed_after_it() -> None:
    store = MemoryStore()
    app = fake_app(store)
    asked, unasked = (accept(app, "a shy snail", variant) for variant in range(2))
    InProcess(app).finish(asked, "en", 20)
    run(app, unasked, "en", status.StatusProgress(MemoryStore(), unasked, "en"))
    runner = InProcess(app, publish=True)
    assert runner.resume() == 0
    assert [card.id for card in shelf.page(store).cards] == [asked]


def test_who_waits_is_let_go_when_the_server_stops() -> None:
    app = fake_app(MemoryStore(), text=HeldText(Gate()))
    runner = InProcess(app)
    story_id = accept(app, "a shy snail")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(runner.finish, story_id, "en", 20)
        until(lambda: status.is_live(app.store, story_id, "en"), bool)
        runner.stop(0.1)
        waiting.result(timeout=5)
    assert list(unfinished(app.store)) == [(story_id, "en")]


def test_one_workers_bug_does_not_stop_the_others_work() -> None:
    errors: list[BaseException] = [ZeroDivisionError(), ZeroDivisionError()]
    app = fake_app(MemoryStore(), text=BrokenText(lambda: errors.pop() if errors else None))
    runner = InProcess(app, workers=1)
    ids = [accept(app, "a shy snail", variant) for variant in range(3)]
    for one in ids:
        runner.finish(one, "en", 20)
    assert [is_complete(app.store, one, "en") for one in ids] == [False, False, True]
    assert status.read(app.store, ids[0], "en").state == status.FAILED


@dataclass
class Machine:
    """A runner elsewhere. refusing: raised by each start."""

    refusing: EngineError | None = None
    started: list[tuple[str, str]] = field(default_factory=list)

    def start(self, story_id: str, locale: str) -> None:
        self.started.append((story_id, locale))
        if self.refusing:
            raise self.refusing

    def finish(self, story_id: str, locale: str, seconds: float) -> None:
        self.start(story_id, locale)


def test_what_a_state_machine_takes_is_on_record_first() -> None:
    store, machine = MemoryStore(), Machine()
    Recorded(machine, store).start("1" * 32, "fr")
    assert machine.started == [("1" * 32, "fr")]
    assert status.read(store, "1" * 32, "fr").state == status.QUEUED


@pytest.mark.parametrize("verb", ["start", "finish"])
def test_what_a_state_machine_refuses_is_not_live(verb: str) -> None:
    store = MemoryStore()
    told = ("1" * 32, "fr", *((1.0,) if verb == "finish" else ()))
    with pytest.raises(EngineError):
        getattr(Recorded(Machine(EngineError("no")), store), verb)(*told)
    assert not status.is_live(store, "1" * 32, "fr")
    assert store.get(keys.status("1" * 32, "fr"))
