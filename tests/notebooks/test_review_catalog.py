"""The review notebook, head-less, on a withdrawn run with damaged files and hostile texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.notebooks import NOTEBOOKS
from pipeline.batch.publishing import publish, withdraw
from pipeline.bootstrap import build_batch
from pipeline.config.settings import Settings
from pipeline.storage import keys
from tests.notebooks.review.reviewed import committed, name, planned
from tests.notebooks.running import execute

HOSTILE = "<script>alert(1)</script> ran."


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("review")
    app = build_batch(Settings(profile="fake", out=folder / "out"))
    run = planned(app.store, range(1, 9), locales=("en", "fr"))
    for number in range(1, 9):
        title = f"<img src=x onerror=alert({number})>"
        committed(app.store, number, HOSTILE, title=title, locales=("en", "fr"))
    publish(app, run)
    withdraw(app.store, run.id)
    app.store.put(keys.text(name(1), "en"), b"{")
    for mp3 in [key for key in app.store.list(f"stories/{name(2)}/fr/") if key.endswith(".mp3")]:
        (folder / "out" / mp3).unlink()
    return execute("03_review_catalog", {"profile": "fake", "out": str(folder / "out")}, folder)


def test_it_names_what_was_read_and_what_cannot_be(cells: dict[str, str]) -> None:
    assert "Run one. English texts read: 7, narrations: 15." in cells["reading"]
    assert "withdrawn" in cells["verdict"]
    assert keys.text(name(1), "en") in cells["unreadable"]
    assert "unfinished" in cells["failures"]


def test_it_draws_compares_and_plays(cells: dict[str, str]) -> None:
    for cell in ("coverage", "quality", "judge", "spoken", "variety"):
        assert "image/png" in cells[cell]
    assert "Further than 3.5" in cells["unlike"]
    assert "Pairs of stories that are nearly the same: 21." in cells["twins"]
    assert "title" in cells["again"] or "opening" in cells["again"]
    assert cells["listening"].count("<audio controls") >= 2


def test_hostile_texts_are_escaped(cells: dict[str, str]) -> None:
    html = "\n".join(cells.values())
    assert "&lt;script&gt;alert(1)&lt;/script&gt; ran." in html
    assert "<script" not in html
    assert "<img" not in html


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_are_stored_without_outputs_and_with_a_parameters_cell(path: Path) -> None:
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not [cell.id for cell in code if cell.outputs or cell.execution_count]
    assert [cell.id for cell in code if "parameters" in cell.metadata.get("tags", [])] == ["parameters"]
