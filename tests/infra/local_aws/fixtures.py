"""pytest fixtures of the local AWS, loaded by `pytest_plugins` in tests/conftest.py."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import boto3
import botocore.session
import pytest

from infra.local_aws import LocalAws


@pytest.fixture(scope="session", autouse=True)
def service_models() -> Iterator[None]:
    """boto3's descriptions of the services are read once: each new session would read megabytes again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", cache(botocore.session.create_loader))
        yield


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """One for the whole session, backed by fakes."""
    with LocalAws("fake") as aws:
        yield aws


@pytest.fixture
def aws(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """The same without faults and counts, with its environment set and an empty STORIES_BUCKET."""
    for name, value in {**local_aws.environment, "STORIES_BUCKET": local_aws.make_bucket()}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    # boto3's default session keeps the keys of its first use.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    local_aws.reset()
    return local_aws
