"""Edits in a catalog's review: what was edited is published instead, said in the report, and taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.app import App
from pipeline.batch.edits import Planned, edit, planned, take_back
from pipeline.batch.publishing import pairs, publish
from pipeline.batch.report.figures import gathered
from pipeline.batch.report.text import report_text
from pipeline.batch.review import due
from pipeline.batch.runs import Run
from pipeline.errors import EngineError, RequestError
from pipeline.steps.committed import text
from pipeline.types import Change, Revision
from tests.batch.catalogs import Mute, batch_app, finished, listed, tales
from tests.making import Listener, fake_app

NEW = "She sat in the warm sand."


@pytest.fixture
def app() -> App:
    return batch_app()


@pytest.fixture
def run(app: App, tmp_path: Path) -> Run:
    return finished(app, tales(tmp_path, publish={"review": "all"}))


def first(run: Run) -> Planned:
    return planned(run, next(run.items(1)).id[:8])


def edited(app: App, story: Planned, sentence: int = 2) -> str:
    return edit(app, story, Revision(story.current, "en", (Change(sentence, NEW),)), Listener())


def test_an_edited_story_is_reviewed_and_published_in_place_of_the_first(app: App, run: Run) -> None:
    story = first(run)
    edited_id = edited(app, story)
    shown = {shown.id: shown.text for shown in due(app, run).sample if shown.locale == "en"}
    assert NEW in shown[edited_id]
    assert story.id not in shown
    assert publish(app, run).cards == 6
    assert {(edited_id, "en"), (edited_id, "fr")} <= listed(app.store)
    assert story.id not in {story_id for story_id, _ in listed(app.store)}


def test_the_report_says_so_and_counts_nothing_twice(app: App, run: Run) -> None:
    story = first(run)
    edited_id = edited(app, story)
    report = gathered(app, run)
    assert (report.verdict, report.planned, report.made) == ("green", 6, 6)
    assert report.edited == {story.id: edited_id}
    assert f"edited in review, and published so: {story.id[:12]} is {edited_id[:12]} now" in report_text(
        report
    )


def test_a_later_run_of_the_catalog_asks_about_neither(app: App, run: Run, tmp_path: Path) -> None:
    edited(app, first(run))
    publish(app, run)
    later = finished(app, tales(tmp_path, publish={"review": "all"}), "two")
    assert due(app, later).total == 0
    before = listed(app.store)
    assert publish(app, later).cards == 6
    assert listed(app.store) == before


def test_what_is_published_already_gives_its_place_when_the_run_is_published_again(
    app: App, run: Run
) -> None:
    publish(app, run)
    story = first(run)
    edited_id = edited(app, story)
    assert (story.id, "en") in listed(app.store)
    publish(app, run)
    assert {story_id for story_id, _ in listed(app.store)} == {pair[0] for _, pair in pairs(run)}
    assert (edited_id, "fr") in listed(app.store)


def test_an_edited_story_is_edited_again_and_withheld_by_either_id(app: App, run: Run) -> None:
    story = first(run)
    edited(app, story)
    again = planned(run, story.id)
    second = edited(app, again, 3)
    assert (again.id, planned(run, second[:8])) == (story.id, planned(run, story.id))
    assert text(app.store, second, "en").story.segments[2:4] == (NEW, NEW)
    assert publish(app, run, [story.id[:12]]).withheld == 2
    assert second not in {story_id for story_id, _ in listed(app.store)}


def test_an_edit_is_taken_back(app: App, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    deleted: list[str] = []
    monkeypatch.setattr("pipeline.steps.revise.delete", lambda _, story_id: deleted.append(story_id))
    story = first(run)
    edited_id = edited(app, story)
    publish(app, run)
    assert take_back(app, first(run)) == story.id
    assert deleted == [edited_id]
    assert {story_id for _, (story_id, _) in pairs(run)} >= {story.id}
    publish(app, run)
    assert {(story.id, "en"), (story.id, "fr")} <= listed(app.store)
    with pytest.raises(RequestError):
        take_back(app, first(run))


def test_an_edit_that_cannot_be_made_whole_changes_nothing(app: App, run: Run) -> None:
    story = first(run)
    mute = fake_app(app.store, speech=Mute("[fr] she sat"))
    with pytest.raises(EngineError):
        edited(mute, story)
    assert first(run) == story


@pytest.mark.parametrize("start", ["", "zz", "0" * 32])
def test_a_story_that_is_not_the_runs_is_not_edited(run: Run, start: str) -> None:
    with pytest.raises(RequestError) as refused:
        planned(run, start)
    assert refused.value.problem == "bad-id"
