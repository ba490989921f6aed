"""Runs a notebook head-less, as `make notebooks` does: by papermill, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat

from infra import notebooks
from infra.notebooks import NotebookFailed

__all__ = ["NotebookFailed", "execute"]


def execute(
    notebook: str, parameters: dict[str, Any], folder: Path, environment: dict[str, str] | None = None
) -> nbformat.NotebookNode:
    """The notebook as it was executed, with its outputs; it stays in `folder`, from where it runs, too.

    notebook: its name without folder and ending. environment: the whole of it; None is this process's own.
    Raises NotebookFailed, whose first_line is the error's kind and the first line of what it says.
    """
    source = notebooks.NOTEBOOKS / f"{notebook}.ipynb"
    executed = notebooks.execute(source, folder, parameters, environment)
    return nbformat.read(executed, as_version=4)
