from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.app import App
from pipeline.batch.plan import plan
from pipeline.batch.runs import NARRATE, WRITE, Run
from pipeline.batch.work import narrate, write
from pipeline.engines.fake import FakeSpeech, FakeText, FakeTranslation, MemoryStore
from pipeline.errors import (
    ConfigError,
    EngineError,
    RequestError,
    StoreError,
    ThrottledError,
    UnavailableError,
)
from pipeline.ports import Store
from pipeline.steps.committed import is_complete
from pipeline.storage import ledger as costs
from pipeline.storage.ledger import payments
from pipeline.types import Narration, Prompt, Voice
from tests.batch.catalogs import batch_app, catalog
from tests.counting import CountingSpeech, CountingText, CountingTranslation
from tests.making import Listener

IDEAS = ["a shy snail", "a red kite", "a sleepy bear"]


@dataclass
class Counted:
    """An app and what its engines were asked."""

    store: Store = field(default_factory=MemoryStore)
    text: Any = field(default_factory=lambda: CountingText(FakeText()))
    translation: Any = field(default_factory=lambda: CountingTranslation(FakeTranslation()))
    speech: Any = field(default_factory=lambda: CountingSpeech(FakeSpeech()))

    @property
    def app(self) -> App:
        return batch_app(self.store, text=self.text, translation=self.translation, speech=self.speech)

    @property
    def calls(self) -> tuple[int, int, int]:
        return len(self.text.calls), len(self.translation.calls), len(self.speech.calls)


@dataclass
class Failing(CountingText):
    """Fails as long as `when` says so of a prompt."""

    when: Callable[[Prompt], Exception | None] = lambda _: None

    def complete(self, prompt: Prompt, on_text: Any = lambda _: None) -> Any:
        if error := self.when(prompt):
            self.calls.arguments.append(prompt)
            raise error
        return super().complete(prompt, on_text)


def about(idea: str, error: Exception) -> Callable[[Prompt], Exception | None]:
    return lambda prompt: error if idea in prompt.user else None


def planned(tmp_path: Path, app: App, ideas: list[Any] = IDEAS, **settings: Any) -> Run:
    plan(app, catalog(tmp_path, ideas, **{"locales": ["en", "fr"], **settings}), "r1", chunk_size=50)
    return Run(app.store, "r1")


def test_a_chunk_is_written_then_narrated(tmp_path: Path) -> None:
    app = Counted().app
    run = planned(tmp_path, app)
    written, narrated = write(app, run, 1), narrate(app, run, 1)
    assert (written.made, narrated.made) == (6, 6)
    assert (written.failures, narrated.failures, written.left) == ((), (), 0)
    assert all(is_complete(app.store, item.id, locale) for item in run.items(1) for locale in item.locales)
    assert run.record(WRITE, 1) == written
    assert run.record(NARRATE, 1) == narrated


def test_the_writer_needs_no_voice_and_the_narrator_no_writer(tmp_path: Path) -> None:
    counted = Counted()
    run = planned(tmp_path, counted.app)
    write(counted.app, run, 1)
    text, translation, speech = counted.calls
    assert (translation, speech) == (3, 0)
    narrate(counted.app, run, 1)
    assert counted.calls[:2] == (text, translation)
    assert counted.calls[2] > 0


def test_the_same_again_asks_no_engine(tmp_path: Path) -> None:
    counted = Counted()
    run = planned(tmp_path, counted.app)
    first = write(counted.app, run, 1), narrate(counted.app, run, 1)
    calls = counted.calls
    again = write(counted.app, run, 1), narrate(counted.app, run, 1)
    assert counted.calls == calls
    assert [record.paid for record in again] == [record.paid for record in first]


def test_a_story_that_fails_for_good_fails_alone_and_is_not_tried_twice(tmp_path: Path) -> None:
    writer = Failing(FakeText(), when=about("kite", EngineError("broken pen", problem="engine")))
    counted = Counted(text=writer)
    run = planned(tmp_path, counted.app)
    written = write(counted.app, run, 1, last=False)
    assert written.made == 4
    assert [
        (failure.line, failure.locale, failure.step, failure.problem, failure.cause, failure.attempts)
        for failure in written.failures
    ] == [
        (1, "en", "generate", "engine", "broken pen", 1),
        (1, "fr", "generate", "engine", "broken pen", 1),
    ]
    assert narrate(counted.app, run, 1).made == 4
    before = counted.calls
    assert write(counted.app, run, 1).failures == written.failures
    assert counted.calls == before


def test_a_bug_in_one_story_is_that_story_s_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    counted = Counted(text=Failing(FakeText(), when=about("kite", ZeroDivisionError("oh"))))
    run = planned(tmp_path, counted.app)
    written = write(counted.app, run, 1)
    assert {failure.cause for failure in written.failures} == {"ZeroDivisionError: oh"}
    assert written.made == 4
    assert "not made" in caplog.text


def test_a_busy_engine_is_asked_again_for_what_it_did_not_make(tmp_path: Path) -> None:
    writer = Failing(FakeText(), when=about("kite", ThrottledError("too much at once")))
    counted = Counted(text=writer)
    run = planned(tmp_path, counted.app)
    with pytest.raises(UnavailableError, match=r"2 of chunk 1 are not made yet \(too much") as caught:
        write(counted.app, run, 1, last=False)
    assert caught.value.retryable
    stories = writer.stories
    writer.when = lambda _: None
    written = write(counted.app, run, 1, last=False)
    assert (written.made, written.failures, written.attempts) == (6, (), 2)
    assert writer.stories == stories + 1


def test_the_last_attempt_keeps_what_stays_busy_as_a_failure(tmp_path: Path) -> None:
    writer = Failing(FakeText(), when=about("kite", ThrottledError("too much at once")))
    counted = Counted(text=writer)
    run = planned(tmp_path, counted.app)
    for last in (False, False, True):
        try:
            written = write(counted.app, run, 1, last=last)
        except UnavailableError:
            assert not last
    assert [(failure.locale, failure.attempts, failure.problem) for failure in written.failures] == [
        ("en", 3, "throttled"),
        ("fr", 3, "throttled"),
    ]
    assert narrate(counted.app, run, 1).made == 4


def test_a_translation_that_fails_leaves_the_other_languages(tmp_path: Path) -> None:
    @dataclass
    class NoFrench(CountingTranslation):
        def translate(self, texts: Any, source: str, target: str, on_text: Any = lambda _: None) -> Any:
            if target == "fr":
                raise EngineError("no French today", problem="unknown-pair")
            return super().translate(texts, source, target, on_text)

    counted = Counted(translation=NoFrench(FakeTranslation()))
    run = planned(tmp_path, counted.app, locales=["en", "fr", "it"])
    written = write(counted.app, run, 1)
    assert (written.made, {failure.locale for failure in written.failures}) == (6, {"fr"})
    assert {failure.step for failure in written.failures} == {"translate"}
    assert narrate(counted.app, run, 1).made == 6


def test_a_voice_that_fails_fails_its_story_and_says_where(tmp_path: Path) -> None:
    @dataclass
    class Hoarse(CountingSpeech):
        def synthesize(self, text: str, voice: Voice) -> Narration:
            if voice.locale == "fr" and "kite" in text:
                raise EngineError("lost its voice", problem="bad-audio")
            return super().synthesize(text, voice)

    counted = Counted(speech=Hoarse(FakeSpeech()))
    run = planned(tmp_path, counted.app)
    write(counted.app, run, 1)
    narrated = narrate(counted.app, run, 1)
    assert [(failure.line, failure.locale, failure.step) for failure in narrated.failures] == [
        (1, "fr", "speak")
    ]
    assert narrated.made == 5


@pytest.mark.parametrize("stage", [WRITE, NARRATE])
def test_a_full_disk_is_nobody_s_story_and_ends_the_chunk(tmp_path: Path, stage: str) -> None:
    @dataclass
    class Full(MemoryStore):
        full: bool = False

        def __post_init__(self) -> None:
            super().__init__()

        def put(self, key: str, data: bytes) -> None:
            if self.full and not key.startswith(("runs/", "claims/")):
                raise StoreError("the disk is full", problem="disk-full")
            super().put(key, data)

        def put_if_absent(self, key: str, data: bytes) -> bool:
            if self.full and not key.startswith(("runs/", "claims/")):
                raise StoreError("the disk is full", problem="disk-full")
            return super().put_if_absent(key, data)

    store = Full()
    app = Counted(store).app
    run = planned(tmp_path, app)
    if stage == NARRATE:
        write(app, run, 1)
    store.full = True
    work = {WRITE: write, NARRATE: narrate}[stage]
    with pytest.raises(StoreError, match="disk is full"):
        work(app, run, 1)
    store.full = False
    assert write(app, run, 1).made == 6
    assert narrate(app, run, 1).made == 6


def test_missing_weights_end_the_chunk_at_once(tmp_path: Path) -> None:
    writer = Failing(FakeText(), when=lambda _: ConfigError("no weights", problem="missing-weights"))
    counted = Counted(text=writer)
    ideas = [f"a snail called {number}" for number in range(50)]
    run = planned(tmp_path, counted.app, ideas)
    with pytest.raises(ConfigError, match="no weights"):
        write(counted.app, run, 1)
    assert len(writer.calls) < 25


def test_a_chunk_is_narrated_after_it_is_written(tmp_path: Path) -> None:
    app = Counted().app
    run = planned(tmp_path, app)
    with pytest.raises(RequestError, match="not written yet"):
        narrate(app, run, 1)


def test_another_profile_does_not_go_on_with_a_run(tmp_path: Path) -> None:
    app = Counted().app
    run = planned(tmp_path, app)
    with pytest.raises(ConfigError, match="planned for the profile fake"):
        write(replace(app, profile="draft"), run, 1)


def test_what_a_run_paid_is_what_the_ledger_holds(tmp_path: Path) -> None:
    # One story: of two narrators who say the same sentence at once both pay, and the ledger keeps one.
    counted = Counted()
    run = planned(tmp_path, counted.app, IDEAS[:1])
    records = [write(counted.app, run, 1), narrate(counted.app, run, 1)]
    table = costs.price_table()

    def without_seconds(paid: Any) -> list[Any]:
        return [(row.of, row.engine, replace(row.usage, seconds=0)) for row in costs.rows(paid, table)]

    paid = [payment for record in records for payment in record.paid]
    assert without_seconds(paid) == without_seconds(payments(counted.store))
    assert counted.calls[0] == sum(payment.usage.calls for payment in paid if payment.verb == "complete")


# A dollar a spoken character: the first narration passes any budget.
PRICES = {
    "dated": "test",
    "prices": [{"prefix": "fake/text"}, {"prefix": "fake/speech", "per_million_characters": 1e6}],
}


def test_a_budget_leaves_the_rest_unbegun_and_the_run_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.batch.budget.ledger.price_table", lambda: PRICES)
    ideas = [f"a snail called {number}" for number in range(20)]
    app = Counted().app
    run = planned(tmp_path, app, ideas, locales=["en"], budget=10)
    assert write(app, run, 1).left == 0
    narrated = narrate(app, run, 1)
    assert narrated.failures == ()
    assert narrated.made + narrated.left == 20
    assert 1 <= narrated.made <= 4  # the fake profile narrates four at once
    complete = [is_complete(app.store, item.id, "en") for item in run.items(1)]
    assert complete.count(True) == narrated.made
    assert narrate(app, run, 1).left == 20  # with what it has paid in mind


def test_a_budget_counts_what_other_tasks_spent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.batch.budget.ledger.price_table", lambda: PRICES)
    app = Counted().app
    plan(app, catalog(tmp_path, IDEAS, locales=["en"], budget=10), "r1", chunk_size=1)
    run = Run(app.store, "r1")
    for number in (1, 2):
        write(app, run, number)
    assert narrate(app, run, 1).made == 1
    assert narrate(app, run, 2).left == 1
    assert write(app, run, 3).left == 1


def test_progress_is_textstory_by_story(tmp_path: Path) -> None:
    app = Counted().app
    run = planned(tmp_path, app)
    progress = Listener()
    write(app, run, 1, progress=progress)
    assert progress.steps == [("write", 6)]
