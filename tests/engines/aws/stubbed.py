"""A real botocore client that the Stubber answers: requests and replies are checked against the model."""

from __future__ import annotations

from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.stub import Stubber


class Stubbed:
    """Clients of one service."""

    def __init__(self, service: str) -> None:
        config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
        self.service = service
        self.client = boto3.client(service, region_name="eu-west-1", config=config)
        self.stub = Stubber(self.client)
        self.stub.activate()

    def get(self, service: str) -> Any:
        assert service == self.service
        return self.client
