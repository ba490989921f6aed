"""The page on the local AWS's Amplify: served with its stage's API and headers, whatever came before."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from infra.frontend import page, upload
from infra.frontend.__main__ import main
from infra.frontend.backend import Backend, origin_of
from infra.frontend.hosting import Hosting, Pace
from infra.local_aws import LocalAws, deployments
from infra.local_aws.faults import Fault
from infra.stack import RefusedError

ROOT = Path(__file__).parents[2]
API, MEDIA = "https://abc123.execute-api.eu-west-1.amazonaws.com/dev/", "https://media.example.org"
HEADERS = """customHeaders:
  - pattern: '**/*'
    headers:
      - key: Content-Security-Policy
        value: "default-src 'none'; connect-src 'self' ${API_ORIGIN}; media-src ${MEDIA_ORIGIN}"
  - pattern: 'assets/**'
    headers:
      - key: Cache-Control
        value: public, max-age=31536000, immutable
"""
POLICY = (
    "default-src 'none'; connect-src 'self' https://abc123.execute-api.eu-west-1.amazonaws.com; "
    "media-src https://media.example.org"
)
PACE = Pace(look=0.02, patience=20.0, grace=5.0)


class Site:
    """A built page in a folder, and the command that deploys it."""

    def __init__(self, folder: Path, aws: LocalAws) -> None:
        self.dist, self.headers, self.aws = folder / "dist", folder / "customHttp.yml", aws
        (self.dist / "assets").mkdir(parents=True)
        self.write("index.html", "<!doctype html><title>Stories</title>")
        self.write("assets/app-1a2b.js", "console.log('a story')")
        self.write("config.json", '{"api": "", "theme": "night"}')
        self.headers.write_text(HEADERS, "utf-8")

    def write(self, name: str, text: str) -> None:
        (self.dist / name).write_text(text, "utf-8")

    def arguments(self, stage: str = "dev", api: str = API) -> list[str]:
        return [*f"deploy --dist {self.dist} --headers {self.headers}".split(), *_told(api), stage]

    def deploy(self, stage: str = "dev", api: str = API) -> int:
        return main(self.arguments(stage, api))

    def started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "infra.frontend", *self.arguments()],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def jobs(self, app: dict[str, Any]) -> list[str]:
        """Statuses, oldest first."""
        with self.aws.client("amplify") as client:
            told = client.list_jobs(appId=app["appId"], branchName="dev")["jobSummaries"]
        return [job["status"] for job in reversed(told)]

    def apps(self) -> list[dict[str, Any]]:
        with self.aws.client("amplify") as client:
            told: list[dict[str, Any]] = client.list_apps()["apps"]
        return told


def _told(api: str) -> list[str]:
    return ["--api", api, "--media", MEDIA] if api else []


@pytest.fixture
def site(aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(aws.options, "amplify_delay", 0.2)
    monkeypatch.setattr(Pace.__init__, "__defaults__", (PACE.look, PACE.patience, PACE.grace))
    yield Site(tmp_path, aws)
    aws.reset()
    with aws.client("amplify") as client:
        for app in client.list_apps()["apps"]:
            client.delete_app(appId=app["appId"])


def packed(site: Site) -> bytes:
    return page.packed(site.dist, Backend.of(API, MEDIA))


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=5)


def served(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that the command printed: the page's address."""
    (address,) = capsys.readouterr().out.splitlines()
    return address


def wait_until(met: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20
    while not met():
        assert time.monotonic() < limit, "it did not come to that"
        time.sleep(0.02)


def test_the_page_is_served_with_its_stages_api_and_origins(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert site.deploy() == 0
    address = served(capsys)
    page, script = get(address), get(f"{address}/assets/app-1a2b.js")
    assert page.text == "<!doctype html><title>Stories</title>"
    assert page.headers["content-security-policy"] == POLICY
    assert script.text == "console.log('a story')"
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    config = {"api": "https://abc123.execute-api.eu-west-1.amazonaws.com/dev", "theme": "night"}
    assert get(f"{address}/config.json").json() == config


def test_the_build_stays_as_it_is(site: Site) -> None:
    def digests() -> dict[Path, str]:
        files = [file for file in site.dist.rglob("*") if file.is_file()]
        return {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}

    before = digests()
    assert site.deploy() == 0
    assert digests() == before


def test_twice_is_one_app_and_one_branch_with_the_newest_page_and_headers(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert site.deploy() == 0
    first = served(capsys)
    assert (site.aws.requests("CreateApp"), site.aws.requests("UpdateApp")) == (1, 0)
    assert site.deploy() == 0
    assert site.aws.requests("UpdateApp") == 0
    site.write("index.html", "new")
    assert site.deploy(api="https://other.example.org") == 0
    assert capsys.readouterr().out.splitlines() == [first, first]
    (app,) = site.apps()
    assert (app["name"], app["platform"]) == ("mvp-stories-dev", "WEB")
    assert site.aws.requests("CreateBranch") == 1
    assert site.jobs(app) == ["SUCCEED"] * 3
    page = get(first)
    assert page.text == "new"
    assert "connect-src 'self' https://other.example.org;" in page.headers["content-security-policy"]


def test_each_stage_has_an_app_with_headers_of_its_own(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [site.deploy("dev"), site.deploy("prod", api="https://prod.example.org")] == [0, 0]
    dev, prod = capsys.readouterr().out.splitlines()
    assert get(dev).headers["content-security-policy"] == POLICY
    assert "https://prod.example.org" in get(prod).headers["content-security-policy"]
    assert [app["name"] for app in site.apps()] == ["mvp-stories-dev", "mvp-stories-prod"]


@pytest.mark.parametrize("at", ["CreateBranch", "CreateDeployment", "StartDeployment", "GetJob"])
def test_a_run_that_was_killed_is_gone_on_with_by_the_next(
    at: str, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.aws.inject(at, Fault("hang", times=None, seconds=60))
    run = site.started()
    wait_until(lambda: site.aws.requests(at) == 1)
    run.kill()
    run.communicate(timeout=20)
    site.aws.reset()
    assert site.deploy() == 0
    assert get(served(capsys)).headers["content-security-policy"] == POLICY
    assert len(site.apps()) == 1


def test_ctrl_c_says_that_the_next_run_goes_on(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.aws.inject("StartDeployment", Fault("hang", times=None, seconds=60))
    run = site.started()
    wait_until(lambda: site.aws.requests("StartDeployment") == 1)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=20)
    assert run.returncode == 130
    assert said.splitlines()[-1] == "Stopped: run it again, it goes on from here."
    site.aws.reset()
    assert site.deploy() == 0
    assert get(served(capsys)).status_code == 200


def test_a_deployment_of_another_that_runs_is_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert site.deploy() == 0
    (app,) = site.apps()
    said: list[str] = []
    # AWS refuses with a 400, which the SDK does not try again; the local AWS with a 429.
    with site.aws.client("amplify", retries={"total_max_attempts": 1}) as client:
        other = client.create_deployment(appId=app["appId"], branchName="dev")
        upload.put(other["zipUploadUrl"], b"no zip")
        monkeypatch.setattr(site.aws.options, "amplify_delay", 0.8)
        client.start_deployment(appId=app["appId"], branchName="dev", jobId=other["jobId"])
        monkeypatch.setattr(site.aws.options, "amplify_delay", 0.2)
        Hosting(client, client, "dev", said.append, PACE).deploy(packed(site), "")
    assert site.jobs(app) == ["SUCCEED", "FAILED", "SUCCEED"]
    assert said[1:3] == ["Deployment 2 of before is not over: waiting for it", "Deployment 2: PENDING"]


class AsAwsRefuses:
    """A client of a branch whose deployment 1 was made and never started.

    AWS opens no other before that is stopped ("The last job(deployment) 64 was not finished … use StopJob":
    aws-amplify/amplify-backend, issue 2137); the local AWS opens one, and has no StopJob.
    """

    def __init__(self, client: Any) -> None:
        self._client, self._stopped = client, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def create_deployment(self, **asked: Any) -> Any:
        if not self._stopped:
            told = {"Error": {"Code": "BadRequestException", "Message": "The last job 1 was not finished"}}
            raise ClientError(told, "CreateDeployment")  # type: ignore[arg-type]
        return self._client.create_deployment(**asked)

    def stop_job(self, jobId: str, **_: Any) -> None:  # noqa: N803 - the wire's name
        assert jobId == "1"
        self._stopped = True

    def get_job(self, jobId: str, **asked: Any) -> Any:  # noqa: N803
        told = self._client.get_job(jobId=jobId, **asked)
        if jobId == "1" and self._stopped:
            told["job"]["summary"]["status"] = "CANCELLED"
        return told


def test_a_deployment_that_was_never_started_is_cancelled_for_the_next(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.aws.inject("StartDeployment", Fault("error500", times=None))
    assert site.deploy() == 1
    site.aws.reset()
    (app,) = site.apps()
    assert site.jobs(app) == ["PENDING"]
    said: list[str] = []
    with site.aws.client("amplify") as client:
        made = Hosting(AsAwsRefuses(client), client, "dev", said.append, Pace(0.02, 20.0, 0.1))
        site.write("index.html", "later")
        address = made.deploy(packed(site), "")
    assert get(address).text == "later"
    assert "Deployment 1 was never started: it is cancelled" in said


def test_a_refusal_that_no_deployment_explains_is_passed_on(site: Site) -> None:
    assert site.deploy() == 0
    site.aws.inject("CreateDeployment", Fault("throttle"))
    with (
        site.aws.client("amplify") as client,
        pytest.raises(ClientError, match="Rate exceeded"),
    ):
        Hosting(client, client, "dev", lambda _: None, PACE).deploy(packed(site), HEADERS)


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("ListApps", "throttle"),
        ("UpdateApp", "reset"),
        ("GetBranch", "error503"),
        ("CreateBranch", "reset"),
        ("CreateDeployment", "error503"),
        ("StartDeployment", "reset"),
        ("GetJob", "error500"),
        ("PutDeploymentZip", "throttle"),
        ("PutDeploymentZip", "error503"),
        ("PutDeploymentZip", "reset"),
    ],
)
def test_one_fault_of_any_call_is_tried_again(
    operation: str, kind: str, site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(upload.put, "__defaults__", (0.01,))
    if operation == "UpdateApp":
        assert site.deploy(api="https://before.example.org") == 0
        capsys.readouterr()
    site.aws.inject(operation, Fault(kind))
    assert site.deploy() == 0
    assert get(served(capsys)).headers["content-security-policy"] == POLICY
    assert len(site.apps()) == 1


@pytest.mark.parametrize(
    ("operation", "kind", "words"),
    [
        ("CreateApp", "throttle", "AWS refused CreateApp: Rate exceeded"),
        ("CreateApp", "reset", "AWS could not be asked"),
        ("CreateApp", "truncate", "Amplify's answer broke off"),
        ("ListApps", "truncate", "Amplify's answer broke off"),
        ("CreateDeployment", "truncate", "Amplify's answer broke off"),
        ("GetJob", "truncate", "Amplify's answer broke off"),
    ],
)
def test_an_app_is_never_made_twice(
    operation: str, kind: str, words: str, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.aws.inject(operation, Fault(kind))
    assert site.deploy() == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines()[-1].startswith(words)
    assert site.deploy() == 0
    assert len(site.apps()) == 1
    assert get(served(capsys)).status_code == 200


def test_a_failed_deployment_says_why_and_the_page_of_before_stays(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert site.deploy() == 0
    address = served(capsys)
    site.write("index.html", "x" * 2000)
    monkeypatch.setattr(deployments, "_MOST_UNPACKED", 1000)
    assert site.deploy() == 1
    told = capsys.readouterr()
    assert told.out == ""
    last = told.err.splitlines()[-1]
    assert last.startswith("Deployment 2 of mvp-stories-dev ended as FAILED: ")
    assert "more than 1000 bytes" in last
    assert "Stories" in get(address).text


def test_a_deployment_without_an_end_is_given_up_in_time(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(site.aws.options, "amplify_delay", 60)
    began = time.monotonic()
    assert main(["deploy", "--patience", "0.3", *site.arguments()[1:]]) == 1
    assert time.monotonic() - began < 30
    assert "is still PENDING after 0.3 s" in capsys.readouterr().err


def test_an_upload_that_is_refused_does_not_tell_its_url(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(upload.put, "__defaults__", (0.01,))
    site.aws.inject("PutDeploymentZip", Fault("error503", times=None))
    assert site.deploy() == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "The page could not be uploaded to Amplify (503 Service Unavailable): run it again."
    assert site.aws.requests("PutDeploymentZip") == 4


def test_a_page_that_is_not_built_is_said_before_aws_is_asked(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    (site.dist / "index.html").unlink()
    assert site.deploy() == 1
    assert capsys.readouterr().err.strip().endswith("make frontend.")
    assert site.apps() == []


@pytest.mark.parametrize(
    "template",
    ["customHeaders: []", HEADERS.replace("${MEDIA_ORIGIN}", ""), HEADERS + "# ${ELSE}", HEADERS + "# $"],
)
def test_headers_that_would_keep_the_page_from_its_api_are_not_deployed(
    template: str, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.headers.write_text(template, "utf-8")
    assert site.deploy() == 1
    assert "must name ${API_ORIGIN} and ${MEDIA_ORIGIN}" in capsys.readouterr().err
    assert site.apps() == []


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example;script-src *",
        "https://a.example'",
        "https://a.example b.example",
        "https://someone@a.example",
        "http://a.example",
        "javascript:alert(1)",
        "https://",
        "https://[",
        "a.example",
    ],
)
def test_what_is_no_origin_never_reaches_a_header(url: str) -> None:
    with pytest.raises(RefusedError, match="address"):
        Backend.of(url, MEDIA)
    with pytest.raises(RefusedError, match="address"):
        Backend.of(API, url)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        (
            "https://Bucket.S3.eu-west-1.amazonaws.com/a.mp3?X-Amz-Signature=1",
            "https://bucket.s3.eu-west-1.amazonaws.com",
        ),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_an_app_of_a_git_repository_is_left_alone(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    with site.aws.client("amplify") as client:
        client.create_app(name="mvp-stories-dev", repository="https://git.example/stories")
    assert site.deploy() == 1
    assert "connected to https://git.example/stories" in capsys.readouterr().err
    assert main(["destroy", "--yes", "dev"]) == 1
    assert len(site.apps()) == 1


def test_two_apps_of_one_name_are_a_persons_to_sort_out(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    with site.aws.client("amplify") as client:
        ids = [client.create_app(name="mvp-stories-dev")["app"]["appId"] for _ in range(2)]
    assert site.deploy() == 1
    said = capsys.readouterr().err
    assert all(one in said for one in ids)


def test_without_credentials_a_person_reads_what_to_do(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    for arguments in (site.arguments(), ["destroy", "dev"]):
        assert main(arguments) == 1
        assert "export AWS_PROFILE" in capsys.readouterr().err


class Stack:
    """The stage's stack in moto, with what the page asks of it."""

    def __init__(self, bucket: str) -> None:
        self._client = boto3.client("cloudformation")
        self._bucket = bucket

    def make(self, stage: str, origin: str = "*", **outputs: str) -> None:
        told = outputs or {"ApiUrl": API, "BucketName": self._bucket}
        body = {
            "Parameters": {"AllowedOrigin": {"Type": "String"}},
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {key: {"Value": value} for key, value in told.items()},
        }
        self._client.create_stack(
            StackName=f"mvp-stories-{stage}",
            TemplateBody=json.dumps(body),
            Parameters=[{"ParameterKey": "AllowedOrigin", "ParameterValue": origin}],
        )

    def end(self) -> None:
        for stage in ("dev", "prod"):
            self._client.delete_stack(StackName=f"mvp-stories-{stage}")


@pytest.fixture
def stack(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """Signed URLs name the hosts of AWS, as they do there."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", aws.account.moto)
    made = Stack("mvp-stories-dev-mvpstoriesbucket-1a2b3c")
    yield made
    made.end()


def test_the_stacks_outputs_say_api_and_bucket(
    stack: Stack, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.make("dev")
    assert site.deploy(api="") == 0
    told = capsys.readouterr()
    address = told.out.strip()
    assert "ORIGIN=" not in told.err
    # The global host and its region's: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    bucket = "https://mvp-stories-dev-mvpstoriesbucket-1a2b3c.s3"
    both = f"{bucket}.amazonaws.com {bucket}.eu-west-1.amazonaws.com"
    assert get(address).headers["content-security-policy"] == POLICY.replace(MEDIA, both)
    assert get(f"{address}/config.json").json()["api"] == API.rstrip("/")


def test_a_store_that_stands_in_for_s3_has_one_origin(
    stack: Stack, site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000")
    stack.make("dev")
    assert site.deploy(api="") == 0
    policy = get(served(capsys)).headers["content-security-policy"]
    assert policy == POLICY.replace(MEDIA, "http://127.0.0.1:9000")


def test_a_page_that_the_api_does_not_let_call_is_told_with_the_way_on(
    stack: Stack, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.make("prod", origin="https://before.example.org")
    assert site.deploy("prod", api="") == 0
    told = capsys.readouterr()
    assert f"make deploy STAGE=prod ENDPOINT=… ORIGIN={told.out.strip()}" in told.err


def test_without_a_stack_nothing_is_made(
    stack: Stack, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert site.deploy(api="") == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("mvp-stories-dev in eu-west-1: ")
    assert "make deploy STAGE=dev" in last
    stack.make("dev", Other="x")
    assert site.deploy(api="") == 1
    assert "has no output 'ApiUrl'" in capsys.readouterr().err
    assert site.apps() == []


def test_a_page_goes_only_if_its_name_is_typed(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert site.deploy() == 0
    address = served(capsys)
    for answer in ("", "yes", "mvp-stories-prod"):
        monkeypatch.setattr("builtins.input", lambda _, said=answer: said)
        assert main(["destroy", "dev"]) == 1
    assert get(address).status_code == 200
    monkeypatch.setattr("builtins.input", lambda _: "mvp-stories-dev")
    assert main(["destroy", "dev"]) == 0
    assert site.apps() == []


def test_yes_asks_nothing_and_a_page_that_is_gone_is_no_failure(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert site.deploy() == 0
    assert [main(["destroy", "--yes", "dev"]), main(["destroy", "--yes", "dev"])] == [0, 0]
    assert "no Amplify app is called mvp-stories-dev" in capsys.readouterr().out
    assert site.apps() == []


@pytest.mark.parametrize("given", [["--api", API], ["--media", MEDIA]])
def test_api_and_media_go_together(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["deploy", *given, "dev"])
    assert "go together" in capsys.readouterr().err
