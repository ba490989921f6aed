"""No check ever sees an account of this machine's own."""

from __future__ import annotations

import pytest

from tests.engines.aws.doctor.cloud import REGION
from tests.engines.aws.loopback import account


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    account(monkeypatch, AWS_REGION=REGION)
    for service in ("STS", "S3", "IAM", "SAGEMAKER", "POLLY"):
        monkeypatch.delenv(f"AWS_ENDPOINT_URL_{service}", raising=False)
