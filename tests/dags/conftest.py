"""Airflow for tests: `dag.test()` in this process, on one database for the session."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dags.airflows import Airflow

DAGS = Path(__file__).parents[2] / "dags"
# Of Airflow and its dependencies; a warning of our own code is an error here as everywhere.
_AIRFLOW_WARNINGS = (
    "ignore::DeprecationWarning:airflow.*",
    "ignore:GitWildMatchPattern:DeprecationWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for warning in _AIRFLOW_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Set before airflow is imported, which reads its settings then. Restores the logging that it sets up."""
    home = tmp_path_factory.mktemp("airflow")
    variables = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
    }
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        for name in [name for name in os.environ if name.startswith("STORIES_") and name != "STORIES_MODELS"]:
            patch.delenv(name)
        patch.syspath_prepend(str(DAGS))
        yield home
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    for name in [name for name in sys.modules if name.startswith("story_")]:
        del sys.modules[name]


@pytest.fixture(scope="session")
def airflow_database(airflow_home: Path) -> Path:
    from airflow.utils.db import initdb

    initdb()
    return airflow_home


@pytest.fixture
def airflow(airflow_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Airflow:
    """The DAG story_catalog, with a store of its own for each test."""
    import story_catalog

    monkeypatch.setenv("STORIES_OUT", str(tmp_path / "out"))
    return Airflow(story_catalog.CATALOG_DAG, tmp_path, monkeypatch)
