"""The notebooks, head-less and small: python -m infra.notebooks [--profile embedded] [01 02 03].

Each leaves its executed copy and that copy's HTML, without code, in out/notebooks. 01 deploys to a local AWS
in this process; 03 reviews a small catalog that is made first. Nothing leaves the machine.
"""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import yaml

from pipeline.notebooks.html_export import to_html

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
_OUT = ROOT / "out" / "notebooks"
_LIMIT_S = 7200
# How long the local AWS takes to bring an endpoint into service; AWS takes 5 to 10 minutes.
_CREATING_S = 20.0
# Parameters and environment of a notebook's process.
_Setup = tuple[dict[str, Any], dict[str, str]]


class NotebookFailed(Exception):  # noqa: N818 - the notebook failed, not this program
    """A cell raised. first_line: the error's class and the first line of its message."""

    def __init__(self, first_line: str) -> None:
        super().__init__(first_line)
        self.first_line = first_line


def execute(
    notebook: Path, folder: Path, parameters: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> Path:
    """Runs a notebook by papermill in a process of its own, from `folder`; returns the executed copy there.

    environment: the whole of it; None is this process's own. Raises NotebookFailed, also after two hours.
    """
    folder.mkdir(parents=True, exist_ok=True)
    executed, parameters_file = folder / notebook.name, folder / f"{notebook.stem}.yaml"
    executed.unlink(missing_ok=True)
    parameters_file.write_text(yaml.safe_dump(dict(parameters)), "utf-8")
    files = [str(notebook), str(executed), "--parameters_file", str(parameters_file), "--cwd", str(folder)]
    try:
        process = subprocess.run(  # noqa: S603 - papermill, on a notebook of the project
            [sys.executable, "-m", "papermill", *files, "--no-progress-bar"],
            env={"PYTHONPATH": str(ROOT), **(os.environ if environment is None else environment)},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise NotebookFailed(f"not finished after {_LIMIT_S / 3600:g} hours") from error
    if process.returncode:
        last_line = (process.stderr.strip() or "papermill failed without a message").splitlines()[-1]
        raise NotebookFailed(_first_error(executed) or last_line)
    return executed


def _first_error(executed: Path) -> str:
    if not executed.exists():
        return ""
    import nbformat

    cells = nbformat.read(executed, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    error = next((output for output in outputs if output.output_type == "error"), None)
    return f"{error.ename}: {(error.evalue.splitlines() or [''])[0]}" if error else ""


@contextmanager
def _deploying(profile: str) -> Iterator[_Setup]:
    """A local AWS, whose model is the profile's; it ends with the notebook."""
    from infra.local_aws import LocalAws
    from infra.local_aws.hostnames import hostnames
    from infra.local_aws.jumpstart import role_of

    with LocalAws(profile, endpoint_delay=_CREATING_S) as aws, hostnames(aws.account) as names:
        parameters = {"role": role_of(aws.account), "env_file": str(_OUT / "deployed.env"), "clean_up": True}
        yield parameters, {**os.environ, **aws.environment, **names}


@contextmanager
def _prototyping(profile: str) -> Iterator[_Setup]:
    small = {"contexts_limit": 3, "unseen_limit": 3, "prompts": ["short"], "samplings": {"own": {}}}
    yield {"profile": profile, "out": str(_OUT / "prototype"), **small}, dict(os.environ)


@contextmanager
def _reviewing(profile: str) -> Iterator[_Setup]:
    """A catalog of three stories, made unless it is complete."""
    parameters = {"profile": profile, "out": str(_OUT / "store")}
    options = ["--profile", profile, "--out", parameters["out"]]
    command = [sys.executable, "-m", "pipeline.cli", "catalog", "run", str(NOTEBOOKS / "sample.yaml")]
    # A red run is what the notebook then shows.
    subprocess.run([*command, *options], cwd=ROOT, check=False)  # noqa: S603 - our own command
    yield parameters, dict(os.environ)


_SETUPS: dict[str, Callable[[str], AbstractContextManager[_Setup]]] = {
    "01_deploy_falcon": _deploying,
    "02_prototype_prompts": _prototyping,
    "03_review_catalog": _reviewing,
}


def main(arguments: list[str]) -> int:
    """Exit status 1: a notebook failed; 2: no notebook has such a name."""
    options = _parser().parse_args(arguments)
    names = [name for name in _SETUPS if not options.names or name.startswith(tuple(options.names))]
    if not names:
        print(f"no such notebook: there are {', '.join(_SETUPS)}", file=sys.stderr)
        return 2
    failed = False
    for name in names:
        print(f"{name} (profile {options.profile})", flush=True)
        start = time.monotonic()
        try:
            with _SETUPS[name](options.profile) as (parameters, environment):
                executed = execute(NOTEBOOKS / f"{name}.ipynb", _OUT, parameters, environment)
        except NotebookFailed as error:
            failed = True
            print(f"  FAILED: {error.first_line}\n  as far as it came: {_OUT / name}.ipynb", file=sys.stderr)
            continue
        page = executed.with_suffix(".html")
        page.write_text(to_html(executed), "utf-8")
        print(f"  {time.monotonic() - start:.0f} s: {os.path.relpath(page)}", flush=True)
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.notebooks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="how a notebook's name begins, as 02 (all)")
    parser.add_argument("--profile", default="embedded", choices=["embedded", "draft", "fake"])
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
