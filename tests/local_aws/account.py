"""The one account of the local AWS: its keys, its region, its engines, and where its services are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.local_aws.backing import Backing
from tests.local_aws.wire import Wire, dumps

ACCESS_KEY = "AKIALOCALAWSNOTREAL0"
SECRET_KEY = "local-aws/this-is-not-a-real-secret-key"
REGION = "us-east-1"
ACCOUNT_ID = "123456789012"  # moto's


@dataclass
class Account:
    """keys: the secret of each access key; others are refused. urls: by botocore's service name."""

    backing: Backing
    keys: dict[str, str] = field(default_factory=lambda: {ACCESS_KEY: SECRET_KEY})
    region: str = REGION
    id: str = ACCOUNT_ID
    moto: str = ""
    urls: dict[str, str] = field(default_factory=dict)
    http: httpx.AsyncClient = field(init=False, repr=False)

    def url(self, service: str) -> str:
        return self.urls.get(service, self.moto)

    def ask(self, service: str, operation: str, params: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body of a signed call to a service of JSON 1.x, as a client of ours would make it."""
        metadata = Wire.of(service).model.metadata
        signed = AWSRequest(
            "POST",
            f"{self.url(service)}/",
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
        status, told = self.ask("sagemaker", "DescribeEndpoint", {"EndpointName": name})
        return told if status == 200 and told.get("EndpointStatus") in _SERVING else None


# A call to an endpoint that is still being created is refused as if it were not there.
_SERVING = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack"})
