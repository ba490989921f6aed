"""The DAG once, from begin to end, in this process: no server, no scheduler, nobody asked to approve.

    python dags/story_catalog_once.py catalogs/bedtime.yaml --profile draft

Airflow's database is a fresh one for each run and goes with it: what is made, and what is known of it, lies
in the store. Airflow's log goes to build/airflow/, and stays where the run failed.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_DAGS = Path(__file__).resolve().parent
_HOMES = _DAGS.parent / "build" / "airflow"
_RED = 1
_PROGRAM = "make catalog"


def main(arguments: list[str] | None = None) -> int:
    from pipeline.batch import reading
    from pipeline.config import env_file
    from pipeline.errors import StoriesError

    asked = _parser().parse_args(arguments)
    try:  # before Airflow has taken its time to start
        env_file.fill(os.environ)
        reading.read(asked.catalog)
    except StoriesError as error:
        _tell(f"{_PROGRAM}: {error} [{error.problem}]")
        return error.exit_status
    _HOMES.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="once-", dir=_HOMES))
    os.environ.update(_environment(home))
    _tell("Starting Airflow")
    with _only_our_lines(home / "airflow.log"):
        green = _run(_conf(asked))
    if not green:
        _tell(f"The run is red. Airflow's log: {os.path.relpath(home / 'airflow.log')}")
        return _RED
    shutil.rmtree(home)
    return 0


def _run(conf: Mapping[str, Any]) -> bool:
    """Whether it ended green."""
    from airflow.utils.db import initdb

    initdb()
    import story_catalog
    import story_catalog_tasks as tasks

    ended = story_catalog.CATALOG_DAG.test(run_conf=dict(conf))
    tasks.LOG.info("%s", _where(conf, tasks.stories_run_id(ended.run_id)))
    return str(ended.state) == "success"


def _where(conf: Mapping[str, Any], run_id: str) -> str:
    from pipeline.bootstrap import build_store
    from pipeline.config.settings import Settings
    from pipeline.storage import keys

    if conf["dry_run"]:
        return "Nothing was made: it was a dry run"
    store = build_store(Settings.from_env(os.environ, profile=conf["profile"]))
    report = keys.run(run_id, "report.html")
    if report not in store.list(report):
        return "Nothing was planned, and so there is no report"
    return f"Report: {store.url(report)}\nThe page with the stories: make serve PROFILE={conf['profile']}"


def _conf(asked: argparse.Namespace) -> dict[str, Any]:
    return {
        "catalog": str(asked.catalog.resolve()),
        "profile": asked.profile,
        "chunk_size": asked.chunk_size,
        "budget": asked.budget,
        "dry_run": asked.dry_run,
    }


def _environment(home: Path) -> dict[str, str]:
    """Whatever Airflow is set to otherwise: this one is alone with its database."""
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
    """What Airflow says goes to a file; what the tasks say for people stays on stderr."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    told = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8")
    handler = logging.StreamHandler(told)
    ours = logging.getLogger("story_catalog")
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    with log.open("wb") as file:
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
        ours.removeHandler(handler)
        told.close()


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
    parser.add_argument("--dry-run", action="store_true", help="say calls, hours and money; make nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
