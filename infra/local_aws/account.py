"""The one account of the local AWS: keys, engines, settings, and state beside moto's."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
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

from infra.local_aws.authorization import Role
from infra.local_aws.backing import Backing
from infra.local_aws.rates import Gates, Rate
from infra.local_aws.wire import Params, Wire, dumps

ACCESS_KEY = "AKIALOCALAWSNOTREAL0"
SECRET_KEY = "local-aws/this-is-not-a-real-secret-key"
REGION = "us-east-1"
ACCOUNT_ID = "123456789012"  # moto's
# A call to an endpoint that is still being created is refused as if the endpoint did not exist.
_SERVING = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack"})

LambdaHandler = Callable[[Any, Any], Any]


@dataclass
class Options:
    """Settings that tests may change while the local AWS runs.

    lambdas: handlers by function name, or the dotted name of a module (functions.handlers_of).
    endpoint_delay: seconds that a new SageMaker endpoint is Creating; a deleted one is Deleting for a tenth.
    endpoint_failures: by endpoint name, why it fails after that.
    express_limit: seconds that an Express execution may take (AWS: 5 minutes).
    retry_pace: factor of the seconds that a workflow waits before it retries a state.
    quotas: endpoint instances by type, where they differ from quotas.DEFAULT.
    rates: how many requests an operation takes, as rates.PUBLISHED has them; none are refused by default.
    seconds: by operation, how long a request takes at least.
    """

    lambdas: str | Mapping[str, LambdaHandler] = field(default_factory=dict)
    endpoint_delay: float = 300.0
    endpoint_failures: dict[str, str] = field(default_factory=dict)
    express_limit: float = 300.0
    retry_pace: float = 1.0
    quotas: dict[str, int] = field(default_factory=dict)
    rates: dict[str, Rate] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass
class Account:
    """keys: the secret of each access key; others are refused. urls: by botocore's service name.

    unready: by endpoint, until when it is Creating (monotonic clock). deleting: endpoints that moto has
    already deleted, as described, and until when they are Deleting. instances: by endpoint and type.
    machines: Step Functions' state machines by ARN. sockets: what sends to each connection of the WebSocket
    API, by its name. roles: by access key; the other keys may do everything.
    """

    backing: Backing
    options: Options = field(default_factory=Options)
    keys: dict[str, str] = field(default_factory=lambda: {ACCESS_KEY: SECRET_KEY})
    region: str = REGION
    id: str = ACCOUNT_ID
    moto: str = ""
    urls: dict[str, str] = field(default_factory=dict)
    unready: dict[str, float] = field(default_factory=dict)
    deleting: dict[str, tuple[Params, float]] = field(default_factory=dict)
    instances: dict[str, Counter[str]] = field(default_factory=dict)
    machines: dict[str, Any] = field(default_factory=dict)
    sockets: dict[str, Callable[[str], None]] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    http: httpx.AsyncClient = field(init=False, repr=False)
    gates: Gates = field(init=False, repr=False)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.gates = Gates(self.options.rates)

    def is_unready(self, endpoint: str) -> bool:
        return time.monotonic() < self.unready.get(endpoint, 0)

    def url(self, service: str) -> str:
        return self.urls.get(service, self.moto)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.id}:{resource}"

    @cached_property
    def session(self) -> Any:
        return boto3.session.Session(ACCESS_KEY, SECRET_KEY, region_name=self.region)

    @contextmanager
    def client(self, service: str, **config: Any) -> Iterator[Any]:
        """A boto3 client that sends each request once and ignores the environment. config: of Config."""
        settings = {"retries": {"mode": "standard", "total_max_attempts": 1}, **config}
        with self.lock:  # clients are for threads, their session is not
            client = self.session.client(service, endpoint_url=self.url(service), config=Config(**settings))
        try:
            yield client
        finally:
            client.close()

    def call_moto(self, service: str, operation: str, params: Mapping[str, Any]) -> tuple[int, Params]:
        """Status and body of a call to moto's own implementation of a JSON 1.x service."""
        metadata = Wire.of(service).model.metadata
        headers = {
            "X-Amz-Target": f"{metadata['targetPrefix']}.{operation}",
            "Content-Type": f"application/x-amz-json-{metadata['jsonVersion']}",
        }
        request = AWSRequest("POST", f"{self.moto}/", headers, dumps(params))
        name = metadata.get("signingName", metadata["endpointPrefix"])
        SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), name, self.region).add_auth(request)
        response = httpx.post(
            request.url,
            headers=dict(request.headers.items()),
            content=request.data,
            timeout=60,
            trust_env=False,
            verify=False,
        )
        return response.status_code, json.loads(response.content or b"{}")

    def describe_endpoint(self, name: str) -> Params | None:
        """The endpoint as moto describes it, without empty members; None where it does not exist."""
        status, body = self.call_moto("sagemaker", "DescribeEndpoint", {"EndpointName": name})
        return {key: value for key, value in body.items() if value != {}} if status == 200 else None

    def endpoint(self, name: str) -> Params | None:
        """The endpoint if it is in service, else None."""
        described = None if self.is_unready(name) else self.describe_endpoint(name)
        return described if described and described.get("EndpointStatus") in _SERVING else None
