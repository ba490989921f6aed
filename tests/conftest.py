"""What every test shares: repeatable property tests, and the weights of the draft profile."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings
from schemathesis.pytest.plugin import SchemathesisFunction
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from pipeline.engines.embedded import models
from pipeline.errors import ConfigError
from tests.command import Stories

pytest_plugins = ("tests.infra.local_aws.fixtures",)

# The same examples on every run and machine; generous, because another test may load a model meanwhile.
settings.register_profile("repeatable", derandomize=True, deadline=2000, database=None)
settings.load_profile("repeatable")

# A developer's own .env is no part of a test.
os.environ["STORIES_ENV_FILE"] = ""

# A job that a shell started in the background ignores Ctrl-C, and so would every command that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


# Folders and files that take longest: they are started first, so that no worker ends long after the others.
_LONGEST = (
    *("frontend", "notebooks", "dags", "infra", "test_cloud_path.py", "test_lambdas.py", "test_damage.py"),
    *("test_profile_aws.py", "engines", "api", "cli"),
)

# One worker runs the whole folder: importing Airflow and making its database take as long as a DAG.
_TOGETHER = "tests/dags/"


class _Scheduling(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return _TOGETHER if nodeid.startswith(_TOGETHER) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """A worker for each file, and one for the DAGs; None: xdist's own, for another --dist."""
    return _Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A stable sort: the longest first, each folder in its own order.

    Raises UsageError where tests share an id: a worker knows them by it and runs only the first. schemathesis
    gives all operations the id of their function.
    """
    for item in items:
        if isinstance(item, SchemathesisFunction) and item.parent:
            item._id = item.parent.id.child(item.name)  # pytest 9.2 builds it from the function alone
    if repeated := [name for name, count in Counter(item.nodeid for item in items).items() if count > 1]:
        raise pytest.UsageError(f"tests with the same id: {', '.join(repeated)}")
    folder = Path(__file__).parent
    rank = {name: place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.relative_to(folder).parts[0], len(rank)))


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """The draft profile's writer. Absent or damaged weights are a failure: the message says the command."""
    try:
        return models.path_of("smollm2-135m", models.models_dir(os.environ))
    except ConfigError as error:
        pytest.fail(f"{error} (or run the tests by `make test`)")


@pytest.fixture
def stories(tmp_path: Path) -> Stories:
    return Stories(tmp_path)
