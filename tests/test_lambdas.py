"""The Lambda handlers: the API on API Gateway's events, the states of the workflow, their logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from infra.local_aws import Fault, LocalAws
from infra.local_aws.deploy import deploy
from pipeline import lambdas
from pipeline.bootstrap import build_app, build_store
from pipeline.config.settings import Settings
from pipeline.errors import ContentRejectedError, NotFoundError, RequestError, ThrottledError
from pipeline.ports import NoProgress, Store
from pipeline.steps import committed, status
from pipeline.steps.accept import accept
from pipeline.steps.generate import generate
from tests.api import calling
from tests.api.calling import Response, as_response, until
from tests.api.pausing import Gate, HeldText
from tests.command import ROOT
from tests.infra import branches
from tests.infra.branches import IDEA, SPEAK, WRITE, Babbler, Flow

TIMEOUT = {"Error": "States.Timeout"}


@dataclass(frozen=True)
class Context:
    aws_request_id: str = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    function_name: str = "MvpStoriesWorkflowTrigger"


def event(method: str, path: str, body: Any = None) -> dict[str, Any]:
    """As a REST API with the stage "prod" sends it."""
    headers = {"Content-Type": "application/json", "X-Forwarded-For": "203.0.113.7"}
    proxy = calling.event(method, path, None if body is None else json.dumps(body), headers)
    context = {"path": f"/prod{path}", "stage": "prod", "requestId": "41b45ea3-70b5-11e6-b7bd-69b5aaebc7d9"}
    return {**proxy, "requestContext": {**proxy["requestContext"], **context}}


@dataclass
class Gateway:
    """Calls the trigger as API Gateway does."""

    flow: Flow

    def __call__(self, method: str, path: str, body: Any = None) -> Response:
        return as_response(lambdas.trigger(event(method, path, body), Context()))

    def finished(self, path: str) -> Any:
        """The story once it is complete or failed."""
        return until(lambda: self("GET", path).json, lambda view: view["status"] in {"done", "failed"})


@pytest.fixture
def flow(aws: LocalAws) -> Iterator[Flow]:
    with branches.flowing(aws) as flow:
        yield flow


@pytest.fixture
def api(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """The trigger with the workflow; it waits long enough for every story."""
    monkeypatch.setenv("STORIES_WORKFLOW", deploy(flow.aws))
    monkeypatch.setenv("STORIES_WAIT", "200")
    return Gateway(flow)


@pytest.fixture
def store(flow: Flow) -> Store:
    return build_store(Settings.from_env(os.environ))


def ids(story_id: str, locale: str = "en", **more: Any) -> dict[str, Any]:
    return {"id": story_id, "locale": locale, **more}


def test_the_demo_request_is_made_by_the_workflow(api: Gateway, aws: LocalAws) -> None:
    response = api("POST", "/", {"context": IDEA, "locale": "fr"})
    assert (response.status, response.json["locale"]) == (200, "fr")
    assert response.json["story"].startswith("[fr] ")
    with urllib3.PoolManager(retries=False, timeout=10) as http:
        sound = http.request("GET", response.json["mp3Url"])
    assert (sound.status, sound.headers["content-type"], sound.data[:3]) == (200, "audio/mpeg", b"ID3")
    assert aws.requests("StartExecution") == 1


def test_another_voice_at_another_pace_is_made_by_the_workflow_from_the_same_text(
    api: Gateway, aws: LocalAws
) -> None:
    own = api("POST", "/", {"context": IDEA, "locale": "en-GB", "variant": 5}).json
    written, spoken = aws.requests(WRITE), aws.requests(SPEAK)
    body = {"context": IDEA, "locale": "en-GB", "variant": 5, "voice": "Brian", "pace": 0.8}
    slow = api("POST", "/", body).json
    assert (slow["locale"], slow["voice"], slow["pace"]) == ("en-GB", "brian", 0.8)
    assert (slow["id"], slow["story"]) == (own["id"], own["story"])
    assert slow["durationMs"] > 1.1 * own["durationMs"]
    assert (aws.requests(WRITE), aws.requests(SPEAK)) == (written, 2 * spoken)
    assert "Brian, pace 0.8" in slow["engines"]["speech"]


def test_a_voice_of_polly_says_one_sentence(api: Gateway, aws: LocalAws) -> None:
    sample = api("GET", "/locales/en-GB/voices/brian")
    assert sample.status == 200
    with urllib3.PoolManager(retries=False, timeout=10) as http:
        sound = http.request("GET", sample.json["audioUrl"])
    assert (sound.status, sound.data[:3]) == (200, b"ID3")
    spoken = aws.requests(SPEAK)
    assert api("GET", "/locales/en-GB/voices/Brian").json["text"] == sample.json["text"]
    assert aws.requests(SPEAK) == spoken


def test_an_unknown_locale_is_a_400_and_starts_nothing(api: Gateway, aws: LocalAws) -> None:
    response = api("POST", "/", {"context": IDEA, "locale": "tlh"})
    assert (response.status, response.headers["content-type"]) == (400, "application/problem+json")
    assert response.json["type"] == "urn:mvp-stories:problem:unknown-locale"
    assert "fr-CA" in response.json["detail"]
    assert aws.requests("StartExecution") == 0


def test_a_story_that_is_not_ready_in_time_is_a_202_and_complete_later(
    api: Gateway, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORIES_WAIT", "1")
    gate = Gate()
    with api.flow.written_by(HeldText(gate)):
        response = api("POST", "/", {"context": IDEA})
        assert (response.status, response.headers["retry-after"]) == (202, "2")
        assert response.json["status"] in {"queued", "writing"}
        path = f"/stories/{response.json['id']}/en"
        assert response.headers["location"] == f"/prod{path}"
        gate.open()
        assert api.finished(path)["status"] == "done"
    assert aws.requests("StartExecution") == 1


def test_a_full_day_is_a_429_with_words_and_starts_nothing(
    api: Gateway, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORIES_PER_DAY", "1")
    first = api("POST", "/stories", {"context": IDEA, "variant": 31})
    assert first.status == 202
    for path in ("/", "/stories"):
        refused = api("POST", path, {"context": IDEA, "variant": 32})
        assert (refused.status, refused.json["type"]) == (429, "urn:mvp-stories:problem:quota-exceeded")
        assert "try again tomorrow" in refused.json["detail"]
        assert 0 < int(refused.headers["retry-after"]) <= 24 * 3600 + 1
    started = aws.requests("StartExecution"), aws.requests("StartSyncExecution")
    assert started == (1, 0)
    assert api.finished(f"/stories/{first.json['id']}/en")["status"] == "done"
    assert api("POST", "/", {"context": IDEA, "variant": 31}).status == 200


def test_a_submitted_story_has_a_status_at_once_and_an_execution_of_its_own(
    api: Gateway, aws: LocalAws
) -> None:
    response = api("POST", "/stories", {"context": IDEA, "variant": 7})
    assert (response.status, response.json["variant"]) == (202, 7)
    path = f"/stories/{response.json['id']}/en"
    assert api("GET", path).status == 200
    assert api.finished(path)["status"] == "done"
    assert aws.requests("StartExecution") == 1
    assert api("POST", "/stories", {"context": IDEA, "variant": 7}).status == 200


def test_a_failed_workflow_is_reported_with_its_reason(api: Gateway, aws: LocalAws) -> None:
    aws.inject(WRITE, Fault("throttle", times=None))
    response = api("POST", "/", {"context": IDEA})
    assert (response.status, response.json["type"]) == (503, "urn:mvp-stories:problem:throttled")
    assert int(response.headers["retry-after"]) > 0
    assert "endpoint" not in response.json["detail"]


def test_a_throttled_start_is_a_503_and_the_next_request_starts_it(api: Gateway, aws: LocalAws) -> None:
    aws.inject("StartExecution", Fault("throttle"))
    response = api("POST", "/", {"context": IDEA, "variant": 5})
    assert (response.status, response.json["type"]) == (503, "urn:mvp-stories:problem:throttled")
    assert api("POST", "/", {"context": IDEA, "variant": 5}).status == 200
    assert aws.requests(WRITE) == 1 + 4


def test_record_failure_leaves_a_complete_story_alone(flow: Flow, store: Store) -> None:
    story_id = flow.accept()
    for step in (lambdas.generate, lambdas.speak):
        step(ids(story_id), Context())
    before = store.get(f"stories/{story_id}/en/status.json")
    assert lambdas.record_failure(ids(story_id, error=TIMEOUT), Context()) == ids(story_id)
    assert store.get(f"stories/{story_id}/en/status.json") == before


def test_record_failure_keeps_the_reason_that_a_state_wrote(flow: Flow, store: Store) -> None:
    story_id = flow.accept()
    status.fail(store, story_id, "en", ContentRejectedError("none passed", problem="no-good-story"))
    lambdas.record_failure(ids(story_id, error={"Error": "ContentRejectedError"}), Context())
    assert status.read(store, story_id, "en").problem == "no-good-story"


@pytest.mark.parametrize(
    ("error", "problem", "kind"),
    [
        ({"Error": "States.Timeout"}, "too-slow", "UnavailableError"),
        ({"Error": "ThrottledError"}, "throttled", "ThrottledError"),
        ({"Error": "ZeroDivisionError"}, "failed", "StoriesError"),
        (None, "failed", "StoriesError"),
    ],
)
def test_record_failure_derives_the_problem_from_the_error_name(
    flow: Flow, store: Store, error: dict[str, str] | None, problem: str, kind: str
) -> None:
    """Also of a state that never ran, and has no status yet."""
    story_id = flow.accept()
    lambdas.record_failure(ids(story_id, error=error), Context())
    failed = status.read(store, story_id, "en")
    assert (failed.state, failed.problem, failed.kind) == ("failed", problem, kind)


def test_a_retryable_error_is_not_written_to_the_status(flow: Flow, store: Store) -> None:
    story_id = flow.accept()
    flow.aws.inject(WRITE, Fault("throttle"))
    with pytest.raises(ThrottledError):
        lambdas.generate(ids(story_id), Context())
    assert status.read(store, story_id, "en").state == "writing"
    assert flow.aws.requests(WRITE) == 1


def test_a_permanent_error_is_written_to_the_status_and_raised(flow: Flow, store: Store) -> None:
    story_id = flow.accept()
    with flow.written_by(Babbler()), pytest.raises(ContentRejectedError):
        lambdas.generate(ids(story_id), Context())
    failed = status.read(store, story_id, "en")
    assert (failed.state, failed.problem) == ("failed", "no-good-story")


@pytest.mark.parametrize("sent", [None, [], {}, ids("x"), ids("0" * 32, "sv")])
@pytest.mark.parametrize("name", ["generate", "translate", "speak", "record_failure"])
def test_a_states_input_of_another_shape_is_a_request_error(flow: Flow, name: str, sent: Any) -> None:
    with pytest.raises(RequestError):
        getattr(lambdas, name)(sent, Context())


@pytest.mark.parametrize("sent", [None, [], "x", {"ping": 1}, {"id": None}])
def test_the_trigger_answers_any_event(flow: Flow, sent: Any) -> None:
    assert as_response(lambdas.trigger(sent, None)).status == 400


def test_a_step_of_an_unknown_story_fails(flow: Flow) -> None:
    with pytest.raises(NotFoundError):
        lambdas.generate(ids("0" * 32), Context())


# An execution environment: reads a (function, event) a line, and writes each response to stderr.
ENVIRONMENT = """
import json, logging, os, sys

class AsJson(logging.Formatter):
    def format(self, record):
        return json.dumps({"level": record.levelname, "logger": record.name, "message": record.getMessage()})

# As Lambda's runtime client does for the log format JSON, before it imports the function.
if level := os.environ.get("AWS_LAMBDA_LOG_LEVEL"):
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(AsJson())
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(level)
from pipeline import lambdas
class Context:
    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
for line in sys.stdin:
    name, event = json.loads(line)
    try:
        answer = lambdas.FUNCTIONS[name](event, Context())
    except Exception as error:
        answer = {"raised": type(error).__name__}
    print(json.dumps(answer), file=sys.stderr)
    logging.getLogger("pipeline.steps").debug("a line of the pipeline")
"""


@dataclass(frozen=True)
class Ran:
    answers: list[Any]
    lines: list[dict[str, Any]]
    text: str

    @property
    def logs(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if "_aws" not in line]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if "_aws" in line]


def run(*calls: tuple[str, dict[str, Any]], **environ: str) -> Ran:
    done = subprocess.run(
        [sys.executable, "-c", ENVIRONMENT],
        input="".join(json.dumps(call) + "\n" for call in calls),
        env={**os.environ, **environ},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]  # each is JSON, or this fails
    return Ran([json.loads(line) for line in done.stderr.splitlines()], lines, done.stdout)


def test_logs_are_json_with_story_ids_and_metrics_and_without_texts(
    flow: Flow, store: Store, aws: LocalAws
) -> None:
    story_id = flow.accept()
    aws.inject(SPEAK, Fault("truncate"))
    follow = event("GET", f"/stories/{story_id}/fr")
    nowhere = "arn:aws:states:us-east-1:123456789012:stateMachine:gone"
    ran = run(
        ("MvpStoriesGenerate", ids(story_id, "fr")),
        ("MvpStoriesTranslate", ids(story_id, "fr")),
        ("MvpStoriesTextToSpeech", ids(story_id, "fr")),  # cut off
        ("MvpStoriesTextToSpeech", ids(story_id, "fr")),
        ("MvpStoriesWorkflowTrigger", follow),
        ("MvpStoriesWorkflowTrigger", event("POST", "/", {"context": IDEA})),  # to no workflow: 500
        STORIES_WORKFLOW=nowhere,
    )
    assert [answer.get("raised", "") for answer in ran.answers] == ["", "", "UnavailableError", "", "", ""]
    assert [answer.get("statusCode") for answer in ran.answers[4:]] == [200, 500]

    (failed,) = [line for line in ran.logs if line["message"] == "failed"]
    assert (failed["story_id"], failed["locale"], failed["level"]) == (story_id, "fr", "WARNING")
    assert (failed["error"], failed["service"]) == ("UnavailableError", "mvp-stories")
    assert failed["function_request_id"] == Context().aws_request_id
    followed, refused = [line for line in ran.logs if line["message"] == "request"]
    assert (followed["story_id"], followed["status"], followed["level"]) == (story_id, 200, "INFO")
    assert (refused["status"], refused["path"], "locale" in refused) == (500, "/", False)
    (broken,) = [line for line in ran.logs if line["message"] == "request failed"]
    assert (broken["problem"], broken["level"]) == ("no-workflow", "ERROR")

    assert [(line["function"], line.get("Made"), line.get("Failed")) for line in ran.metrics] == [
        ("generate", [1.0], None),
        ("translate", [1.0], None),
        ("speak", None, [1.0]),
        ("speak", [1.0], None),
        ("trigger", [1.0], None),
        ("trigger", [1.0], None),
    ]
    for line in ran.metrics:
        (metrics,) = line["_aws"]["CloudWatchMetrics"]
        assert (metrics["Namespace"], line["service"]) == ("MvpStories", "mvp-stories")
        assert line["Duration"][0] > 0

    story = json.loads(ran.answers[4]["body"])
    words = {IDEA, "walrus", "kites", story["title"], *(segment["text"] for segment in story["segments"])}
    assert not {word for word in words if word in ran.text}


def test_debug_logs_have_no_idea_text_or_credential(flow: Flow, store: Store) -> None:
    """Lambda's log level is the root logger's, and botocore's DEBUG lines have requests whole."""
    story_id = flow.accept()
    states = ("MvpStoriesGenerate", "MvpStoriesTranslate", "MvpStoriesTextToSpeech")
    ran = run(
        *((state, ids(story_id, "fr")) for state in states),
        AWS_LAMBDA_LOG_LEVEL="DEBUG",
        POWERTOOLS_LOG_LEVEL="DEBUG",
        AWS_SESSION_TOKEN="token-of-a-role",
    )
    assert [answer.get("raised") for answer in ran.answers] == [None] * 3
    own = [line["level"] for line in ran.logs if line["message"] == "a line of the pipeline"]
    assert own == ["DEBUG"] * 3

    manifest = committed.manifest(store, story_id, "fr")
    words = {IDEA, "walrus", "kites", manifest.title, *(segment.text for segment in manifest.segments)}
    keys = {os.environ[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")}
    keys |= {"token-of-a-role", "Signature", "Authorization"}
    assert not {word for word in words | keys if word in ran.text}


def test_changed_settings_take_effect(flow: Flow, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app is reused for the same settings only: a local AWS changes them."""
    story_id, key = flow.accept(), "stories/{}/en/status.json"
    lambdas.record_failure(ids(story_id), Context())
    monkeypatch.setenv("STORIES_BUCKET", flow.aws.make_bucket())
    lambdas.record_failure(ids("0" * 32), Context())
    other = build_store(Settings.from_env(os.environ))
    assert store.get(key.format(story_id))
    assert other.get(key.format("0" * 32))
    with pytest.raises(NotFoundError):
        other.get(key.format(story_id))
    with pytest.raises(NotFoundError):
        store.get(key.format("0" * 32))


def test_a_function_offers_no_length_that_its_workflow_has_no_time_for(tmp_path: Path) -> None:
    app = lambdas._app(Settings(profile="fake", out=tmp_path))
    assert [length.name for length in app.offer.lengths] == ["short"]
    story_id = accept(build_app(Settings(profile="fake", out=tmp_path)), IDEA, length="good-night")
    with pytest.raises(RequestError) as refused:  # of a catalog, and not written yet
        generate(app, story_id, NoProgress())
    assert refused.value.problem == "unknown-length"
