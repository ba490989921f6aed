"""A copy of the project, like another checkout, in which a test may promote prompts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.command import ROOT

# Calls a function of promotion in the copy: what it returns, or the problem that it raised.
CALL = """
import json, sys
from pipeline.notebooks.experiment import promotion as p
from pipeline.errors import StoriesError
name, arguments = sys.argv[1], json.loads(sys.argv[2])
try:
    answer = getattr(p, name)(*arguments)
except StoriesError as error:
    answer = {"problem": error.problem, "said": str(error)}
print(json.dumps(answer, default=str))
"""


class Project:
    """Its package and notebooks in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("pipeline", "notebooks"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))

    @property
    def prompts(self) -> Path:
        return self.folder / "pipeline" / "data" / "prompts"

    def call(self, name: str, *arguments: Any) -> Any:
        return json.loads(self.python("-c", CALL, name, json.dumps(arguments)).stdout)

    def stories(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.python("-m", "pipeline.cli", *arguments)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def texts(self) -> dict[str, str]:
        return {
            path.relative_to(self.prompts).as_posix(): path.read_text("utf-8")
            for path in self.prompts.rglob("*")
            if path.is_file()
        }
