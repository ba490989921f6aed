"""The DAG once, from begin to end, in this process: no server, no scheduler, no wait for a review.

    python dags/story_catalog_once.py catalogs/bedtime.yaml --profile draft

This is Airflow's own dag.test(): the tasks, their order, retries and skips are the DAG's, so `make catalog`
shows that the DAG works. `stories catalog run` (pipeline/batch/running.py) needs no Airflow; both call the
same stages and print the same report. Airflow's database is fresh for each run and deleted with it: all
results lie in the store. Airflow's log goes to build/airflow/, and stays where the run failed.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DAGS = Path(__file__).resolve().parent
_HOMES = _DAGS.parent / "build" / "airflow"
_RED = 1
_PROGRAM = "make catalog"


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0; 1 where the run is red; the error's own where the catalog cannot be read."""
    from pipeline.batch import reading
    from pipeline.config import env_file
    from pipeline.errors import StoriesError

    options = _parser().parse_args(arguments)
    try:  # before Airflow, which takes seconds to start
        env_file.fill(os.environ)
        reading.read(options.catalog)
    except StoriesError as error:
        _tell(f"{_PROGRAM}: {error} [{error.problem}]")
        return error.exit_status
    _HOMES.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="once-", dir=_HOMES))
    os.environ.update(_environment(home))
    _tell("Starting Airflow")
    with _only_our_lines(home / "airflow.log"):
        is_green = _run({**vars(options), "catalog": str(options.catalog.resolve())})
    if not is_green:
        _tell(f"The run is red. Airflow's log: {os.path.relpath(home / 'airflow.log')}")
        return _RED
    shutil.rmtree(home)
    return 0


def _run(params: dict[str, object]) -> bool:
    """Runs the DAG with these parameters; whether it ended green."""
    from airflow.utils.db import initdb

    initdb()
    import story_catalog
    import story_catalog_tasks as tasks

    ended = story_catalog.CATALOG_DAG.test(run_conf=params)
    run_id, profile = tasks.stories_run_id(ended.run_id), str(params["profile"])
    tasks.LOG.info("%s", "Nothing was made: dry run" if params["dry_run"] else _report(run_id, profile))
    return str(ended.state) == "success"


def _report(run_id: str, profile: str) -> str:
    from pipeline.bootstrap import build_store
    from pipeline.config.settings import Settings
    from pipeline.storage import keys

    store = build_store(Settings.from_env(os.environ, profile=profile))
    report = keys.run(run_id, "report.html")
    if report not in store.list(report):
        return "No report: the plan failed"
    return f"Report: {store.url(report)}\nThe page with the stories: make serve PROFILE={profile}"


def _environment(home: Path) -> dict[str, str]:
    """For an Airflow that is alone with its database, whatever the shell has set."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(_DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "STORIES_OUT": str(Path(os.environ.get("STORIES_OUT") or "out").resolve()),
        "STORIES_REVIEW": "later",
    }


@contextmanager
def _only_our_lines(log: Path) -> Iterator[None]:
    """Airflow's output goes to a file, at the level of file descriptors; the tasks' messages to stderr."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with log.open("wb") as file, os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8") as stderr:
        handler = logging.StreamHandler(stderr)
        messages = logging.getLogger("story_catalog")
        messages.addHandler(handler)
        messages.setLevel(logging.INFO)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, number)
                os.close(copy)
            messages.removeHandler(handler)


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_PROGRAM, description="The story catalog's DAG once, without a server"
    )
    parser.add_argument("catalog", type=Path, help="a catalog file: .yaml, .csv or .jsonl")
    parser.add_argument("--profile", default=os.environ.get("STORIES_PROFILE") or "embedded")
    parser.add_argument(
        "--chunk-size", type=int, default=0, help="stories in a chunk; 0: by the engines' speed"
    )
    parser.add_argument("--budget", type=float, help="US dollars, in place of the catalog's own")
    parser.add_argument("--dry-run", action="store_true", help="print calls, hours and money; make nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
