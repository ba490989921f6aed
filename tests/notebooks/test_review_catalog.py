"""The review notebook, head-less: whatever became of the run, and whatever is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from pipeline.batch import running
from pipeline.batch.plan import plan
from pipeline.batch.publishing import publish, withdraw
from pipeline.batch.reading import read
from pipeline.bootstrap import build_batch
from pipeline.config.settings import Settings
from pipeline.ports import NoProgress
from pipeline.storage import keys
from tests.notebooks.review.reviewed import planned, told
from tests.notebooks.running import NotebookFailed, execute

NOTEBOOK = "03_review_catalog"
IDEAS = ("a shy snail", "a brave teapot")


def catalog(folder: Path, ideas: tuple[str, ...] = IDEAS) -> Path:
    path = folder / "tales.yaml"
    entries = [{"context": one} for one in ideas]
    path.write_text(json.dumps({"name": "tales", "locales": ["en", "fr"], "entries": entries}), "utf-8")
    return path


def made(folder: Path, profile: str, ideas: tuple[str, ...] = IDEAS) -> Any:
    """The app whose store has a whole run named "one"."""
    app = build_batch(Settings(profile=profile, out=folder / "out"))
    running.run(app, plan(app, read(catalog(folder, ideas)), "one"), NoProgress())
    return app


def reviewed(folder: Path, profile: str = "fake", **parameters: Any) -> tuple[str, str]:
    """What the executed notebook shows, as text and as HTML."""
    told = {"profile": profile, "out": str(folder / "out"), **parameters}
    executed = execute(NOTEBOOK, told, folder)
    outputs = [one for cell in executed.cells for one in cell.get("outputs", [])]
    assert not [one.text for one in outputs if one.get("name") == "stderr"]
    data = [one.data for one in outputs if "data" in one]
    return "".join(one.get("text/plain", "") for one in data), "".join(
        one.get("text/html", "") for one in data
    )


def test_the_notebook_is_committed_without_outputs_and_with_its_parameters() -> None:
    notebook = nbformat.read(Path(__file__).parents[2] / "notebooks" / f"{NOTEBOOK}.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not [cell.id for cell in code if cell.outputs or cell.execution_count]
    assert [cell.id for cell in code if "parameters" in cell.metadata.get("tags", [])] == ["parameters"]


def test_a_run_of_the_draft_engines_is_shown_and_heard(tmp_path: Path, smollm2: Path) -> None:
    made(tmp_path, "draft", IDEAS[:1])
    text, html = reviewed(tmp_path, "draft")
    assert "Run one. English texts read: 1, narrations: 2." in text
    assert html.count("<audio controls") == 2
    assert "draft story" in html
    assert "Fewer than 5 to compare" in html


def test_a_withdrawn_run_with_damaged_files_is_reviewed_and_they_are_named(tmp_path: Path) -> None:
    app = made(tmp_path, "fake")
    run = running.Run(app.store, "one")
    publish(app, run)
    withdraw(app.store, "one")
    first, second = (item.id for item in run.all_items())
    app.store.put(keys.text(first, "en"), b"{")
    for mp3 in [key for key in app.store.list(f"stories/{second}/fr/") if key.endswith(".mp3")]:
        (tmp_path / "out" / mp3).unlink()
    text, html = reviewed(tmp_path)
    assert "English texts read: 1, narrations: 3." in text
    assert "withdrawn" in html
    assert f"stories/{first}/story.json" in html
    assert "unfinished" in html


def test_a_run_that_was_killed_at_once_is_reviewed(tmp_path: Path) -> None:
    app = build_batch(Settings(profile="fake", out=tmp_path / "out"))
    plan(app, read(catalog(tmp_path)), "one")
    text, html = reviewed(tmp_path, listen=0)
    assert "Nothing of this run is complete" in text
    assert html.count("its chunk did not finish") == 4
    assert "Nothing is played" in html


def test_hostile_texts_do_nothing_in_the_notebook(tmp_path: Path) -> None:
    app = build_batch(Settings(profile="fake", out=tmp_path / "out"))
    planned(app.store, range(1, 8), locales=("en",))
    for one in range(1, 8):
        told(app.store, one, "<script>alert(1)</script> ran.", title="<img src=x onerror=alert(2)>")
    text, html = reviewed(tmp_path)
    assert "English texts read: 7," in text
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; ran." in html


def test_a_bad_parameter_is_told_in_the_first_line(tmp_path: Path) -> None:
    with pytest.raises(NotebookFailed) as failed:
        reviewed(tmp_path, run_id="gone")
    assert failed.value.first_line.startswith("RequestError: run_id='gone': there is no such run")
