"""A runner over AWS Step Functions, Express: only a story's id and the edition's name travel.

An Express execution cannot be looked at afterwards (DescribeExecution is for Standard): how it went is in
the store, which its own states write to, and which has the last word here too.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from pipeline.engines.aws.errors import mapped_errors
from pipeline.errors import ConfigError, UnavailableError

if TYPE_CHECKING:
    from pipeline.engines.aws.clients import Clients

_ENGINE = "stepfunctions"
_WHAT = "the workflow"


class Workflow:
    """machine: the state machine's ARN. clients: with one attempt, and with the longest wait as the read
    timeout of "stepfunctions": StartSyncExecution is at-most-once, and answers when all is over.
    """

    def __init__(self, clients: Clients, machine: str) -> None:
        self._clients = clients
        self._arn = machine

    def start(self, story_id: str, edition: str) -> None:
        """Raises EngineError, ConfigError. Accepted: Step Functions runs it at least once."""
        with mapped_errors(_ENGINE, _WHAT):
            self._client.start_execution(**self._request(story_id, edition))

    def finish(self, story_id: str, edition: str, seconds: float) -> None:
        """Starts it and waits, at most for the client's own read timeout: the execution goes on after that.
        One that failed (a 200, whose `status` says so) has left the reason in the store. Raises as start(),
        and UnavailableError "too-slow".
        """
        from botocore.exceptions import ReadTimeoutError

        with mapped_errors(_ENGINE, _WHAT):
            try:
                reply = self._client.start_sync_execution(**self._request(story_id, edition))
            except ReadTimeoutError:
                return
        if reply["status"] == "TIMED_OUT":  # which skips every Catch, so the store does not know
            raise UnavailableError("the workflow took too long", engine=_ENGINE, problem="too-slow")

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
