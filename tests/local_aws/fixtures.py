"""pytest fixtures: `from tests.local_aws.fixtures import aws, local_aws` in a conftest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local_aws import LocalAws


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """Backed by fakes, one for the whole run."""
    with LocalAws("fake") as aws:
        yield aws


@pytest.fixture
def aws(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """The same with no faults and no counts, and with its environment set for boto3 and the pipeline."""
    local_aws.reset()
    for name, value in local_aws.environment.items():
        monkeypatch.setenv(name, value)
    return local_aws
