"""The shared state of the checks: the names to look at, the caller, IAM's decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.errors import mapped_errors, response_of
from pipeline.engines.aws.voices import Table
from pipeline.errors import ConfigError, StoriesError

# passed, summary and todo of a Finding
Result = tuple[bool | None, str, str]

_CALLERS = {
    "assumed-role": "a role",
    "user": "an IAM user",
    "root": "the root user (a role with less power is safer)",
    "federated-user": "a federated user",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """An ARN in its parts. kind: "assumed-role", "user", ... name: all that follows, with slashes."""

    arn: str
    partition: str
    account: str
    kind: str
    name: str = ""

    def __str__(self) -> str:
        return _CALLERS.get(self.kind, self.kind)


@dataclass(frozen=True, slots=True)
class Decision:
    action: str
    resource: str
    allowed: bool


@dataclass
class Case:
    """The names to examine, and what is known so far."""

    clients: Clients
    endpoint: str
    bucket: str
    table: Table
    engine: str
    model: str | None = None
    guardrail: str = ""
    # Of Bedrock: the inference profile's where there is one, then the models'.
    model_arns: tuple[str, ...] = ()
    guardrail_arn: str = ""
    region: str = ""
    caller: Caller | None = None
    bucket_region: str = ""
    skew_s: float | None = None
    # Service ("*": every service) -> why it is called no more.
    stopped: dict[str, str] = field(default_factory=dict)
    simulated: tuple[Decision, ...] | StoriesError | None = None

    def clients_for(self, service: str) -> Clients:
        """The clients, unless calls to this service were stopped. Raises ConfigError."""
        if reason := self.stopped.get("*") or self.stopped.get(service):
            raise unsure(reason)
        return self.clients

    def call(
        self, service: str, operation: str, what: str, wanted: str = "", **parameters: Any
    ) -> dict[str, Any]:
        """One reply. what: the service in words, for errors. wanted: a field that the reply must have, for
        any server may stand behind an AWS_ENDPOINT_URL. Raises StoriesError."""
        clients = self.clients_for(service)
        try:
            with mapped_errors(service, what):
                reply: dict[str, Any] = getattr(clients.get(service), operation)(**parameters)
        except StoriesError as error:
            self._read_clock(response_of(error.__cause__))
            raise
        self._read_clock(reply)
        if wanted and not reply.get(wanted):
            raise unsure(f"the answer of {what} makes no sense (no {wanted}): check any AWS_ENDPOINT_URL")
        return reply

    def _read_clock(self, reply: Mapping[str, Any]) -> None:
        """Replies carry the time, also those that refuse a request for its own time."""
        date = reply.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
        try:
            theirs = parsedate_to_datetime(date)
        except ValueError:
            return
        self.skew_s = (datetime.now(UTC) - theirs.replace(tzinfo=UTC)).total_seconds()  # HTTP's is GMT


def unsure(reason: str) -> ConfigError:
    """For what could not be checked."""
    return ConfigError(reason, problem="not-asked")
