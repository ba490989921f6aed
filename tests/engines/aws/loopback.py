"""An AWS account that is none, and what a client of it sends. The server is tests/engines/loopback.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

_VARIABLES = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "eu-west-1",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_UNSET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL")


def account(monkeypatch: pytest.MonkeyPatch, **others: str) -> None:
    """Fake credentials and a region, nothing of the machine's own, and no wait before botocore's retries."""
    for name in _UNSET:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**_VARIABLES, **others}.items():
        monkeypatch.setenv(name, value)
    no_backoff(monkeypatch)


def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore does not sleep before a retry."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))


def count_attempts(client: Any) -> list[str]:
    """Grows by an entry with each request that the client sends, retries included."""
    attempts: list[str] = []

    def note(event_name: str, **_: Any) -> None:
        attempts.append(event_name)

    client.meta.events.register("before-send", note)
    return attempts
