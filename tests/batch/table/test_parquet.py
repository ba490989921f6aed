"""The table of a run, read back with pandas."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from pipeline.batch.plan import plan
from pipeline.batch.runs import Run
from pipeline.batch.table import parquet
from pipeline.batch.table.columns import COLUMNS
from pipeline.batch.work import narrate, write
from pipeline.engines.fake import MemoryStore
from pipeline.errors import NotFoundError
from pipeline.ports import Store
from pipeline.storage import keys
from tests.batch.catalogs import IDEAS, Mute, batch_app, finished, tales
from tests.command import ROOT

ATHENA = {
    "string": "string",
    "int32": "int",
    "int64": "bigint",
    "double": "double",
    "timestamp[ms, tz=UTC]": "timestamp",
    "list<element: string>": "array<string>",
    "list<item: string>": "array<string>",
}


def table(run: Run) -> pd.DataFrame:
    file = io.BytesIO()
    rows = parquet.write(run, file)
    frame = pd.read_parquet(io.BytesIO(file.getvalue()))
    assert rows == len(frame)
    return frame


def parts(store: Store, run_id: str = "one") -> list[pd.DataFrame]:
    names = store.list(keys.run(run_id, "table/"))
    return [pd.read_parquet(io.BytesIO(store.get(name))) for name in names]


def test_each_story_and_language_is_a_row_that_says_what_its_manifest_does(tmp_path: Path) -> None:
    app = batch_app()
    run = finished(app, tales(tmp_path, [{"context": IDEAS[0], "tags": ["sea"]}, IDEAS[1]]))
    frame = table(run)
    assert list(frame.columns) == [column.name for column in COLUMNS]
    assert frame[["context", "locale"]].values.tolist() == [
        [idea, tag] for idea in IDEAS[:2] for tag in ("en", "fr")
    ]
    assert frame["tags"].map(list).tolist() == [["sea"], ["sea"], [], []]
    row = frame.iloc[1].to_dict()
    manifest = json.loads(app.store.get(row["manifest_key"]))
    sound = app.store.get(row["mp3_key"])
    texts = [segment["text"] for segment in manifest["segments"]]
    assert row["story_id"] == manifest["story_id"]
    assert (row["run_id"], row["edition"], row["line"], row["chunk"]) == ("one", "fr", 4, 1)
    assert (row["sentences"], row["words"]) == (len(texts), sum(len(text.split()) for text in texts))
    assert (row["mp3_bytes"], row["mp3_sha256"]) == (len(sound), manifest["files"][row["mp3_key"]]["sha256"])
    assert row["duration_seconds"] == manifest["duration_ms"] / 1000
    assert row["translation_engine"] == manifest["engines"]["translation"]
    assert row["speech_characters"] == manifest["usage"]["speak"]["characters"]
    assert row["story_prompt_tokens"] == manifest["usage"]["generate"]["prompt_tokens"]
    assert [check["name"] for check in row["checks"]] == [check["name"] for check in manifest["checks"]]
    assert row["checks_failed"] == 0
    assert row["created"].tzinfo is not None
    assert row["created"].timestamp() == pytest.approx(run.about().began, abs=60)
    assert frame["translation_engine"].isna().tolist() == [True, False] * 2


def test_what_was_complete_before_comes_last_and_has_no_chunk(tmp_path: Path) -> None:
    app = batch_app()
    finished(app, tales(tmp_path, IDEAS[:1]))
    frame = table(finished(app, tales(tmp_path, IDEAS[:2]), "two"))
    assert frame["context"].tolist() == [IDEAS[1]] * 2 + [IDEAS[0]] * 2
    assert frame["chunk"].isna().tolist() == [False, False, True, True]
    assert frame["created"].isna().tolist() == [False, False, True, True]


def test_what_failed_is_not_begun_or_is_damaged_has_no_row(tmp_path: Path) -> None:
    app = batch_app(speech=Mute("teapot"))
    plan(app, tales(tmp_path), "one", chunk_size=2)
    run = Run(app.store, "one")
    write(app, run, 1)
    narrate(app, run, 1)
    (item, *_) = run.items(1)
    app.store.put(keys.manifest(item.id, "fr"), b"{")
    assert table(run)[["context", "locale"]].values.tolist() == [[IDEAS[0], "en"]]


def test_a_child_that_is_named_has_no_row(tmp_path: Path) -> None:
    app = batch_app()
    run = finished(app, tales(tmp_path))
    first, second = run.items(1)
    private = run.store.get(keys.run("one", "chunks/00001.jsonl")).replace(first.id.encode(), b"p" * 33)
    items = private.partition(b"\n")[2]
    app.store.put(keys.run("one", "chunks/00001.jsonl"), items)
    assert set(table(run)["story_id"]) == {second.id, *(item.id for item in run.items(2))}


def test_beside_the_run_it_is_parts_that_are_replaced_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_GROUP", 2)
    monkeypatch.setattr(parquet, "_GROUPS_OF_PART", 2)
    app = batch_app()
    run = finished(app, tales(tmp_path))
    assert parquet.keep(run) == 6
    assert [len(part) for part in parts(app.store)] == [4, 2]
    whole = pd.concat(parts(app.store))
    assert whole["story_id"].tolist() == table(run)["story_id"].tolist()
    (item,) = run.items(2)
    for name in item.locales:
        app.store.put(keys.manifest(item.id, name), b"{")
    assert parquet.keep(run) == 4
    assert [len(part) for part in parts(app.store)] == [4, 0]


def test_a_run_that_made_nothing_is_a_table_without_rows(tmp_path: Path) -> None:
    app = batch_app()
    plan(app, tales(tmp_path), "one")
    assert parquet.keep(Run(app.store, "one")) == 0
    assert [len(part) for part in parts(app.store)] == [0]
    with pytest.raises(NotFoundError):
        parquet.write(Run(MemoryStore(), "none"), io.BytesIO())


def test_the_docs_name_each_column_with_its_type_in_athena() -> None:
    text = (ROOT / "docs" / "table.md").read_text("utf-8")
    statement = text.partition("```sql")[2].partition("```")[0]
    columns = dict(re.findall(r"^  (\w+) ([\w<>:, ]+?),?$", statement, re.MULTILINE))
    checks = "array<struct<name:string,passed:boolean,figure:double,text:string,bound:string>>"
    assert columns == {
        column.name: ATHENA.get(str(column.type), checks if column.name == "checks" else "")
        for column in COLUMNS
    }
    described = set(re.findall(r"`(\w+)`", text.partition("```sql")[0]))
    assert {column.name for column in COLUMNS} <= described
