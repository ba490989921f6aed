"""What every check is given and adds to: the names it looks at, who is calling, what IAM decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.errors import answered
from pipeline.engines.aws.voices import Table
from pipeline.errors import ConfigError, StoriesError

# passed, told and todo of a Finding
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
    """What is examined, and what is known of it so far."""

    clients: Clients
    endpoint: str
    bucket: str
    table: Table
    engine: str
    region: str = ""
    caller: Caller | None = None
    bucket_region: str = ""
    skew_s: float | None = None
    # Service ("*": every one) -> why it is asked no more.
    stopped: dict[str, str] = field(default_factory=dict)
    simulated: tuple[Decision, ...] | StoriesError | None = None

    def of(self, service: str) -> Clients:
        """The clients, where it makes sense to ask this service. Raises ConfigError."""
        if because := self.stopped.get("*") or self.stopped.get(service):
            raise unsure(because)
        return self.clients

    def ask(self, service: str, operation: str, what: str, wanted: str = "", **asked: Any) -> dict[str, Any]:
        """One answer. what: words for a person, should it fail. wanted: what must be in it, for anything may
        stand behind an AWS_ENDPOINT_URL. Raises StoriesError."""
        clients = self.of(service)
        try:
            with answered(service, what):
                answer: dict[str, Any] = getattr(clients.get(service), operation)(**asked)
        except StoriesError as error:
            self._read_clock(getattr(error.__cause__, "response", None) or {})
            raise
        self._read_clock(answer)
        if wanted and not answer.get(wanted):
            raise unsure(f"the answer of {what} makes no sense (no {wanted}): check any AWS_ENDPOINT_URL")
        return answer

    def _read_clock(self, answer: Mapping[str, Any]) -> None:
        """Answers carry the time, also those that refuse a request for its own time."""
        told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
        try:
            theirs = parsedate_to_datetime(told)
        except ValueError:
            return
        self.skew_s = (datetime.now(UTC) - theirs.replace(tzinfo=UTC)).total_seconds()  # HTTP's is GMT


def unsure(because: str) -> ConfigError:
    return ConfigError(because, problem="not-asked")
