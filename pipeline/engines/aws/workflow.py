"""A runner over AWS Step Functions, Express: only a story's id and the edition's name travel.

An Express execution cannot be looked at afterwards (DescribeExecution is for Standard): how it went is in
the store, which its own states write to. It is started and not waited for (StartSyncExecution): AWS
says of that call only that it waits, and not what becomes of an execution whose client has gone.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from pipeline.engines.aws.errors import mapped_errors
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.engines.aws.clients import Clients

_ENGINE = "stepfunctions"
_WHAT = "the workflow"


class Workflow:
    """machine: the state machine's ARN."""

    def __init__(self, clients: Clients, machine: str) -> None:
        self._clients = clients
        self._arn = machine

    def start(self, story_id: str, edition: str) -> None:
        """Raises EngineError, ConfigError. Accepted: Step Functions runs it at least once, and a second
        execution of a story waits for the first by its claims.
        """
        with mapped_errors(_ENGINE, _WHAT):
            self._client.start_execution(**self._request(story_id, edition))

    def _request(self, story_id: str, edition: str) -> dict[str, str]:
        """A new name each time: a story may be requested again, and Express keeps no names."""
        return {
            "stateMachineArn": self._machine,
            "name": f"{story_id}-{edition}-{uuid.uuid4().hex[:8]}",
            "input": json.dumps({"id": story_id, "locale": edition}),
        }

    @property
    def _machine(self) -> str:
        if not self._arn:
            raise ConfigError(
                "no workflow is named: set STORIES_WORKFLOW to the state machine's ARN "
                "(`make deploy` prints it; `make aws-local` sets it)",
                problem="no-workflow",
            )
        return self._arn

    @property
    def _client(self) -> Any:
        return self._clients.get("stepfunctions")
