from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from pipeline.app import App
from pipeline.engines.fake import FakeText, MemoryStore
from pipeline.errors import ConfigError, RequestError, UnavailableError
from pipeline.notebooks.experiment import forecast, measures, summaries
from pipeline.notebooks.experiment import grid as experiment
from pipeline.notebooks.experiment.candidates import Arm, arms, shipped
from pipeline.notebooks.experiment.grading import Grader, graded
from pipeline.notebooks.experiment.grid import Outcome, cells
from pipeline.ports import OnText, ignore
from pipeline.story.prompt import read
from pipeline.types import Completion, Prompt, Usage
from tests.command import ROOT
from tests.counting import CountingText
from tests.making import ScriptedText, fake_app
from tests.notebooks.experiment.tables import rows, table

FOLDER = ROOT / "notebooks" / "prompts"
CONTEXTS = ("a shy badger", "a teapot at sea")


def two() -> tuple[Arm, ...]:
    return (shipped("story@1"), *arms(["short"], {"own": {}}, FOLDER))


def run(
    app: App, tried: Sequence[Arm], contexts: Sequence[str] = CONTEXTS, variants: int = 1
) -> list[Outcome]:
    grid = cells(tried, contexts, variants)
    return experiment.run(app, grid, experiment.in_english(app, contexts), "test")


def test_each_prompt_tells_each_idea_in_each_variant_once() -> None:
    text = CountingText(FakeText())
    found = run(fake_app(MemoryStore(), text), two(), variants=2)
    assert [(one.cell.arm.id, one.cell.context, one.cell.variant) for one in found] == [
        (prompt, context, variant)
        for prompt in ("story@1", "short@1")
        for context in CONTEXTS
        for variant in (0, 1)
    ]
    written = [prompt for prompt in text.calls.arguments if not prompt.choices]
    assert len(written) == 8


def test_a_pair_has_the_same_seed_and_the_same_names_by_every_prompt() -> None:
    text = CountingText(FakeText())
    run(fake_app(MemoryStore(), text), two(), variants=2)
    sent = [(prompt.name, prompt.seed, prompt.user) for prompt in text.calls.arguments if not prompt.choices]
    by = {name: sorted(one[1:] for one in sent if one[0] == name) for name in ("story@1", "short@1")}
    assert by["story@1"] == by["short@1"]


def test_a_second_run_asks_nothing_and_a_new_prompt_costs_only_itself() -> None:
    store = MemoryStore()
    first = run(fake_app(store), two())
    again = CountingText(FakeText())
    second = run(fake_app(store, again), two())
    assert len(again.calls) == 0
    assert [one.tried for one in second] == [one.tried for one in first]
    more = (*two(), *arms(["plain"], {"own": {}}, FOLDER))
    run(fake_app(store, again), more)
    assert {prompt.name for prompt in again.calls.arguments if not prompt.choices} == {"plain@1"}


@dataclass
class Away(FakeText):
    """Cannot be reached for what is about a teapot."""

    fail: Exception = field(default_factory=lambda: UnavailableError("the endpoint is away", engine="x"))

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        if "teapot" in prompt.user and not prompt.choices:
            raise self.fail
        return super().complete(prompt, on_text)


def test_a_draft_that_fails_is_kept_with_its_reason_and_tried_again_by_the_next_run() -> None:
    store = MemoryStore()
    frame = measures.table(run(fake_app(store, Away()), two()))
    assert list(frame.failure) == ["", "UnavailableError: the endpoint is away"] * 2
    assert list(measures.made(frame).context) == ["a shy badger"] * 2
    assert summaries.summary(frame).failed.tolist() == [1, 1]
    assert set(measures.table(run(fake_app(store), two())).failure) == {""}


def test_what_would_fail_every_draft_ends_the_run() -> None:
    with pytest.raises(ConfigError, match="no weights"):
        run(fake_app(MemoryStore(), Away(ConfigError("no weights"))), two())


def test_an_idea_that_is_not_for_a_child_is_a_failure_of_its_drafts_alone() -> None:
    text = CountingText(FakeText())
    found = run(fake_app(MemoryStore(), text), two(), ("a shy badger", "a bloody massacre"))
    assert [bool(one.failure) for one in found] == [False, True] * 2
    assert "not for a children's story" in found[1].failure


def test_when_all_fail_the_tables_are_empty_and_nothing_breaks() -> None:
    frame = measures.table(run(fake_app(MemoryStore()), two(), ("a bloody massacre",)))
    assert summaries.summary(frame)["drafts"].tolist() == [0, 0]
    assert len(measures.paired(frame, "story@1", "short@1", "accepted")) == 0


@dataclass
class Slow(FakeText):
    """Writes its first story at once; in the second it presses Ctrl-C, and waits in every other."""

    begun: int = 0
    told: int = 0
    lock: Any = field(default_factory=threading.Lock)
    parallel = 2

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        if prompt.choices:
            return super().complete(prompt, on_text)
        with self.lock:
            self.begun += 1
            at = self.begun
        if at == 1:
            return super().complete(prompt, on_text)
        if at == 2:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        for _ in range(400):  # four seconds, unless somebody stops it
            threading.Event().wait(0.01)
            on_text("word ")
        self.told += 1
        return super().complete(prompt, on_text)


def test_ctrl_c_stops_at_the_next_word_and_keeps_what_is_finished() -> None:
    store, slow = MemoryStore(), Slow()
    with pytest.raises(KeyboardInterrupt):
        run(fake_app(store, slow), two(), variants=4)
    assert slow.told == 0
    assert slow.begun <= 4
    grid = cells(two(), CONTEXTS, 4)
    app = fake_app(store)
    told = experiment.in_english(app, CONTEXTS)
    assert sum(experiment.known(app, cell, told[cell.context]) is not None for cell in grid) == 1


def forecasted(app: App, tried: Sequence[Arm], **more: Any) -> forecast.Forecast:
    return forecast.forecast(app, cells(tried, CONTEXTS, 1), experiment.in_english(app, CONTEXTS), **more)


def test_what_is_to_come_is_counted_before_it_is_paid() -> None:
    store = MemoryStore()
    app = fake_app(store)
    # 4 drafts and 4 questions about each; batch.toml: 1005 + 190 tokens a draft, 760 + 4 a judging.
    before = forecasted(app, two())
    assert (before.cells, before.remembered, before.usage.calls) == (4, 0, 20)
    assert before.usage.prompt_tokens + before.usage.completion_tokens == 4 * (1195 + 764)
    assert before.dollars == 0
    run(app, two()[:1])
    between = forecasted(app, two())
    assert (between.remembered, between.usage.calls) == (2, 10)
    run(app, two())
    after = forecasted(app, two())
    assert (after.remembered, after.usage.calls, after.seconds, after.dollars) == (4, 0, 0, 0)


def test_counting_asks_nobody() -> None:
    text = CountingText(FakeText())
    forecasted(fake_app(MemoryStore(), text), two())
    assert len(text.calls) == 0


@dataclass
class Hourly(FakeText):
    fingerprint: str = "sagemaker/model/1"


def test_an_endpoint_costs_by_its_hours_and_a_budget_holds() -> None:
    store = MemoryStore()
    app = replace(fake_app(store, Hourly()), profile="aws")
    told = forecasted(app, two())
    # 4 drafts of 6 s (profiles/aws.toml) at 1.515 US$ an hour.
    assert told.seconds == 24
    assert told.dollars == pytest.approx(24 * 1.515 / 3600, abs=1e-4)
    forecast.within(told, 0.02)
    with pytest.raises(RequestError, match=r"about 0\.01 US\$, and the budget is 0\.00"):
        forecast.within(told, 0.0)


def test_a_grader_is_counted_too() -> None:
    told = forecasted(fake_app(MemoryStore()), two(), grader=Grader(FakeText(), read("grades")))
    assert told.usage.calls == 20 + 12


def test_no_budget_holds_where_no_price_is_known() -> None:
    told = forecasted(fake_app(MemoryStore(), ScriptedText()), two())
    assert told.dollars is None
    with pytest.raises(RequestError, match="no price"):
        forecast.within(told, 100)


def test_what_is_all_remembered_is_within_every_budget() -> None:
    store = MemoryStore()
    app = fake_app(store, ScriptedText())
    run(app, two())
    told = forecasted(app, two())
    assert told.dollars == 0
    forecast.within(told, 0)


def test_marks_are_counted_also_where_every_draft_is_remembered() -> None:
    app = fake_app(MemoryStore())
    grader = Grader(app.text, read("grades"))
    frame = measures.table(run(app, two()))
    assert forecasted(app, two(), grader=grader).usage.calls == 4 * 3
    graded(frame, grader)
    assert forecasted(app, two(), grader=grader).usage.calls == 0


def test_the_dearest_is_told_by_money_and_then_by_time() -> None:
    slow = forecast.Forecast(1, 0, Usage(), 100.0, 1.0)
    dear = forecast.Forecast(1, 0, Usage(), 1.0, 2.0)
    unknown = forecast.Forecast(1, 0, Usage(), 1.0, None)
    assert forecast.dearest([slow, dear]) is dear
    assert forecast.dearest([slow, unknown, dear]) is unknown


def test_pairs_are_averaged_a_context_before_they_are_compared() -> None:
    # Context 0: 1-0 and 1-1, so 0.5; context 1: 0-0 and 0-1, so -0.5.
    frame = table(rows("old", [0, 1, 0, 1], variants=2), rows("new", [1, 1, 0, 0], variants=2))
    assert list(measures.paired(frame, "old", "new", "accepted")) == [0.5, -0.5]


def test_a_pair_with_a_failed_draft_does_not_count() -> None:
    frame = table(rows("old", [0, 0, 0]), rows("new", [1, 1, 1]))
    frame.loc[1, "failure"] = "away"
    assert list(measures.paired(frame, "old", "new", "accepted").index) == ["context 00", "context 02"]


def test_how_alike_stories_are_is_looked_at_across_contexts_of_one_prompt() -> None:
    frame = measures.table(run(fake_app(MemoryStore()), two(), variants=2))
    # The fake tells one plot: of another context it is the same but for the idea's words and the names.
    assert 0.3 < frame.nearest.min() <= frame.nearest.max() < 1


def test_how_many_contexts_are_enough_comes_from_the_spread_that_was_seen() -> None:
    frame = table(rows("old", [0, 0, 0, 0]), rows("new", [1, 0, 1, 0]), rows("same", [0, 0, 0, 0]))
    told = summaries.enough(frame, "old")
    # sd of 1 0 1 0 is 0.577: (1.96 x 0.577 / 0.1)^2 = 128.05
    assert told.loc["new", "for ± 0.1"] == 129
    assert told.loc["same", "for ± 0.1"] != told.loc["same", "for ± 0.1"]


def test_remembered_calls_say_what_they_took_without_being_asked() -> None:
    app = fake_app(MemoryStore())
    (cell,) = cells(two()[:1], CONTEXTS[:1], 1)
    told = experiment.in_english(app, CONTEXTS)
    assert experiment.known(app, cell, told[cell.context]) is None
    run(app, two()[:1], CONTEXTS[:1])
    usage = experiment.known(app, cell, told[cell.context])
    assert usage is not None
    assert usage.completion_tokens > 50
