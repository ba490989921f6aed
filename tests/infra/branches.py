"""Every branch of the deployed workflow, run with the real handlers and the engines over HTTP.

`python -m tests.infra.branches` prints the results as a table; test_workflow.py asserts them.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from unittest.mock import Mock, patch

from infra.local_aws import Fault, LocalAws
from infra.local_aws.deploy import ENVIRONMENT, definition, deploy
from pipeline import lambdas
from pipeline.api import telemetry, views
from pipeline.app import App
from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.errors import NotFoundError
from pipeline.ports import OnText, TextEngine, ignore
from pipeline.steps import status
from pipeline.steps.accept import accept as accept_step
from pipeline.storage.keys import manifest
from pipeline.types import Completion, Prompt

IDEA = "a timid walrus who mends kites"
WRITE, TRANSLATE, SPEAK = "InvokeEndpointWithResponseStream", "TranslateText", "SynthesizeSpeech"
INVOKE = "Invoke"
COUNTED = (WRITE, TRANSLATE, SPEAK, INVOKE)
_PATIENCE = 60


@dataclass(frozen=True)
class Result:
    """execution, error: of StartSyncExecution's response. requests: by operation, as the local AWS counted.

    state, problem: the story's status, "done" by its manifest. http: the API's status for it.
    spoken: sentences whose sound and marks are stored.
    """

    execution: str
    error: str
    response: dict[str, Any]
    requests: dict[str, int]
    state: str
    problem: str
    http: int
    seconds: float
    spoken: int


@dataclass
class Flow:
    """The workflow in a local AWS, whose environment is this process's.

    payloads: its functions' events and results. sent: those and the executions' responses, as JSON.
    running: how many functions run now.
    """

    aws: LocalAws
    payloads: list[Any] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    running: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def app(self) -> App:
        return build_app(Settings.from_env(os.environ))

    @property
    def functions(self) -> dict[str, Callable[[Any, Any], Any]]:
        return {name: self._recorded(handler) for name, handler in lambdas.FUNCTIONS.items()}

    def accept(self, variant: int = 0) -> str:
        return accept_step(self.app, IDEA, variant)

    def run(self, story_id: str, locale: str, states: dict[str, Any] | None = None) -> Result:
        """One execution. states: another definition than the deployed file's."""
        machine = deploy(self.aws, states, f"other-{uuid.uuid4().hex[:8]}") if states else deploy(self.aws)
        before, began = self._counts(), time.perf_counter()
        with self.aws.client("stepfunctions", inject_host_prefix=False, read_timeout=_PATIENCE) as client:
            response = client.start_sync_execution(
                stateMachineArn=machine, input=json.dumps({"id": story_id, "locale": locale})
            )
        seconds = time.perf_counter() - began
        requests = {name: count - before[name] for name, count in self._counts().items()}
        state, problem, http = self._status(story_id, locale)
        del response["ResponseMetadata"]
        self.sent.append(json.dumps(response, default=str))
        error = response.get("error", "")
        spoken = len(list(self.app.store.list("cache/speak/")))
        return Result(response["status"], error, response, requests, state, problem, http, seconds, spoken)

    def settle(self) -> None:
        """Ends hanging requests, and waits for functions whose state has timed out."""
        self.aws.reset()
        until = time.monotonic() + _PATIENCE
        while self.running:
            assert time.monotonic() < until, "a function does not end"
            time.sleep(0.01)

    @contextmanager
    def written_by(self, writer: TextEngine) -> Iterator[None]:
        """Puts another model behind the endpoint."""
        account = self.aws.account
        backing = replace(account.backing, app=replace(account.backing.app, text=writer))
        with patch.object(account, "backing", backing):
            yield

    def _status(self, story_id: str, locale: str) -> tuple[str, str, int]:
        store = self.app.store
        try:
            store.get(manifest(story_id, locale))
        except NotFoundError:
            kept = status.read(store, story_id, locale)
            failure = views.failure(self.app, story_id, locale)
            return kept.state, kept.problem, failure.status if failure else 202
        return status.DONE, "", 200

    def _counts(self) -> dict[str, int]:
        return {name: self.aws.requests(name) for name in COUNTED}

    def _record(self, payload: Any, running: int) -> None:
        with self._lock:
            self.running += running
            if payload is not None:
                self.payloads.append(payload)
                self.sent.append(json.dumps(payload))

    def _recorded(self, handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def call(event: Any, context: Any) -> Any:
            self._record(event, running=1)
            result = None
            try:
                result = handler(event, context)
                return result
            finally:
                self._record(result, running=-1)

        return call


class Babbler:
    """A model that writes no story."""

    fingerprint = "babbler/1"
    parallel = 1

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        on_text("No.")
        return Completion("No.", 1, 1, "end")


def english(flow: Flow) -> list[Result]:
    """And then the same story in a region of English."""
    story_id = flow.accept()
    return [flow.run(story_id, "en"), flow.run(story_id, "en-GB")]


def french(flow: Flow) -> list[Result]:
    return [flow.run(flow.accept(), "fr")]


def by_hand(flow: Flow, **values: str) -> dict[str, Any]:
    """The response to an execution with this input, as the console starts it."""
    with flow.aws.client("stepfunctions", inject_host_prefix=False, read_timeout=_PATIENCE) as client:
        response: dict[str, Any] = client.start_sync_execution(
            stateMachineArn=deploy(flow.aws), input=json.dumps(values)
        )
    return response


def busy_writer(flow: Flow) -> list[Result]:
    flow.aws.inject(WRITE, Fault("throttle"))
    return [flow.run(flow.accept(), "en")]


def busy_translator(flow: Flow) -> list[Result]:
    flow.aws.inject(TRANSLATE, Fault("throttle"))
    return [flow.run(flow.accept(), "fr")]


def broken_voice(flow: Flow) -> list[Result]:
    """An answer breaks off, which no client repeats."""
    flow.aws.inject(SPEAK, Fault("truncate", after=4))
    return [flow.run(flow.accept(), "en")]


def no_room_for_a_function(flow: Flow) -> list[Result]:
    """Lambda refuses, and does not run the function."""
    flow.aws.inject(INVOKE, Fault("throttle"))
    return [flow.run(flow.accept(), "en")]


def busy_for_good(flow: Flow) -> list[Result]:
    flow.aws.inject(WRITE, Fault("throttle", times=None))
    return [flow.run(flow.accept(), "en")]


def no_good_story(flow: Flow) -> list[Result]:
    with flow.written_by(Babbler()), patch.dict(os.environ, STORIES_CHECKS="refuse"):
        return [flow.run(flow.accept(), "en")]


def bad_translation(flow: Flow) -> list[Result]:
    """The fake's French does not pass the checks."""
    with patch.dict(os.environ, STORIES_CHECKS="refuse"):
        return [flow.run(flow.accept(), "fr")]


def late(flow: Flow) -> list[Result]:
    """With 2 seconds for the translation, which has 9: enough to send the request on a busy machine."""
    flow.aws.inject(TRANSLATE, Fault("hang"))
    states = definition(flow.aws)
    states["States"]["Translate story"]["TimeoutSeconds"] = 2
    result = flow.run(flow.accept(), "fr", states)
    flow.settle()
    return [result]


def late_as_a_whole(flow: Flow) -> list[Result]:
    """With 5 seconds for the machine, which has 288: enough to write a status on a busy machine."""
    flow.aws.inject(WRITE, Fault("hang"))
    result = flow.run(flow.accept(), "en", {**definition(flow.aws), "TimeoutSeconds": 5})
    flow.settle()
    return [result]


def crash(flow: Flow) -> list[Result]:
    """A bug in a handler."""
    crashing = flow.functions | {"MvpStoriesTranslate": Mock(side_effect=ZeroDivisionError("a bug"))}
    with patch.object(flow.aws.options, "lambdas", crashing):
        return [flow.run(flow.accept(), "fr")]


def interrupted_narration(flow: Flow) -> list[Result]:
    """Polly's answers break off after six requests, and are whole again for the next execution."""
    flow.aws.inject(SPEAK, Fault("truncate", times=None, after=6))
    story_id = flow.accept()
    first = flow.run(story_id, "en")
    flow.aws.clear(SPEAK)
    return [first, flow.run(story_id, "en")]


def two_at_once(flow: Flow) -> list[Result]:
    """Both results count the requests of both, as the server does."""
    story_id = flow.accept()
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda locale: flow.run(story_id, locale), ["en", "en"]))


BRANCHES: dict[str, Callable[[Flow], list[Result]]] = {
    "en, en-GB: no translation": english,
    "fr: translation": french,
    "the endpoint is throttled once": busy_writer,
    "Translate is throttled once": busy_translator,
    "Polly breaks in the middle, once": broken_voice,
    "Lambda is throttled once": no_room_for_a_function,
    "the endpoint stays throttled": busy_for_good,
    "three bad drafts": no_good_story,
    "a bad translation": bad_translation,
    "a state times out": late,
    "the machine times out": late_as_a_whole,
    "a handler crashes": crash,
    "Polly stays throttled; then again": interrupted_narration,
    "two executions at once": two_at_once,
}
_HEAD = ("branch", *COUNTED, "execution", "status.json", "HTTP", "s")


@contextmanager
def flowing(aws: LocalAws) -> Iterator[Flow]:
    """The workflow with a bucket of its own, for one branch."""
    flow = Flow(aws)
    aws.reset()
    own = {**aws.environment, **ENVIRONMENT, "STORIES_BUCKET": aws.make_bucket()}
    options = patch.multiple(aws.options, lambdas=flow.functions, retry_pace=0.0)
    with logging_restored(), patch.dict(os.environ, own), options:
        yield flow
        flow.settle()


@contextmanager
def logging_restored() -> Iterator[None]:
    """Restores the pipeline's logger, which the handlers configure for a process of their own."""
    logger = logging.getLogger("pipeline")
    handlers, propagate, level = logger.handlers, logger.propagate, logger.level
    telemetry._logger.cache_clear()
    try:
        yield
    finally:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def main() -> int:
    """Prints a Markdown table; the functions' own output is dropped."""
    print("|", " | ".join(_HEAD), "|")  # noqa: T201 - a command's output
    print("|---" * len(_HEAD), "|", sep="")  # noqa: T201
    with LocalAws("fake") as aws:
        for name, branch in BRANCHES.items():
            with flowing(aws) as flow, redirect_stdout(io.StringIO()):
                results = branch(flow)
            for result in results:
                print("|", " | ".join(_row(name, result)), "|", flush=True)  # noqa: T201
    return 0


def _row(name: str, result: Result) -> list[str]:
    state = f"{result.state} {result.problem}".strip()
    end = f"{result.execution} {result.error}".strip()
    requests = map(str, result.requests.values())
    return [name, *requests, end, state, str(result.http), f"{result.seconds:.1f}"]


if __name__ == "__main__":
    sys.exit(main())
