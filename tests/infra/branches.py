"""Every branch of the deployed workflow, run for real: our handlers, and the engines over the wire.

`python -m tests.infra.branches` prints what became of each as a table; test_workflow.py says what should.
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
from unittest.mock import patch

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
class Seen:
    """answer: StartSyncExecution's. requests: by operation, as the local AWS counted them.

    told, problem: the story's status, "done" by its manifest. http: what the API answers for it.
    spoken: sentences whose sound and marks are kept.
    """

    execution: str
    error: str
    answer: dict[str, Any]
    requests: dict[str, int]
    told: str
    problem: str
    http: int
    seconds: float
    spoken: int


@dataclass
class Flow:
    """The workflow in a local AWS, whose environment is this process's.

    payloads: what its functions got and gave. travelled: those, and what executions answered, as JSON.
    running: how many functions run now.
    """

    aws: LocalAws
    payloads: list[Any] = field(default_factory=list)
    travelled: list[str] = field(default_factory=list)
    running: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def app(self) -> App:
        return build_app(Settings.from_env(os.environ))

    @property
    def functions(self) -> dict[str, Callable[[Any, Any], Any]]:
        return {name: self._watched(handler) for name, handler in lambdas.FUNCTIONS.items()}

    def accept(self, variant: int = 0) -> str:
        return accept_step(self.app, IDEA, variant)

    def run(self, story_id: str, locale: str, states: dict[str, Any] | None = None) -> Seen:
        """One execution. states: another definition than the deployed one."""
        machine = deploy(self.aws, states, f"other-{uuid.uuid4().hex[:8]}") if states else deploy(self.aws)
        before, began = self._counts(), time.perf_counter()
        with self.aws.client("stepfunctions", inject_host_prefix=False, read_timeout=_PATIENCE) as client:
            answer = client.start_sync_execution(
                stateMachineArn=machine, input=json.dumps({"id": story_id, "locale": locale})
            )
        seconds = time.perf_counter() - began
        requests = {name: count - before[name] for name, count in self._counts().items()}
        told, problem, http = self._told(story_id, locale)
        del answer["ResponseMetadata"]
        self.travelled.append(json.dumps(answer, default=str))
        error = answer.get("error", "")
        spoken = len(list(self.app.store.list("cache/speak/")))
        return Seen(answer["status"], error, answer, requests, told, problem, http, seconds, spoken)

    def settle(self) -> None:
        """Lets go what hangs, and waits for functions whose state gave up on them."""
        self.aws.reset()
        until = time.monotonic() + _PATIENCE
        while self.running:
            assert time.monotonic() < until, "a function does not end"
            time.sleep(0.01)

    @contextmanager
    def written_by(self, writer: TextEngine) -> Iterator[None]:
        """Another model behind the endpoint."""
        account = self.aws.account
        backing = replace(account.backing, app=replace(account.backing.app, text=writer))
        with patch.object(account, "backing", backing):
            yield

    def _told(self, story_id: str, locale: str) -> tuple[str, str, int]:
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

    def _note(self, payload: Any, running: int) -> None:
        with self._lock:
            self.running += running
            if payload is not None:
                self.payloads.append(payload)
                self.travelled.append(json.dumps(payload))

    def _watched(self, handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def call(event: Any, context: Any) -> Any:
            self._note(event, running=1)
            answer = None
            try:
                answer = handler(event, context)
                return answer
            finally:
                self._note(answer, running=-1)

        return call


class Babbler:
    """A model that writes no story."""

    fingerprint = "babbler/1"
    parallel = 1

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        on_text("No.")
        return Completion("No.", 1, 1, "end")


def english(flow: Flow) -> list[Seen]:
    return [flow.run(flow.accept(), "en")]


def british(flow: Flow) -> list[Seen]:
    return [flow.run(flow.accept(), "en-GB")]


def french(flow: Flow) -> list[Seen]:
    return [flow.run(flow.accept(), "fr")]


def busy_writer(flow: Flow) -> list[Seen]:
    flow.aws.inject(WRITE, Fault("throttle"))
    return [flow.run(flow.accept(), "en")]


def busy_translator(flow: Flow) -> list[Seen]:
    flow.aws.inject(TRANSLATE, Fault("throttle"))
    return [flow.run(flow.accept(), "fr")]


def broken_voice(flow: Flow) -> list[Seen]:
    flow.aws.inject(SPEAK, Fault("error500", after=4))
    return [flow.run(flow.accept(), "en")]


def no_room_for_a_function(flow: Flow) -> list[Seen]:
    """Lambda itself refuses: the function did not run."""
    flow.aws.inject(INVOKE, Fault("throttle"))
    return [flow.run(flow.accept(), "en")]


def busy_for_good(flow: Flow) -> list[Seen]:
    flow.aws.inject(WRITE, Fault("throttle", times=None))
    return [flow.run(flow.accept(), "en")]


def no_good_story(flow: Flow) -> list[Seen]:
    with flow.written_by(Babbler()), patch.dict(os.environ, STORIES_CHECKS="refuse"):
        return [flow.run(flow.accept(), "en")]


def bad_translation(flow: Flow) -> list[Seen]:
    """A fake's French is none: held to the checks, it is refused."""
    with patch.dict(os.environ, STORIES_CHECKS="refuse"):
        return [flow.run(flow.accept(), "fr")]


def late(flow: Flow) -> list[Seen]:
    """The state's 9 seconds are 2 here: enough to ask on a busy machine."""
    flow.aws.inject(TRANSLATE, Fault("hang"))
    states = definition(flow.aws)
    states["States"]["Translate story"]["TimeoutSeconds"] = 2
    seen = flow.run(flow.accept(), "fr", states)
    flow.settle()
    return [seen]


def late_as_a_whole(flow: Flow) -> list[Seen]:
    """The machine's own 288 seconds are 5 here, enough to say that it writes: no Catch is asked."""
    flow.aws.inject(WRITE, Fault("hang"))
    seen = flow.run(flow.accept(), "en", {**definition(flow.aws), "TimeoutSeconds": 5})
    flow.settle()
    return [seen]


def crash(flow: Flow) -> list[Seen]:
    """A bug of ours."""
    with patch.object(lambdas, "translate_step", side_effect=ZeroDivisionError("division by zero")):
        return [flow.run(flow.accept(), "fr")]


def interrupted_narration(flow: Flow) -> list[Seen]:
    """Polly is busy after six requests, and well again for the next execution."""
    flow.aws.inject(SPEAK, Fault("throttle", times=None, after=6))
    story_id = flow.accept()
    first = flow.run(story_id, "en")
    flow.aws.clear(SPEAK)
    return [first, flow.run(story_id, "en")]


def two_at_once(flow: Flow) -> list[Seen]:
    """Each sees the requests of both: they are counted by the server."""
    story_id = flow.accept()
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda locale: flow.run(story_id, locale), ["en", "en"]))


BRANCHES: dict[str, Callable[[Flow], list[Seen]]] = {
    "en: no translation": english,
    "en-GB: no translation": british,
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
    with _quietly(), patch.dict(os.environ, own), patch.object(aws.options, "lambdas", flow.functions):
        yield flow
        flow.settle()


@contextmanager
def _quietly() -> Iterator[None]:
    """The handlers take the pipeline's loggers for their own, as in a process of theirs: given back."""
    logger = logging.getLogger("pipeline")
    handlers, propagate, level = logger.handlers, logger.propagate, logger.level
    telemetry._logger.cache_clear()
    try:
        yield
    finally:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def main() -> int:
    """A Markdown table on stdout; what the functions log goes to nobody."""
    print("|", " | ".join(_HEAD), "|")  # noqa: T201 - a command's output
    print("|---" * len(_HEAD), "|", sep="")  # noqa: T201
    with LocalAws("fake") as aws:
        for name, branch in BRANCHES.items():
            with flowing(aws) as flow, redirect_stdout(io.StringIO()):
                found = branch(flow)
            for seen in found:
                print("|", " | ".join(_row(name, seen)), "|", flush=True)  # noqa: T201
    return 0


def _row(name: str, seen: Seen) -> list[str]:
    told = f"{seen.told} {seen.problem}".strip()
    ended = f"{seen.execution} {seen.error}".strip()
    return [name, *map(str, seen.requests.values()), ended, told, str(seen.http), f"{seen.seconds:.1f}"]


if __name__ == "__main__":
    sys.exit(main())
