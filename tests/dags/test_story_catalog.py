"""Runs of the DAG for what only a DAG can show: order, retries, skips, colours, a person's answer."""

from __future__ import annotations

import logging

import pytest

from pipeline.batch.plan import plan
from pipeline.batch.reading import read
from pipeline.batch.runs import Run
from pipeline.batch.work import narrate, write
from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import FakeSpeech, FakeText
from pipeline.errors import ContentRejectedError, StoreError, ThrottledError
from pipeline.steps.accept import acceptable
from pipeline.types import Completion, Prompt
from tests.batch.catalogs import batch_app
from tests.counting import CountingSpeech, CountingText
from tests.dags.airflows import Airflow, Answer, asset_events
from tests.making import fake_app

SNAIL, BOAT, KITE = "a shy snail", "a brave little boat", "a kite that fears heights"


class FailingText(FakeText):
    """Fails for good for a story about `about`."""

    def __init__(self, about: str) -> None:
        super().__init__()
        self.about = about

    def complete(self, prompt: Prompt, on_text=lambda _: None) -> Completion:
        if self.about in prompt.user:
            raise ContentRejectedError("not for a child")
        return super().complete(prompt, on_text)


def test_catalog_is_made_chunk_by_chunk_and_published_whole(
    airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORIES_REPORTS_URL", "http://reports")
    ended = airflow.run(airflow.catalog(SNAIL, BOAT, KITE), chunk_size=2, budget=5)
    assert ended.state == "success"
    chunks = {(task, index) for task, index in ended.states if task.startswith("chunk.")}
    assert chunks == {("chunk.write", 0), ("chunk.write", 1), ("chunk.narrate", 0), ("chunk.narrate", 1)}
    assert len(ended.published) == 6
    assert (ended.of("approve"), ended.of("watch")) == ("skipped", "skipped")
    assert ended.run.about().catalog["budget"] == 5
    counts = {"published": 6, "withheld": 0, "incomplete": 0}
    assert asset_events("story_catalog")[-1] == {"run_id": ended.run.id, "profile": "fake", **counts}
    for task, index, link in (("report", -1, "RunReport"), ("chunk.narrate", 1, "ChunkRecord")):
        address = ended.link(task, index, link)
        assert ended.run.store.get(f"runs{address.removeprefix('http://reports')}")


def test_entry_that_fails_for_good_fails_alone_and_the_run_is_red(airflow: Airflow) -> None:
    airflow.engines(text=FailingText("boat"))
    ended = airflow.run(airflow.catalog(SNAIL, BOAT, KITE), chunk_size=3)
    assert ended.state == "failed"
    assert (ended.states["chunk.write", 0], ended.tries["chunk.write", 0]) == ("success", 1)
    assert len(ended.published) == 4
    assert (ended.of("report"), ended.of("watch")) == ("failed", "failed")


def test_throttled_chunk_is_retried_for_what_is_missing_alone(airflow: Airflow) -> None:
    text, speech = CountingText(FakeText()), CountingSpeech(FakeSpeech())
    speech.calls.fail = ThrottledError("slowly")
    airflow.engines(text=text, speech=speech)
    ended = airflow.run(airflow.catalog(SNAIL, locales=["en"]))
    assert (ended.state, len(ended.published), text.stories) == ("success", 1, 1)
    assert (ended.tries["chunk.write", 0], ended.tries["chunk.narrate", 0]) == (1, 2)
    # Each sentence once, and the throttled call again.
    assert len(speech.calls) == len(set(speech.calls.arguments)) + 1


def test_rejected_review_publishes_nothing(airflow: Airflow) -> None:
    catalog = airflow.catalog(SNAIL, locales=["en"], publish={"review": "all"})
    ended = airflow.run(catalog, Answer("Reject"))
    assert (ended.of("approve"), ended.of("publish"), ended.of("report")) == ("success", "skipped", "success")
    assert (ended.state, ended.published) == ("success", set())


def test_reviewer_withholds_a_story_and_the_others_are_published(airflow: Airflow) -> None:
    withheld = acceptable(fake_app(airflow.store), SNAIL, 0, "").story_id
    catalog = airflow.catalog(SNAIL, BOAT, locales=["en"], publish={"review": "all"})
    ended = airflow.run(catalog, Answer("Approve", {"withhold": withheld}))
    assert (ended.state, len(ended.published)) == ("success", 1)
    assert withheld not in {story_id for story_id, _ in ended.published}


def test_review_that_waits_for_later_publishes_nothing(
    airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORIES_REVIEW", "later")
    ended = airflow.run(airflow.catalog(SNAIL, locales=["en"], publish={"review": "all"}))
    assert (ended.of("approve"), ended.of("publish"), ended.of("report")) == ("skipped", "skipped", "success")
    assert (ended.state, ended.published) == ("success", set())


def test_run_with_nothing_to_make_calls_no_engine_and_publishes(airflow: Airflow) -> None:
    catalog = airflow.catalog(SNAIL, BOAT)
    app = batch_app(airflow.store)
    plan(app, read(catalog), "before", chunk_size=2)
    for stage in (write, narrate):
        stage(app, Run(app.store, "before"), 1)
    text, speech = CountingText(FakeText()), CountingSpeech(FakeSpeech())
    airflow.engines(text=text, speech=speech)
    ended = airflow.run(catalog)
    assert (len(text.calls), len(speech.calls)) == (0, 0)
    assert (ended.state, ended.of("publish"), len(ended.published)) == ("success", "success", 4)


def test_full_disk_fails_each_chunk_at_once_and_the_report_counts_them(
    airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = FileStore.put_if_absent

    def put_if_absent(self: FileStore, key: str, data: bytes) -> bool:
        if key.startswith("stories/") and key.endswith((".mp3", "manifest.json")):
            raise StoreError("the disk is full: make room and run it again", problem="disk-full")
        return put(self, key, data)

    monkeypatch.setattr(FileStore, "put_if_absent", put_if_absent)
    ended = airflow.run(airflow.catalog(SNAIL, BOAT), chunk_size=1)
    assert ended.state == "failed"
    assert [ended.states["chunk.narrate", index] for index in (0, 1)] == ["failed", "failed"]
    assert [ended.tries["chunk.narrate", index] for index in (0, 1)] == [1, 1]
    assert ended.published == set()
    assert (ended.of("report"), len(ended.report["missing"])) == ("failed", 4)


def test_catalog_with_faults_fails_its_plan_at_once(airflow: Airflow) -> None:
    ended = airflow.run(airflow.catalog(SNAIL, SNAIL))
    assert (ended.state, ended.of("plan"), ended.tries["plan", -1]) == ("failed", "failed", 1)
    assert (ended.of("publish"), ended.of("report")) == ("skipped", "skipped")


def test_dry_run_logs_an_estimate_and_makes_nothing(
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
