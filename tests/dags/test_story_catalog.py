"""Whole runs of the DAG, and what becomes of them when something goes wrong."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import FakeSpeech, FakeText
from pipeline.errors import ContentRejectedError, StoreError, ThrottledError
from pipeline.ports import NoProgress
from pipeline.steps.accept import accept, acceptable
from pipeline.steps.run import run
from pipeline.storage import keys
from pipeline.types import Completion, Prompt
from tests.counting import CountingSpeech, CountingText
from tests.dags.airflows import Airflow
from tests.making import fake_app

SNAIL, BOAT, KITE = "a shy snail", "a brave little boat", "a kite that fears heights"


class FailingText(FakeText):
    """Fails for good whenever it is asked for a story about `about`."""

    def __init__(self, about: str) -> None:
        super().__init__()
        self.about = about

    def complete(self, prompt: Prompt, on_text=lambda _: None) -> Completion:
        if self.about in prompt.user:
            raise ContentRejectedError("not for a child")
        return super().complete(prompt, on_text)


def test_a_catalog_is_made_chunk_by_chunk_and_published_whole(airflow: Airflow) -> None:
    ended = airflow.run(airflow.catalog(SNAIL, BOAT, KITE), chunk_size=2)
    assert ended.state == "success"
    chunks = {(task, index) for task, index in ended.states if task.startswith("chunk.")}
    assert chunks == {("chunk.write", 0), ("chunk.write", 1), ("chunk.narrate", 0), ("chunk.narrate", 1)}
    assert len(ended.published) == 6
    assert (ended.of("approve"), ended.of("watch")) == ("skipped", "skipped")


def test_a_story_of_a_catalog_is_the_one_that_the_command_makes(airflow: Airflow, tmp_path: Path) -> None:
    ended = airflow.run(airflow.catalog(SNAIL))
    app = build_app(Settings(profile="fake", out=tmp_path / "elsewhere"))
    for locale in ("en", "fr"):
        alone = run(app, accept(app, SNAIL), locale, NoProgress())
        assert ended.run.store.get(keys.manifest(alone.story_id, locale)) == app.store.get(
            keys.manifest(alone.story_id, locale)
        )


def test_a_catalog_is_made_by_small_real_engines_too(airflow: Airflow, smollm2: Path) -> None:
    airflow.profile = "draft"
    ended = airflow.run(airflow.catalog(SNAIL, locales=["en", "pt"]))
    assert (ended.state, len(ended.published)) == ("success", 2)
    assert ended.report["audio"][0] > 5  # seconds that one can hear


def test_an_entry_that_fails_for_good_fails_alone_and_the_run_is_red(airflow: Airflow) -> None:
    airflow.engines(text=FailingText("boat"))
    ended = airflow.run(airflow.catalog(SNAIL, BOAT, KITE), chunk_size=3)
    assert ended.state == "failed"
    assert (ended.states["chunk.write", 0], ended.tries["chunk.write", 0]) == ("success", 1)
    assert len(ended.published) == 4
    assert (ended.of("report"), ended.of("watch")) == ("failed", "failed")


def test_as_many_failures_as_the_catalog_allows_leave_the_run_green(airflow: Airflow) -> None:
    airflow.engines(text=FailingText("boat"))
    ended = airflow.run(airflow.catalog(SNAIL, BOAT, max_failed=2))
    assert (ended.state, len(ended.published)) == ("success", 2)


def test_a_throttled_engine_is_asked_again_for_what_is_missing_alone(airflow: Airflow) -> None:
    text, speech = CountingText(FakeText()), CountingSpeech(FakeSpeech())
    speech.calls.fail = ThrottledError("slowly")
    airflow.engines(text=text, speech=speech)
    ended = airflow.run(airflow.catalog(SNAIL, locales=["en"]))
    assert (ended.state, len(ended.published), text.stories) == ("success", 1, 1)
    assert (ended.tries["chunk.write", 0], ended.tries["chunk.narrate", 0]) == (1, 2)
    # Each sentence once, and the one that was refused a second time.
    assert len(speech.calls) == len(set(speech.calls.arguments)) + 1


def test_a_review_that_is_rejected_publishes_nothing(airflow: Airflow) -> None:
    someone = airflow.answering("Reject")
    ended = airflow.run(airflow.catalog(SNAIL, publish={"review": "all"}))
    someone.join(10)
    assert (ended.of("approve"), ended.of("publish"), ended.of("report")) == ("success", "skipped", "success")
    assert (ended.state, ended.published) == ("success", set())


def test_where_nobody_can_be_asked_what_is_to_be_looked_at_is_not_published(
    airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORIES_REVIEW", "later")
    ended = airflow.run(airflow.catalog(SNAIL, publish={"review": "all"}))
    assert (ended.of("approve"), ended.of("publish"), ended.of("report")) == ("skipped", "skipped", "success")
    assert (ended.state, ended.published) == ("success", set())


def test_a_reviewer_withholds_a_story_and_the_others_appear(airflow: Airflow) -> None:
    withheld = acceptable(fake_app(airflow.store), SNAIL, 0, "").story_id
    someone = airflow.answering("Approve", withhold=withheld)
    ended = airflow.run(airflow.catalog(SNAIL, BOAT, publish={"review": "all"}))
    someone.join(10)
    assert (ended.state, len(ended.published)) == ("success", 2)
    assert withheld not in {story_id for story_id, _ in ended.published}


def test_a_budget_that_is_reached_ends_the_run_cleanly(airflow: Airflow) -> None:
    text = CountingText(FakeText())
    airflow.engines(text=text)
    ended = airflow.run(airflow.catalog(SNAIL, BOAT), budget=0)
    assert (ended.state, len(text.calls)) == ("success", 0)
    assert sum(record.left for record in ended.run.records() if record.stage == "write") == 4


def test_a_run_with_nothing_to_do_calls_no_engine_and_publishes_all_the_same(airflow: Airflow) -> None:
    catalog = airflow.catalog(SNAIL, BOAT)
    first = airflow.run(catalog)
    text, speech = CountingText(FakeText()), CountingSpeech(FakeSpeech())
    airflow.engines(text=text, speech=speech)
    again = airflow.run(catalog)
    assert (len(text.calls), len(speech.calls)) == (0, 0)
    assert (again.state, again.published) == ("success", first.published)
    assert again.of("publish") == "success"


def test_a_full_disk_fails_its_chunks_at_once_and_the_report_still_says_so(
    airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = FileStore.put_if_absent, FileStore.put

    def full(key: str) -> None:
        if key.startswith("stories/") and key.endswith(".mp3"):
            raise StoreError("the disk is full: make room and run it again", problem="disk-full")

    def put_if_absent(self: FileStore, key: str, data: bytes) -> bool:
        full(key)
        return room[0](self, key, data)

    def put(self: FileStore, key: str, data: bytes) -> None:
        full(key)
        room[1](self, key, data)

    monkeypatch.setattr(FileStore, "put_if_absent", put_if_absent)
    monkeypatch.setattr(FileStore, "put", put)
    ended = airflow.run(airflow.catalog(SNAIL, BOAT), chunk_size=1)
    assert ended.state == "failed"
    assert [ended.states["chunk.narrate", index] for index in (0, 1)] == ["failed", "failed"]
    assert [ended.tries["chunk.narrate", index] for index in (0, 1)] == [1, 1]
    assert ended.published == set()
    assert (ended.of("report"), len(ended.report["missing"])) == ("failed", 4)


def test_a_catalog_with_faults_fails_its_plan_at_once_and_makes_nothing(airflow: Airflow) -> None:
    ended = airflow.run(airflow.catalog(SNAIL, SNAIL))
    assert (ended.state, ended.of("plan"), ended.tries["plan", -1]) == ("failed", "failed", 1)
    assert (ended.of("publish"), ended.of("report")) == ("skipped", "skipped")


def test_a_dry_run_says_what_it_would_take_and_makes_nothing(
    airflow: Airflow, caplog: pytest.LogCaptureFixture
) -> None:
    text = CountingText(FakeText())
    airflow.engines(text=text)
    with caplog.at_level(logging.INFO, logger="story_catalog"):
        ended = airflow.run(airflow.catalog(SNAIL, BOAT), dry_run=True)
    assert (ended.state, len(text.calls)) == ("success", 0)
    assert "2 stories, 4 with their languages" in caplog.text
    assert {ended.of(task) for task in ("review", "approve", "publish", "report")} == {"skipped"}
    assert list(ended.run.store.list("")) == []
