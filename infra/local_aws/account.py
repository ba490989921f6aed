"""The one account of the local AWS: its keys, its region, its engines, and where its services are."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import boto3
import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from infra.local_aws.backing import Backing
from infra.local_aws.wire import Wire, dumps

ACCESS_KEY = "AKIALOCALAWSNOTREAL0"
SECRET_KEY = "local-aws/this-is-not-a-real-secret-key"
REGION = "us-east-1"
ACCOUNT_ID = "123456789012"  # moto's


@dataclass
class Account:
    """keys: the secret of each access key; others are refused. urls: by botocore's service name.

    unready: when an endpoint that is Creating will be in service, on the monotonic clock, by name.
    """

    backing: Backing
    keys: dict[str, str] = field(default_factory=lambda: {ACCESS_KEY: SECRET_KEY})
    region: str = REGION
    id: str = ACCOUNT_ID
    moto: str = ""
    urls: dict[str, str] = field(default_factory=dict)
    unready: dict[str, float] = field(default_factory=dict)
    http: httpx.AsyncClient = field(init=False, repr=False)
    _making: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def is_unready(self, endpoint: str) -> bool:
        return time.monotonic() < self.unready.get(endpoint, 0)

    def url(self, service: str) -> str:
        return self.urls.get(service, self.moto)

    @cached_property
    def _session(self) -> Any:
        return boto3.session.Session(ACCESS_KEY, SECRET_KEY, region_name=self.region)

    @contextmanager
    def client(self, service: str, **config: Any) -> Iterator[Any]:
        """A boto3 client that tries once, without any environment. config: botocore's Config."""
        told = {"retries": {"mode": "standard", "total_max_attempts": 1}, **config}
        with self._making:  # a session is not for threads, its clients are
            made = self._session.client(service, endpoint_url=self.url(service), config=Config(**told))
        try:
            yield made
        finally:
            made.close()

    def ask(self, service: str, operation: str, params: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body of a signed call to moto's service of JSON 1.x, past what stands before it here."""
        metadata = Wire.of(service).model.metadata
        signed = AWSRequest(
            "POST",
            f"{self.moto}/",
            {
                "X-Amz-Target": f"{metadata['targetPrefix']}.{operation}",
                "Content-Type": f"application/x-amz-json-{metadata['jsonVersion']}",
            },
            dumps(params),
        )
        signing = metadata.get("signingName", metadata["endpointPrefix"])
        SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), signing, self.region).add_auth(signed)
        answer = httpx.post(
            signed.url,
            headers=dict(signed.headers.items()),
            content=signed.data,
            timeout=60,
            trust_env=False,
            verify=False,
        )
        return answer.status_code, json.loads(answer.content or b"{}")

    def endpoint(self, name: str) -> dict[str, Any] | None:
        """The endpoint as the control plane describes it; None where there is none in service."""
        if self.is_unready(name):
            return None
        status, told = self.ask("sagemaker", "DescribeEndpoint", {"EndpointName": name})
        return told if status == 200 and told.get("EndpointStatus") in _SERVING else None


# A call to an endpoint that is still being created is refused as if it were not there.
_SERVING = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack"})
