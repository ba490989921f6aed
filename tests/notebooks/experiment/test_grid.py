"""The grid of drafts, its forecast, its figures and its plots, over fake engines."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pandas import DataFrame, Series

from pipeline.app import App
from pipeline.engines.fake import FakeText, MemoryStore
from pipeline.errors import ConfigError, RequestError, UnavailableError
from pipeline.notebooks.experiment import forecast, grid, measures, plots
from pipeline.notebooks.experiment.candidates import Arm, arms, shipped
from pipeline.notebooks.experiment.grading import Grader, graded
from pipeline.ports import OnText, ignore
from pipeline.story.prompt import read
from pipeline.types import Completion, Prompt
from tests.command import ROOT
from tests.counting import CountingText
from tests.making import ScriptedText, fake_app
from tests.notebooks.experiment.frames import rows, table

FOLDER = ROOT / "notebooks" / "prompts"
CONTEXTS = ("a shy badger", "a teapot at sea")
FIGURES = {"ari": 3.0, "distinct_2": 0.8, "grammar": 7.0}
COST = ["cached", "calls", "US$"]


def two_arms() -> tuple[Arm, ...]:
    return (shipped("story@1"), *arms(["short"], {"own": {}}, FOLDER))


def run(app: App, tried: Sequence[Arm], contexts: Sequence[str] = CONTEXTS, variants: int = 1) -> DataFrame:
    return grid.run(app, grid.cells(tried, contexts, variants), grid.in_english(app, contexts), "test")


def drafts_of(text: CountingText) -> list[Prompt]:
    """The prompts of stories, without those of the judge."""
    return [prompt for prompt in text.calls.arguments if not prompt.choices]


def test_each_prompt_writes_each_pair_once_with_the_same_seed_and_names() -> None:
    text = CountingText(FakeText())
    frame = run(fake_app(MemoryStore(), text), two_arms(), variants=2)
    assert list(frame[["prompt", "context", "variant"]].itertuples(index=False, name=None)) == [
        (prompt, context, variant)
        for prompt in ("story@1", "short@1")
        for context in CONTEXTS
        for variant in (0, 1)
    ]
    story, short = (
        sorted((prompt.seed, prompt.user) for prompt in drafts_of(text) if prompt.name == name)
        for name in ("story@1", "short@1")
    )
    assert len(story) == 4
    assert story == short


def test_a_second_run_calls_no_engine_and_a_new_prompt_costs_only_itself() -> None:
    store = MemoryStore()
    first = run(fake_app(store), two_arms())
    text = CountingText(FakeText())
    second = run(fake_app(store, text), two_arms())
    assert len(text.calls) == 0
    assert second.equals(first)
    assert second.tokens.min() > 50
    run(fake_app(store, text), (*two_arms(), *arms(["plain"], {"own": {}}, FOLDER)))
    assert {prompt.name for prompt in drafts_of(text)} == {"plain@1"}


@dataclass
class Failing(FakeText):
    """Fails for every draft about a teapot."""

    error: Exception = field(default_factory=lambda: UnavailableError("the endpoint is away", engine="x"))

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        if "teapot" in prompt.user and not prompt.choices:
            raise self.error
        return super().complete(prompt, on_text)


def test_a_failed_draft_is_kept_with_its_reason_and_repeated_by_the_next_run() -> None:
    store = MemoryStore()
    frame = run(fake_app(store, Failing()), two_arms())
    assert list(frame.failure) == ["", "UnavailableError: the endpoint is away"] * 2
    assert list(measures.drafts(frame).context) == ["a shy badger"] * 2
    assert measures.summary(frame).loc["failed"].tolist() == ["1", "1"]
    assert set(run(fake_app(store), two_arms()).failure) == {""}


def test_an_error_that_every_draft_would_have_ends_the_run() -> None:
    with pytest.raises(ConfigError, match="no weights"):
        run(fake_app(MemoryStore(), Failing(ConfigError("no weights"))), two_arms())


def test_a_rejected_idea_fails_its_own_drafts_only() -> None:
    frame = run(fake_app(MemoryStore()), two_arms(), ("a shy badger", "a bloody massacre"))
    assert [bool(failure) for failure in frame.failure] == [False, True] * 2
    assert "not for a young child" in frame.failure[1]
    none = run(fake_app(MemoryStore()), two_arms(), ("a bloody massacre",))
    assert measures.summary(none).loc["drafts"].tolist() == ["0", "0"]
    assert len(measures.paired(none, "story@1", "short@1", "accepted")) == 0


@dataclass
class Interrupting(FakeText):
    """Sends Ctrl-C at its second story, and holds that story until the run is over."""

    begun: int = 0
    lock: Any = field(default_factory=threading.Lock)
    interrupted: threading.Event = field(default_factory=threading.Event)
    parallel = 2

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        if prompt.choices:
            return super().complete(prompt, on_text)
        with self.lock:
            self.begun += 1
            number = self.begun
        if number == 2:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        if number > 1:
            assert self.interrupted.wait(30)
        return super().complete(prompt, on_text)


def test_ctrl_c_begins_no_more_drafts_and_keeps_those_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    store, text = MemoryStore(), Interrupting()
    shutdown = grid.ThreadPoolExecutor.shutdown

    def noticed(pool: Any, wait: bool = True, *, cancel_futures: bool = False) -> None:
        shutdown(pool, wait=False, cancel_futures=cancel_futures)
        text.interrupted.set()
        shutdown(pool, wait=wait)

    monkeypatch.setattr(grid.ThreadPoolExecutor, "shutdown", noticed)
    with pytest.raises(KeyboardInterrupt):
        run(fake_app(store, text), two_arms(), variants=4)
    assert text.begun <= 4
    app = fake_app(store)
    english = grid.in_english(app, CONTEXTS)
    cells = grid.cells(two_arms(), CONTEXTS, 4)
    assert sum(cell.usage(app, english[cell.context]) is not None for cell in cells) == text.begun


def forecast_of(app: App, grader: Grader | None = None) -> Series[float]:
    cells = grid.cells(two_arms(), CONTEXTS, 1)
    return forecast.forecast(app, cells, grid.in_english(app, CONTEXTS), grader)


def test_the_forecast_counts_what_is_not_cached_and_calls_no_engine() -> None:
    text = CountingText(FakeText())
    app = fake_app(MemoryStore(), text)
    # 4 drafts and 4 questions about each; estimates.toml: 1005 + 190 tokens a draft, 760 + 4 a judging.
    before = forecast_of(app)
    assert list(before[["drafts", *COST]]) == [4, 0, 20, 0]
    assert before["tokens"] == 4 * (1195 + 764)
    assert len(text.calls) == 0
    run(app, two_arms()[:1])
    half = forecast_of(app)
    assert list(half[COST]) == [2, 10, 0]
    assert list((before + half)[["drafts", *COST]]) == [8, 2, 30, 0]
    run(app, two_arms())
    assert list(forecast_of(app)[[*COST, "tokens", "minutes"]]) == [4, 0, 0, 0, 0]


def test_marks_are_counted_until_they_are_cached() -> None:
    app = fake_app(MemoryStore())
    grader = Grader(app.text, read("grades"))
    assert forecast_of(app, grader)["calls"] == 20 + 12
    frame = run(app, two_arms())
    assert forecast_of(app, grader)["calls"] == 12
    graded(frame, grader)
    assert forecast_of(app, grader)["calls"] == 0


@dataclass
class Hourly(FakeText):
    fingerprint: str = "sagemaker/model/1"


def test_an_endpoint_costs_by_the_hour_and_a_budget_is_checked() -> None:
    app = replace(fake_app(MemoryStore(), Hourly()), profile="aws")
    planned = forecast_of(app)
    # 4 drafts of 6 s (profiles/aws.toml) at 1.515 US$ an hour.
    assert planned["minutes"] == 0.4
    assert planned["US$"] == pytest.approx(24 * 1.515 / 3600, abs=1e-4)
    forecast.check_budget(planned, 0.02)
    with pytest.raises(RequestError, match=r"about 0\.01 US\$, and the budget is 0\.00"):
        forecast.check_budget(planned, 0.0)


def test_an_unknown_price_fits_no_budget_unless_everything_is_cached() -> None:
    app = fake_app(MemoryStore(), ScriptedText())
    unknown = forecast_of(app)
    with pytest.raises(RequestError, match="no price"):
        forecast.check_budget(forecast_of(fake_app(MemoryStore())) + unknown, 100)
    run(app, two_arms())
    forecast.check_budget(forecast_of(app), 0)


def test_pairs_are_averaged_by_context_and_need_both_drafts() -> None:
    # Context 0: 1-0 and 1-1, so 0.5; context 1: 0-0 and 0-1, so -0.5.
    frame = table(rows("old", [0, 1, 0, 1], variants=2), rows("new", [1, 1, 0, 0], variants=2))
    assert list(measures.paired(frame, "old", "new", "accepted")) == [0.5, -0.5]
    frame.loc[1, "failure"] = "away"
    assert list(measures.paired(frame, "old", "new", "accepted")) == [1.0, -0.5]


def test_drafts_are_compared_across_contexts_of_the_same_prompt() -> None:
    frame = run(fake_app(MemoryStore()), two_arms(), variants=2)
    # The fake has a single plot: of another context it is the same but for the idea's words and the names.
    assert 0.3 < frame.nearest.min() <= frame.nearest.max() < 1


def test_sample_sizes_come_from_the_observed_spread() -> None:
    frame = table(rows("old", [0, 0, 0, 0]), rows("new", [1, 0, 1, 0]), rows("same", [0, 0, 0, 0]))
    sizes = measures.sample_sizes(frame, "old")
    # sd of 1 0 1 0 is 0.577: (1.96 x 0.577 / 0.1)^2 = 128.05
    assert sizes.loc["new", "for ± 0.1"] == 129
    assert sizes.loc["same", "for ± 0.1"] != sizes.loc["same", "for ± 0.1"]


def usual() -> DataFrame:
    return table(rows("old", [1, 0, 1], **FIGURES), rows("new", [1, 1, 0], **FIGURES))


@pytest.mark.parametrize(
    "frame",
    [
        usual(),
        table(rows("old", [1], **FIGURES), rows("new", [0], **FIGURES)),
        table(rows("old", [1, 1], **FIGURES), rows("new", [1, 1], failure="away", **FIGURES)),
    ],
    ids=["usual", "one-context", "all-failed"],
)
def test_every_plot_and_table_is_made_with_titles(frame: DataFrame) -> None:
    assert list(measures.summary(frame)) == ["old", "new"]
    figures = [
        plots.distributions(frame),
        plots.accept_rates(frame),
        plots.marks(frame, ["grammar"]),
        plots.differences(frame, "old"),
    ]
    for figure in figures:
        figure.canvas.draw()
        assert all(axes.get_title(loc="left") and axes.get_xlabel() for axes in figure.axes)


def test_the_wanted_range_is_shaded_and_prompts_stand_in_their_order() -> None:
    (band,) = plots.distributions(usual()).axes[0].patches
    assert (band.get_x(), band.get_x() + band.get_width()) == (80, 120)
    (axes,) = plots.accept_rates(usual()).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["old", "new"]
    assert axes.get_ylim() == (1.5, -0.5)
