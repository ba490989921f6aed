"""Runs a notebook head-less, as papermill's users do: in a process of its own, from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import yaml

ROOT = Path(__file__).parents[2]
_SECONDS = 600


class NotebookFailed(Exception):  # noqa: N818 - it is the notebook that failed
    """A cell raised. first_line: the error's kind and the first line of what it says."""

    def __init__(self, first_line: str, notebook: nbformat.NotebookNode | None = None) -> None:
        super().__init__(first_line)
        self.first_line = first_line
        self.notebook = notebook


def execute(
    notebook: str, parameters: dict[str, Any], folder: Path, environment: dict[str, str] | None = None
) -> nbformat.NotebookNode:
    """The notebook as it was executed, with its outputs; it stays in `folder`, from where it runs, too.

    notebook: its name without folder and ending. environment: the whole of it; None is this process's own.
    Raises NotebookFailed.
    """
    out, told = folder / f"{notebook}.ipynb", folder / f"{notebook}.yaml"
    out.unlink(missing_ok=True)
    told.write_text(yaml.safe_dump(parameters), "utf-8")
    source = ROOT / "notebooks" / f"{notebook}.ipynb"
    command = [sys.executable, "-m", "papermill", str(source), str(out), "--parameters_file", str(told)]
    done = subprocess.run(
        [*command, "--cwd", str(folder), "--no-progress-bar"],
        env={**(os.environ if environment is None else environment), "PYTHONPATH": str(ROOT)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    executed = nbformat.read(out, as_version=4) if out.exists() else None
    if done.returncode:
        said = (done.stderr.strip() or "papermill said nothing").splitlines()[-1]
        raise NotebookFailed(_first_line(executed) or said, executed)
    assert executed is not None
    return executed


def _first_line(executed: nbformat.NotebookNode | None) -> str:
    errors = [
        output
        for cell in (executed.cells if executed else [])
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]
    return f"{errors[0].ename}: {errors[0].evalue.splitlines()[0]}" if errors else ""
