"""Every file of a run, damaged in each of three ways: a sentence, or made again; other runs go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.app import App
from pipeline.batch import running
from pipeline.batch.plan import plan
from pipeline.batch.publishing import publish
from pipeline.batch.report.writing import report
from pipeline.batch.runs import Run
from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import MemoryStore
from pipeline.errors import DamagedError
from pipeline.ports import NoProgress
from pipeline.steps.heal import heal
from pipeline.steps.verify import verify
from pipeline.storage import keys
from pipeline.storage.shelf import PUBLISHED
from tests.batch.catalogs import batch_app, finished, tales

DAMAGE = {
    "flipped": lambda data: data[:-40] + bytes([data[-40] ^ 1]) + data[-39:],
    "cut": lambda data: data[: len(data) // 2],
    "empty": lambda _: b"",
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """With the runs "one" and "two" of a catalog, both reported."""
    app = batch_app(MemoryStore())
    for run_id in ("one", "two"):
        report(app, finished(app, tales(tmp_path_factory.mktemp(run_id)), run_id))
    return app


def names(app: App) -> list[str]:
    return [key for key in app.store.list("runs/one/") if not key.endswith(".html")]


@pytest.mark.parametrize("damage", DAMAGE)
def test_each_damaged_file_of_a_run_is_named_and_other_runs_go_on(app: App, damage: str) -> None:
    assert {key.rpartition("/")[2] for key in names(app)} >= {"run.json", "report.json", "00001.write.json"}
    for key in names(app):
        data = app.store.get(key)
        app.store.put(key, DAMAGE[damage](data))
        assert [fault.key for fault in verify(app.store, (), NoProgress()).faults] == [key]
        named = list[DamagedError]()
        listed = [run.id for run in running.known(app.store, named.append)]
        assert "two" in listed
        assert [key in str(error) for error in named] == [True] * key.endswith(("run.json", "report.json"))
        try:
            report(app, Run(app.store, "one"))
        except DamagedError as error:
            named.append(error)
        assert key in str(named) or "/records/" in key
        app.store.put(key, data)


def test_a_damaged_report_is_set_aside_and_written_again(app: App) -> None:
    key = keys.run("one", "report.json")
    report(app, Run(app.store, "one"))
    data = app.store.get(key)
    app.store.put(key, b"{")
    report(app, Run(app.store, "one"))
    assert app.store.get(key) == data
    assert app.store.get(keys.quarantine(key, b"{")) == b"{"


def test_a_chunk_with_a_damaged_record_is_worked_on_again(tmp_path: Path) -> None:
    app = batch_app(MemoryStore())
    run = finished(app, tales(tmp_path))
    (key, *_) = app.store.list("runs/one/records/")
    app.store.put(key, b"{")
    stage = key.split(".")[1]
    assert run.record(stage, 1) is None
    assert app.store.get(keys.quarantine(key, b"{")) == b"{"


def test_a_chunk_that_is_cut_at_a_lines_end_is_damaged(tmp_path: Path) -> None:
    app = batch_app(MemoryStore())
    run = finished(app, tales(tmp_path))
    key = "runs/one/chunks/00001.jsonl"
    app.store.put(key, app.store.get(key).rpartition(b"\n")[0])
    with pytest.raises(DamagedError, match=key):
        list(run.items(1))


def test_a_chunk_of_an_older_store_is_read_as_it_is(tmp_path: Path) -> None:
    app = batch_app(MemoryStore())
    plan(app, tales(tmp_path), "one")
    run = Run(app.store, "one")
    key = "runs/one/chunks/00001.jsonl"
    items = list(run.items(1))
    app.store.put(key, app.store.get(key).partition(b"\n")[2])
    assert list(run.items(1)) == items


@pytest.mark.parametrize("key", ["runs/run.json", "runs/a/b/run.json", "runs/ä/run.json", "runs/.x/run.json"])
def test_files_of_strangers_are_no_runs(app: App, key: str) -> None:
    app.store.put(key, b"{}")
    assert {run.id for run in running.known(app.store)} == {"one", "two"}


def test_a_run_whose_marker_of_publication_is_gone_is_named(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "out")
    app = batch_app(store)
    publish(app, finished(app, tales(tmp_path), "one"))
    assert verify(app.store, (), NoProgress()).faults == ()
    marker = keys.publication(PUBLISHED, "one")
    store.path(marker).unlink()
    faults = verify(app.store, (), NoProgress()).faults
    assert [(fault.key, fault.what) for fault in faults] == [(marker, "gone")]
    assert "stories catalog publish one" in heal(app, faults, NoProgress())[marker]
