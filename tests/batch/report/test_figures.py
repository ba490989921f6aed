"""What the run report says: every story × locale once, whatever became of the run."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipeline.app import App
from pipeline.batch.plan import plan
from pipeline.batch.publishing import publish
from pipeline.batch.report.figures import Chunk, Report, gathered
from pipeline.batch.report.page import page
from pipeline.batch.report.tally import Missing
from pipeline.batch.report.variety import variety
from pipeline.batch.report.writing import report
from pipeline.batch.runs import Failure, Run
from pipeline.batch.work import narrate, write
from pipeline.errors import NotFoundError, ThrottledError, UnavailableError
from pipeline.storage import keys
from pipeline.storage.ledger import Row
from pipeline.types import Story, Usage
from tests.batch.catalogs import IDEAS, Mute, batch_app, finished, tales
from tests.making import ScriptedText


def counts(figures: Report) -> dict[str, int]:
    parts = {
        "made": figures.made,
        "skipped": figures.skipped,
        "failed": len(figures.failed),
        "left": figures.left,
    }
    assert sum(parts.values()) + len(figures.missing) == figures.planned
    return {name: count for name, count in {**parts, "missing": len(figures.missing)}.items() if count}


def test_a_run_without_trouble_is_green_and_accounts_for_all(tmp_path: Path) -> None:
    app = batch_app()
    figures = report(app, finished(app, tales(tmp_path)))
    assert counts(figures) == {"made": 6}
    assert (figures.verdict, figures.stopped, figures.stories, figures.by_locale) == (
        "green",
        False,
        3,
        {"en": 3, "fr": 3},
    )
    assert [chunk.number for chunk in figures.chunks] == [1, 2]
    # 9 or 10 sentences of 60 ms a character, some 50 characters each: half a minute and more.
    assert len(figures.audio) == 6
    assert all(20 < seconds < 60 for seconds in figures.audio)


def test_what_was_made_before_is_textapart(tmp_path: Path) -> None:
    app = batch_app()
    finished(app, tales(tmp_path, IDEAS[:1]))
    figures = report(app, finished(app, tales(tmp_path), "two"))
    assert counts(figures) == {"made": 4, "skipped": 2}


def test_a_run_with_nothing_to_do_costs_nothing(tmp_path: Path) -> None:
    app = batch_app()
    finished(app, tales(tmp_path))
    figures = report(app, finished(app, tales(tmp_path), "two"))
    assert counts(figures) == {"skipped": 6}
    assert (figures.cost, figures.chunks, figures.wall, figures.verdict) == ((), (), 0.0, "green")
    assert figures.rates.stories_per_hour is None


def test_each_failure_stands_in_it_with_line_key_step_cause_and_attempts(tmp_path: Path) -> None:
    app = batch_app(speech=Mute("teapot", busy=True))
    file = tales(tmp_path)
    plan(app, file, "one", 3)
    run = Run(app.store, "one")
    write(app, run, 1)
    for _ in range(2):
        with pytest.raises(UnavailableError):
            narrate(app, run, 1, last=False)
    narrate(app, run, 1)
    figures = report(app, run)
    assert counts(figures) == {"made": 4, "failed": 2}
    assert figures.is_red
    (story_id,) = {item.id for item in run.items(1) if item.context == "a brave teapot"}
    assert {(failure.line, failure.id, failure.locale) for failure in figures.failed} == {
        (5, story_id, "en"),
        (5, story_id, "fr"),
    }
    for failure in figures.failed:
        assert (failure.step, failure.problem, failure.attempts) == ("speak", "throttled", 3)
        assert "asked too often" in failure.cause


@pytest.mark.parametrize(("allowed", "verdict"), [(0, "red"), (1, "red"), (2, "green")])
def test_report_is_red_where_more_failed_than_the_catalog_allows(
    tmp_path: Path, allowed: int, verdict: str
) -> None:
    app = batch_app(speech=Mute("teapot"))
    assert report(app, finished(app, tales(tmp_path, max_failed=allowed))).verdict == verdict


def test_a_story_that_was_not_written_failed_in_every_language(tmp_path: Path) -> None:
    app = batch_app(text=ScriptedText(["nonsense"] * 3))
    figures = report(app, finished(app, tales(tmp_path, IDEAS[:2])))
    assert counts(figures) == {"made": 2, "failed": 2}
    assert {(failure.step, failure.locale) for failure in figures.failed} == {
        ("generate", "en"),
        ("generate", "fr"),
    }


def test_what_failed_and_was_made_after_all_counts_as_made(tmp_path: Path) -> None:
    store = batch_app().store
    run = finished(batch_app(store, speech=Mute("teapot")), tales(tmp_path))
    whole = batch_app(store)
    finished(whole, tales(tmp_path), "two")
    assert counts(report(whole, run)) == {"made": 6}


def halfway(app: App, folder: Path) -> Run:
    """Killed after the first of three chunks was made and the second was written."""
    plan(app, tales(folder), "one", chunk_size=1)
    run = Run(app.store, "one")
    for number in (1, 2):
        write(app, run, number)
    narrate(app, run, 1)
    return run


def test_a_killed_run_reports_what_is_missing_and_is_red(tmp_path: Path) -> None:
    app = batch_app()
    figures = report(app, halfway(app, tmp_path))
    assert counts(figures) == {"made": 2, "missing": 4}
    assert figures.is_red
    assert [(gap.line, gap.locale) for gap in figures.missing] == [(5, "en"), (5, "fr"), (6, "en"), (6, "fr")]
    assert {gap.cause for gap in figures.missing} == {"its chunk did not finish"}
    assert figures.causes == {"unfinished": 4}


def test_a_run_that_was_planned_and_never_begun_is_all_missing(tmp_path: Path) -> None:
    app = batch_app()
    plan(app, tales(tmp_path), "one")
    assert counts(report(app, Run(app.store, "one"))) == {"missing": 6}


def test_what_was_there_when_planned_and_is_gone_is_missing(tmp_path: Path) -> None:
    store = batch_app().store
    finished(batch_app(store), tales(tmp_path))
    run = finished(batch_app(store), tales(tmp_path), "two")
    gone = next(run.done_items())
    without = batch_app(Without(store, keys.manifest(gone.id, "fr")))
    figures = report(without, Run(without.store, "two"))
    assert counts(figures) == {"skipped": 5, "missing": 1}
    assert [(gap.id, gap.locale) for gap in figures.missing] == [(gone.id, "fr")]


class Without:
    """A store from which one key is gone."""

    def __init__(self, inner: object, key: str) -> None:
        self.inner, self.key = inner, key

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def list(self, prefix: str, after: str = "") -> object:
        return (key for key in self.inner.list(prefix, after) if key != self.key)  # type: ignore[attr-defined]


def test_a_story_whose_mp3_is_gone_is_not_made(tmp_path: Path) -> None:
    store = batch_app().store
    run = finished(batch_app(store), tales(tmp_path))
    (mp3,) = [key for key in store.list(f"stories/{next(run.items(1)).id}/fr/") if key.endswith(".mp3")]
    app = batch_app(Without(store, mp3))
    assert counts(report(app, Run(app.store, "one"))) == {"made": 5, "missing": 1}


def test_a_run_that_its_budget_stopped_is_not_red(tmp_path: Path) -> None:
    app = batch_app()
    figures = report(app, finished(app, tales(tmp_path), budget=0.0))
    assert counts(figures) == {"left": 6}
    assert (figures.verdict, figures.stopped) == ("green", True)


def test_what_was_accepted_is_published_or_reported(tmp_path: Path) -> None:
    app = batch_app(speech=Mute("teapot"))
    run = finished(app, tales(tmp_path))
    assert publish(app, run).cards + len(report(app, run).failed) == 6


def test_the_cost_is_what_the_run_paid_for_by_engine(tmp_path: Path) -> None:
    app = batch_app()
    file = tales(tmp_path, IDEAS[:2])
    figures = report(app, finished(app, file))
    calls = {(row.of.split("@")[0], row.engine): row.usage.calls for row in figures.cost}
    judged = {(f"judge-{what}", "fake/text/1"): 2 for what in ("about", "complete", "ends well", "gentle")}
    spoken = calls.pop(("speak", "fake/speech/1"))
    assert calls == {**judged, ("story", "fake/text/1"): 2, ("translate", "fake/translation/1"): 2}
    # Ten sentences in each of two languages; a sentence that two stories share is spoken once.
    assert 20 <= spoken <= 40
    assert figures.dollars == 0.0


def test_the_same_store_gives_the_same_report(tmp_path: Path) -> None:
    app = batch_app()
    run = finished(app, tales(tmp_path))
    report(app, run)
    before = [app.store.get(keys.run("one", f"report.{kind}")) for kind in ("json", "html")]
    report(app, run)
    assert [app.store.get(keys.run("one", f"report.{kind}")) for kind in ("json", "html")] == before


def test_the_json_says_what_the_report_says(tmp_path: Path) -> None:
    app = batch_app(speech=Mute("teapot"))
    run = finished(app, tales(tmp_path))
    figures = report(app, run)
    kept = json.loads(app.store.get(keys.run("one", "report.json")))
    assert (kept["made"], kept["verdict"], kept["catalog"]["name"]) == (4, "red", "tales")
    assert kept["failed"] == [
        {
            "line": 5,
            "id": failure.id,
            "locale": failure.locale,
            "step": "speak",
            "problem": "engine",
            "cause": "no voice for this",
            "attempts": 1,
            "retryable": False,
        }
        for failure in figures.failed
    ]


def test_a_report_of_no_run_says_so() -> None:
    app = batch_app()
    with pytest.raises(NotFoundError, match="there is no run two"):
        report(app, Run(app.store, "two"))


def story(title: str, text: str) -> Story:
    return Story("", "en", title, (text,))


def test_variety_is_the_share_of_titles_and_openings_that_come_again() -> None:
    figures = variety(
        [
            story("The Kite", "Once upon a time there was a kite."),
            story("the kite", "Once upon a hill sat a fox."),
            story("A Fox", "Mina ran."),
            story("A Moth", "One evening, it rained."),
        ]
    )
    assert (figures.read, figures.titles, figures.openings) == (4, 0.5, 0.5)
    assert (figures.opening, figures.times) == ("once upon a", 2)
    assert variety([]).read == 0


# The page.


class Seen(HTMLParser):
    """Tags and what they hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text.append(data)


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> \"' $x_1$ {{ 7 * 7 }} \u202e ]]> قصة"


def hostile(folder: Path, count: int = 1) -> Report:
    """A report in which whatever may come from elsewhere is hostile."""
    app = batch_app()
    plan(app, tales(folder), "one")
    figures = gathered(app, Run(app.store, "one"))
    failed = tuple(
        Failure(number, f"{number:032x}", "ar", "speak", HOSTILE, HOSTILE) for number in range(count)
    )
    return replace(
        figures,
        failed=failed,
        missing=tuple(Missing(1, f"{number:032x}", "fr", HOSTILE) for number in range(count)),
        cost=(Row(HOSTILE, HOSTILE, Usage(1, 2, 3, 4, 5.0, 6.0), None), Row("speak", "$a_b$", Usage(1), 1.5)),
        chunks=tuple(Chunk(number, 1.0, 2.0, 1) for number in range(1, count + 1)),
        audio=(40.0, 41.0),
        variety=variety([story("a", HOSTILE), story("a", HOSTILE)]),
    )


def test_text_on_the_page_is_only_ever_text_and_nothing_comes_from_elsewhere(tmp_path: Path) -> None:
    shown = Seen(page(hostile(tmp_path)))
    assert "script" not in shown.tags
    assert {"img", "link", "iframe", "base", "object"} & set(shown.tags) == set()
    assert not [name for name, _ in shown.attributes if name.startswith("on")]
    addresses = [value for name, value in shown.attributes if name in {"src", "href", "xlink:href"}]
    assert all((value or "").startswith("#") for value in addresses)
    assert HOSTILE.replace("\u202e", r"\u202e") in shown.text  # an override is written out


def test_the_page_has_each_plot_once_with_ids_of_its_own(tmp_path: Path) -> None:
    text = page(hostile(tmp_path))
    labels = re.findall(r'aria-label="([^"]+)"', text)
    assert labels == [
        "How long the stories sound",
        "Seconds of work, chunk by chunk",
        "Not made, by problem",
        "US$ by engine",
        "The engines&#39; own seconds",
    ]
    clips = re.findall(r'<clipPath id="([^"]+)"', text)
    assert len(clips) == len(set(clips)) > 0
    assert "#01010" not in text
    assert ">$a_b$</text>" in text  # a name, and no formula


def test_ten_thousand_failures_and_a_thousand_chunks_are_a_page_that_a_phone_can_load(tmp_path: Path) -> None:
    figures = replace(
        hostile(tmp_path, 10_000), chunks=tuple(Chunk(number, 1.0, 2.0, 1) for number in range(1, 1001))
    )
    text = page(figures)
    assert len(text) < 700_000
    assert text.count("<td>speak</td>") == 200 + 1  # and a row of the costs
    assert "10\u202f000 that failed; report.json has all" in text


def test_the_page_of_a_run_of_which_nothing_is_there_yet(tmp_path: Path) -> None:
    app = batch_app()
    plan(app, tales(tmp_path), "one")
    shown = " ".join(Seen(page(gathered(app, Run(app.store, "one")))).text)
    assert "no engine was called" in shown
    assert "its chunk did not finish" in shown
    assert "Not made: 6, where the catalog allows 0" in shown


def test_the_page_says_that_the_budget_stopped_it(tmp_path: Path) -> None:
    app = batch_app()
    shown = " ".join(Seen(page(gathered(app, finished(app, tales(tmp_path), budget=0.0)))).text)
    assert "stopped by its budget" in shown
    assert "Not begun: 6, as the budget of US$ 0.0 was reached" in shown


def test_a_busy_engines_retry_does_not_report_the_story_twice(tmp_path: Path) -> None:
    app = batch_app(speech=Mute("teapot", busy=True))
    run = finished(app, tales(tmp_path))
    with pytest.raises(UnavailableError):
        narrate(app, run, 1, last=False)
    figures = report(app, run)
    assert len({(failure.id, failure.locale) for failure in figures.failed}) == len(figures.failed) == 2
    assert ThrottledError.default_problem == figures.failed[0].problem
