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
from tests.batch.tales import IDEAS, Mute, batch, made, told
from tests.making import ScriptedText


def counts(found: Report) -> dict[str, int]:
    told = {"made": found.made, "skipped": found.skipped, "failed": len(found.failed), "left": found.left}
    assert sum(told.values()) + len(found.missing) == found.planned
    return {name: count for name, count in {**told, "missing": len(found.missing)}.items() if count}


def test_a_run_without_trouble_is_green_and_accounts_for_all(tmp_path: Path) -> None:
    app = batch()
    found = report(app, made(app, told(tmp_path)))
    assert counts(found) == {"made": 6}
    assert (found.verdict, found.stopped, found.stories, found.by_locale) == (
        "green",
        False,
        3,
        {"en": 3, "fr": 3},
    )
    assert [one.number for one in found.chunks] == [1, 2]
    # 9 or 10 sentences of 60 ms a character, some 50 characters each: half a minute and more.
    assert len(found.audio) == 6
    assert all(20 < seconds < 60 for seconds in found.audio)


def test_what_was_made_before_is_told_apart(tmp_path: Path) -> None:
    app = batch()
    made(app, told(tmp_path, IDEAS[:1]))
    found = report(app, made(app, told(tmp_path), "two"))
    assert counts(found) == {"made": 4, "skipped": 2}


def test_a_run_with_nothing_to_do_costs_nothing(tmp_path: Path) -> None:
    app = batch()
    made(app, told(tmp_path))
    found = report(app, made(app, told(tmp_path), "two"))
    assert counts(found) == {"skipped": 6}
    assert (found.cost, found.chunks, found.wall, found.verdict) == ((), (), 0.0, "green")
    assert found.rates.stories_per_hour is None


def test_each_failure_stands_in_it_with_line_key_step_cause_and_attempts(tmp_path: Path) -> None:
    app = batch(speech=Mute("teapot", busy=True))
    file = told(tmp_path)
    plan(app, file, "one", 3)
    run = Run(app.store, "one")
    write(app, run, 1)
    for _ in range(2):
        with pytest.raises(UnavailableError):
            narrate(app, run, 1, last=False)
    narrate(app, run, 1)
    found = report(app, run)
    assert counts(found) == {"made": 4, "failed": 2}
    assert found.is_red
    (story_id,) = {item.id for item in run.items(1) if item.context == "a brave teapot"}
    assert {(one.line, one.id, one.locale) for one in found.failed} == {
        (5, story_id, "en"),
        (5, story_id, "fr"),
    }
    for one in found.failed:
        assert (one.step, one.problem, one.attempts) == ("speak", "throttled", 3)
        assert "asked too often" in one.cause


@pytest.mark.parametrize(("bears", "verdict"), [(0, "red"), (1, "red"), (2, "green")])
def test_it_is_red_where_more_failed_than_the_catalog_bears(tmp_path: Path, bears: int, verdict: str) -> None:
    app = batch(speech=Mute("teapot"))
    assert report(app, made(app, told(tmp_path, max_failed=bears))).verdict == verdict


def test_a_story_that_was_not_written_failed_in_every_language(tmp_path: Path) -> None:
    app = batch(text=ScriptedText(["nonsense"] * 3))
    found = report(app, made(app, told(tmp_path, IDEAS[:2])))
    assert counts(found) == {"made": 2, "failed": 2}
    assert {(one.step, one.locale) for one in found.failed} == {("generate", "en"), ("generate", "fr")}


def test_what_failed_and_was_made_after_all_counts_as_made(tmp_path: Path) -> None:
    store = batch().store
    run = made(batch(store, speech=Mute("teapot")), told(tmp_path))
    whole = batch(store)
    made(whole, told(tmp_path), "two")
    assert counts(report(whole, run)) == {"made": 6}


def halfway(app: App, folder: Path) -> Run:
    """Killed after the first of three chunks was made and the second was written."""
    plan(app, told(folder), "one", chunk_size=1)
    run = Run(app.store, "one")
    for number in (1, 2):
        write(app, run, number)
    narrate(app, run, 1)
    return run


def test_a_killed_run_reports_what_is_missing_and_is_red(tmp_path: Path) -> None:
    app = batch()
    found = report(app, halfway(app, tmp_path))
    assert counts(found) == {"made": 2, "missing": 4}
    assert found.is_red
    assert [(one.line, one.locale) for one in found.missing] == [(5, "en"), (5, "fr"), (6, "en"), (6, "fr")]
    assert {one.cause for one in found.missing} == {"its chunk did not finish"}
    assert found.causes == {"unfinished": 4}


def test_a_run_that_was_planned_and_never_begun_is_all_missing(tmp_path: Path) -> None:
    app = batch()
    plan(app, told(tmp_path), "one")
    assert counts(report(app, Run(app.store, "one"))) == {"missing": 6}


def test_what_was_there_when_planned_and_is_gone_is_missing(tmp_path: Path) -> None:
    store = batch().store
    made(batch(store), told(tmp_path))
    run = made(batch(store), told(tmp_path), "two")
    gone = next(run.done_items())
    there = batch(Without(store, keys.manifest(gone.id, "fr")))
    found = report(there, Run(there.store, "two"))
    assert counts(found) == {"skipped": 5, "missing": 1}
    assert [(one.id, one.locale) for one in found.missing] == [(gone.id, "fr")]


class Without:
    """A store from which one key is gone."""

    def __init__(self, inner: object, key: str) -> None:
        self.inner, self.key = inner, key

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def list(self, prefix: str, after: str = "") -> object:
        return (key for key in self.inner.list(prefix, after) if key != self.key)  # type: ignore[attr-defined]


def test_a_story_whose_mp3_is_gone_is_not_made(tmp_path: Path) -> None:
    store = batch().store
    run = made(batch(store), told(tmp_path))
    (mp3,) = [key for key in store.list(f"stories/{next(run.items(1)).id}/fr/") if key.endswith(".mp3")]
    app = batch(Without(store, mp3))
    assert counts(report(app, Run(app.store, "one"))) == {"made": 5, "missing": 1}


def test_a_run_that_its_budget_stopped_is_not_red(tmp_path: Path) -> None:
    app = batch()
    found = report(app, made(app, told(tmp_path), budget=0.0))
    assert counts(found) == {"left": 6}
    assert (found.verdict, found.stopped) == ("green", True)


def test_what_was_accepted_is_published_or_reported(tmp_path: Path) -> None:
    app = batch(speech=Mute("teapot"))
    run = made(app, told(tmp_path))
    assert publish(app, run).cards + len(report(app, run).failed) == 6


def test_the_cost_is_what_the_run_paid_for_by_engine(tmp_path: Path) -> None:
    app = batch()
    file = told(tmp_path, IDEAS[:2])
    found = report(app, made(app, file))
    calls = {(row.of.split("@")[0], row.engine): row.usage.calls for row in found.cost}
    judged = {(f"judge-{what}", "fake/text/1"): 2 for what in ("about", "complete", "ends well", "gentle")}
    spoken = calls.pop(("speak", "fake/speech/1"))
    assert calls == {**judged, ("story", "fake/text/1"): 2, ("translate", "fake/translation/1"): 2}
    # Ten sentences in each of two languages; a sentence that two stories share is spoken once.
    assert 20 <= spoken <= 40
    assert found.dollars == 0.0


def test_the_same_store_gives_the_same_report(tmp_path: Path) -> None:
    app = batch()
    run = made(app, told(tmp_path))
    report(app, run)
    before = [app.store.get(keys.run("one", f"report.{kind}")) for kind in ("json", "html")]
    report(app, run)
    assert [app.store.get(keys.run("one", f"report.{kind}")) for kind in ("json", "html")] == before


def test_the_json_says_what_the_report_says(tmp_path: Path) -> None:
    app = batch(speech=Mute("teapot"))
    run = made(app, told(tmp_path))
    found = report(app, run)
    kept = json.loads(app.store.get(keys.run("one", "report.json")))
    assert (kept["made"], kept["verdict"], kept["catalog"]["name"]) == (4, "red", "tales")
    assert kept["failed"] == [
        {
            "line": 5,
            "id": one.id,
            "locale": one.locale,
            "step": "speak",
            "problem": "engine",
            "cause": "no voice for this",
            "attempts": 1,
            "retryable": False,
        }
        for one in found.failed
    ]


def test_a_report_of_no_run_says_so() -> None:
    app = batch()
    with pytest.raises(NotFoundError, match="there is no run two"):
        report(app, Run(app.store, "two"))


def story(title: str, text: str) -> Story:
    return Story("", "en", title, (text,))


def test_variety_is_the_share_of_titles_and_openings_that_come_again() -> None:
    found = variety(
        [
            story("The Kite", "Once upon a time there was a kite."),
            story("the kite", "Once upon a hill sat a fox."),
            story("A Fox", "Mina ran."),
            story("A Moth", "One evening, it rained."),
        ]
    )
    assert (found.read, found.titles, found.openings) == (4, 0.5, 0.5)
    assert (found.opening, found.times) == ("once upon a", 2)
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
    app = batch()
    plan(app, told(folder), "one")
    found = gathered(app, Run(app.store, "one"))
    failed = tuple(
        Failure(number, f"{number:032x}", "ar", "speak", HOSTILE, HOSTILE) for number in range(count)
    )
    return replace(
        found,
        failed=failed,
        missing=tuple(Missing(1, f"{number:032x}", "fr", HOSTILE) for number in range(count)),
        cost=(Row(HOSTILE, HOSTILE, Usage(1, 2, 3, 4, 5.0, 6.0), None), Row("speak", "$a_b$", Usage(1), 1.5)),
        chunks=tuple(Chunk(number, 1.0, 2.0, 1) for number in range(1, count + 1)),
        audio=(40.0, 41.0),
        variety=variety([story("a", HOSTILE), story("a", HOSTILE)]),
    )


def test_text_on_the_page_is_only_ever_text_and_nothing_comes_from_elsewhere(tmp_path: Path) -> None:
    seen = Seen(page(hostile(tmp_path)))
    assert "script" not in seen.tags
    assert {"img", "link", "iframe", "base", "object"} & set(seen.tags) == set()
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    addresses = [value for name, value in seen.attributes if name in {"src", "href", "xlink:href"}]
    assert all((value or "").startswith("#") for value in addresses)
    assert HOSTILE in seen.text


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
    found = replace(
        hostile(tmp_path, 10_000), chunks=tuple(Chunk(one, 1.0, 2.0, 1) for one in range(1, 1001))
    )
    text = page(found)
    assert len(text) < 700_000
    assert text.count("<td>speak</td>") == 200 + 1  # and a row of the costs
    assert "10\u202f000 that failed; report.json has all" in text


def test_the_page_of_a_run_of_which_nothing_is_there_yet(tmp_path: Path) -> None:
    app = batch()
    plan(app, told(tmp_path), "one")
    seen = " ".join(Seen(page(gathered(app, Run(app.store, "one")))).text)
    assert "no engine was called" in seen
    assert "its chunk did not finish" in seen
    assert "Not made: 6, where the catalog allows 0" in seen


def test_the_page_says_that_the_budget_stopped_it(tmp_path: Path) -> None:
    app = batch()
    seen = " ".join(Seen(page(gathered(app, made(app, told(tmp_path), budget=0.0)))).text)
    assert "stopped by its budget" in seen
    assert "Not begun: 6, as the budget of US$ 0.0 was reached" in seen


def test_a_busy_engines_retry_does_not_report_the_story_twice(tmp_path: Path) -> None:
    app = batch(speech=Mute("teapot", busy=True))
    run = made(app, told(tmp_path))
    with pytest.raises(UnavailableError):
        narrate(app, run, 1, last=False)
    found = report(app, run)
    assert len({(one.id, one.locale) for one in found.failed}) == len(found.failed) == 2
    assert ThrottledError.default_problem == found.failed[0].problem
