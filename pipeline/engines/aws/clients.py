"""boto3's clients: the one place for region, timeouts, retries, user agent and connections."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.engines.aws import credentials
from pipeline.engines.aws.errors import mapped_errors
from pipeline.errors import ConfigError

_USER_AGENT = "mvp-stories"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Time and number of the requests to a service.

    read_s: the longest silence on an open connection. attempts: requests in all, the first included
    (boto3's own default, legacy mode, sends a hung request five times). connections: kept open for
    threads that call at once; botocore throws surplus ones away after use. mode: of botocore's retries.
    protocol: refusals are part of how the service works, so its attempts stay where a state machine retries.
    """

    read_s: float
    attempts: int
    connections: int = 10
    connect_s: float = 5.0
    mode: str = "standard"
    protocol: bool = False


_BOUNDS = {
    # InvokeEndpoint answers within 60 s or not at all; its API reference advises a client timeout of 70 s.
    # Each request is paid for: two at most.
    "sagemaker-runtime": Bounds(read_s=68, attempts=2, connections=32),
    # ConverseStream is silent until the model's first token; a whole answer of ours takes seconds.
    "bedrock-runtime": Bounds(read_s=68, attempts=2, connections=32),
    # A segment is spoken in about a second, a translation of 10,000 bytes takes a few.
    "translate": Bounds(read_s=20, attempts=3, connections=16),
    # A new account has 8 neural requests a second, and 18 at once: its stories refuse each other's requests.
    # "adaptive" slows a process down to the rate that is accepted (docs/operations.md has the figures).
    "polly": Bounds(read_s=30, attempts=5, connections=18, mode="adaptive", protocol=True),
    # 503 SlowDown is part of S3's protocol, and its requests are cheap: more attempts.
    "s3": Bounds(read_s=30, attempts=5, connections=32, protocol=True),
    # Express keeps no names of executions: a retry would start a second one.
    "stepfunctions": Bounds(read_s=10, attempts=1, connections=32),
    # A message that does not arrive at once is replaced by the next, and a step of a story waits meanwhile.
    "apigatewaymanagementapi": Bounds(read_s=1, attempts=1, connect_s=1),
}
# Control planes (sts, iam, sagemaker): small answers.
_CONTROL = Bounds(read_s=20, attempts=3)

# January 2025: the first whose Config has request_checksum_calculation (_wire).
_OLDEST_BOTOCORE = (1, 36)

# Names for a person, for errors while a client is made.
_NAMES = {
    "sagemaker-runtime": "Amazon SageMaker",
    "bedrock-runtime": "Amazon Bedrock",
    "bedrock": "Amazon Bedrock",
    "translate": "Amazon Translate",
    "polly": "Amazon Polly",
    "s3": "Amazon S3",
    "stepfunctions": "AWS Step Functions",
}


class Clients:
    """Makes each client at its first use and keeps it; threads may share one.

    region: "" is the usual boto3 way (AWS_DEFAULT_REGION, the profile's own), and AWS_REGION, which
    botocore itself does not read. timeouts: another `read_s` by service. attempts: requests in all to
    each service, 0 for its own bound; S3 and Polly keep theirs (Bounds.protocol). Under a state machine that
    retries it is 1: retries live in one layer. addresses: by service, where each user has an address of
    their own.
    """

    def __init__(
        self,
        region: str = "",
        timeouts: Mapping[str, float] | None = None,
        attempts: int = 0,
        addresses: Mapping[str, str] | None = None,
    ) -> None:
        self._region = region
        self._attempts = attempts
        self._timeouts = dict(timeouts or {})
        self._addresses = dict(addresses or {})
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def get(self, service: str) -> Any:
        """Raises ConfigError: no region, no such profile, an unreadable configuration, an old botocore."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._create(service)
            return self._clients[service]

    def _create(self, service: str) -> Any:
        import boto3
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        _check_version(botocore.__version__)
        what = _NAMES.get(service, f"AWS {service}")
        credentials.check_variables(os.environ)
        with mapped_errors(service, what):
            session = botocore.session.get_session()
            credentials.ask_in_terminal_only(session)
            region = self._region or os.environ.get("AWS_REGION") or session.get_config_variable("region")
            if not region:
                raise ConfigError(
                    "no AWS region is set: set AWS_REGION (for example `export AWS_REGION=eu-west-1`), "
                    "or run `aws configure`",
                    problem="no-region",
                )
            config = Config(**self._settings(service), **_wire(service, _override(session, service)))
            boto_session = boto3.session.Session(region_name=region, botocore_session=session)
            try:
                return boto_session.client(service, config=config, endpoint_url=self._addresses.get(service))
            except ValueError as error:
                if isinstance(error, BotoCoreError) or credentials.meaning(error):  # a bad region, for one
                    raise
                # botocore has no exception of its own for an endpoint that is no URL.
                raise ConfigError(
                    f"the address of {what} cannot be used ({' '.join(str(error).split())}): "
                    "set AWS_ENDPOINT_URL and its variants to whole URLs, or unset them",
                    problem="aws-config",
                ) from error

    def _settings(self, service: str) -> dict[str, Any]:
        bounds = _BOUNDS.get(service, _CONTROL)
        attempts = self._attempts if self._attempts and not bounds.protocol else bounds.attempts
        return {
            "connect_timeout": bounds.connect_s,
            "read_timeout": self._timeouts.get(service, bounds.read_s),
            "retries": {"mode": bounds.mode, "total_max_attempts": attempts},
            "max_pool_connections": bounds.connections,
            "user_agent_extra": _USER_AGENT,
            # A NAT gateway forgets a silent connection after 350 s, and a home router sooner.
            "tcp_keepalive": True,
        }


def _check_version(version: str) -> None:
    """Raises ConfigError. Of Lambda's runtimes and MWAA's images we do not choose the version."""
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST_BOTOCORE:
        raise ConfigError(
            f"botocore {version} is too old: install 1.36 or later (`make setup` does; on Lambda or MWAA "
            "choose a newer runtime or Airflow)",
            problem="missing-package",
        )


def _override(session: Any, service: str) -> str:
    """The URL that environment or profile put in the service's place; "" where none did."""
    from botocore.configprovider import ConfiguredEndpointProvider

    if session.get_config_variable("ignore_configured_endpoint_urls"):
        return ""
    provider = ConfiguredEndpointProvider(
        full_config=session.full_config, scoped_config=session.get_scoped_config(), client_name=service
    )
    return str(provider.provide() or "")


def _wire(service: str, override: str) -> dict[str, Any]:
    """A service's own settings of its wire format."""
    if service == "s3":
        return {
            # Presigned URLs fall back to the retired version 2 in some regions unless told.
            "signature_version": "s3v4",
            # "auto" would sign for bucket.s3.amazonaws.com in every region, which those since 2019 refuse and
            # a new bucket is redirected from. A bucket's own host resolves at AWS only: a path elsewhere.
            "s3": {"addressing_style": "auto" if override else "virtual"},
            # Every body is sent with a checksum that S3 verifies, and verified when it comes back.
            "request_checksum_calculation": "when_supported",
            "response_checksum_validation": "when_supported",
        }
    return {}
