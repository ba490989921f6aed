"""What every test shares: repeatable property tests, and the weights of the draft profile."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

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


# Folders whose files take longest: they are started first, so that no worker ends long after the others.
_LONGEST = ("frontend", "notebooks", "dags", "infra")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A stable sort: the longest folders first, each in its own order."""
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
