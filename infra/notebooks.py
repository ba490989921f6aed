"""The notebooks, head-less and small: python -m infra.notebooks [--profile embedded] [01 02 03].

Each leaves what was executed and its HTML, without code, in out/notebooks. 01 deploys to a local AWS of this
process; 03 looks at a small catalog that is made for it first. Nothing leaves the machine.
"""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import yaml

from pipeline.notebooks.page import page_of

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
_OUT = ROOT / "out" / "notebooks"
_SECONDS = 7200
_SAMPLE = NOTEBOOKS / "sample.yaml"
# The local AWS takes so long to bring an endpoint into service, where AWS takes 5 to 10 minutes.
_CREATING_SECONDS = 20.0


class NotebookFailed(Exception):  # noqa: N818 - it is the notebook that failed
    """A cell raised. first_line: the error's kind and the first line of what it says."""

    def __init__(self, first_line: str) -> None:
        super().__init__(first_line)
        self.first_line = first_line


def execute(
    notebook: Path, folder: Path, parameters: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> Path:
    """Runs it by papermill in a process of its own, from `folder`, where the executed copy is left: its path.

    environment: the whole of it; None is this process's own. Raises NotebookFailed, also after two hours.
    """
    folder.mkdir(parents=True, exist_ok=True)
    executed, told = folder / notebook.name, folder / f"{notebook.stem}.yaml"
    executed.unlink(missing_ok=True)
    told.write_text(yaml.safe_dump(dict(parameters)), "utf-8")
    command = [
        sys.executable,
        "-m",
        "papermill",
        str(notebook),
        str(executed),
        "--parameters_file",
        str(told),
    ]
    try:
        done = subprocess.run(  # noqa: S603 - papermill, on a notebook of the project
            [*command, "--cwd", str(folder), "--no-progress-bar"],
            env={"PYTHONPATH": str(ROOT), **(os.environ if environment is None else environment)},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise NotebookFailed(f"not done after {_SECONDS / 3600:g} hours") from error
    if done.returncode:
        said = (done.stderr.strip() or "papermill said nothing").splitlines()[-1]
        raise NotebookFailed(_first_error(executed) or said)
    return executed


def html(executed: Path) -> Path:
    """The page beside it."""
    page = executed.with_suffix(".html")
    page.write_text(page_of(executed), "utf-8")
    return page


def _first_error(executed: Path) -> str:
    if not executed.exists():
        return ""
    cells = nbformat.read(executed, as_version=4).cells
    errors = [one for cell in cells for one in cell.get("outputs", []) if one.output_type == "error"]
    return f"{errors[0].ename}: {(errors[0].evalue.splitlines() or [''])[0]}" if errors else ""


@contextmanager
def _deploying(profile: str) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """A local AWS, whose model is the profile's; it ends with the notebook."""
    from infra.local_aws import LocalAws
    from infra.local_aws.hostnames import hostnames
    from infra.local_aws.jumpstart import role_of

    with LocalAws(profile, endpoint_delay=_CREATING_SECONDS) as aws, hostnames(aws.account) as more:
        environment = {**os.environ, **aws.environment, **more}
        yield (
            {"role": role_of(aws.account), "env_file": str(_OUT / "deployed.env"), "clean_up": True},
            environment,
        )


@contextmanager
def _prototyping(profile: str) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    small = {"contexts_limit": 3, "unseen_limit": 3, "prompts": ["short"], "samplings": {"own": {}}}
    yield {"profile": profile, "out": str(_OUT / "prototype"), **small}, dict(os.environ)


@contextmanager
def _reviewing(profile: str) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """A catalog of three stories, made where it is not there yet."""
    out = str(_OUT / "store")
    command = [sys.executable, "-m", "pipeline.cli", "catalog", "run", str(_SAMPLE)]
    subprocess.run(  # noqa: S603 - our own command; a red run is what the notebook then shows
        [*command, "--profile", profile, "--out", out], cwd=ROOT, check=False
    )
    yield {"profile": profile, "out": out}, dict(os.environ)


_SMALL: dict[str, Callable[[str], Any]] = {
    "01_deploy_falcon": _deploying,
    "02_prototype_prompts": _prototyping,
    "03_review_catalog": _reviewing,
}


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    wanted = [name for name in _SMALL if not asked.which or name.startswith(tuple(asked.which))]
    if not wanted:
        print(f"no such notebook: there are {', '.join(_SMALL)}", file=sys.stderr)
        return 2
    failed = 0
    for name in wanted:
        print(f"{name} (profile {asked.profile})", flush=True)
        started = time.monotonic()
        try:
            with _SMALL[name](asked.profile) as (parameters, environment):
                executed = execute(NOTEBOOKS / f"{name}.ipynb", _OUT, parameters, environment)
        except NotebookFailed as error:
            failed += 1
            print(f"  FAILED: {error.first_line}\n  as far as it came: {_OUT / name}.ipynb", file=sys.stderr)
            continue
        print(f"  {time.monotonic() - started:.0f} s: {os.path.relpath(html(executed))}", flush=True)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.notebooks", description=__doc__)
    parser.add_argument("which", nargs="*", metavar="NAME", help="how a notebook's name begins, as 02 (all)")
    parser.add_argument("--profile", default="embedded", choices=["embedded", "draft", "fake"])
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
