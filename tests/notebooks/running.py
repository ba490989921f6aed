"""Runs a notebook head-less, as `make notebooks` does: by papermill, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infra import notebooks


def execute(
    notebook: str, parameters: dict[str, Any], folder: Path, environment: dict[str, str] | None = None
) -> dict[str, str]:
    """What each code cell printed or showed, by its id: HTML where there is any, and a picture's type.

    notebook: its name without folder and ending; the executed copy stays in `folder`, where it also runs.
    environment: the whole of it; None is this process's own. Raises NotebookFailed.
    """
    source = notebooks.NOTEBOOKS / f"{notebook}.ipynb"
    import nbformat  # three seconds, which only the workers that run notebooks need to spend

    executed = nbformat.read(notebooks.execute(source, folder, parameters, environment), as_version=4)
    cells = [cell for cell in executed.cells if cell.cell_type == "code"]
    return {cell.id: "\n".join(map(_shown, cell.outputs)) for cell in cells}


def _shown(output: Any) -> str:
    data = output.get("data", {})
    text = output.get("text") or data.get("text/html") or data.get("text/plain", "")
    return "\n".join([text, *(kind for kind in data if kind.startswith("image/"))])


def code(notebook: str, cell_id: str) -> str:
    """The source of a cell."""
    import nbformat

    cells = nbformat.read(notebooks.NOTEBOOKS / f"{notebook}.ipynb", as_version=4).cells
    (source,) = [cell.source for cell in cells if cell.id == cell_id]
    return str(source)
