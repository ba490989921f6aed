"""The Amplify deployer. botocore's Stubber checks each request and response against AWS's own model."""

from __future__ import annotations

import io
import json
import os
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import Any

import boto3
import pytest
import yaml
from botocore.stub import ANY, Stubber

from infra.frontend import __main__, amplify
from infra.frontend.page import Stage, headers, origin, zipped
from infra.stack import RefusedError
from tests.engines.loopback import Loopback
from tests.infra.cloudformation import ROOT

API, MEDIA = "https://abc123.execute-api.eu-west-1.amazonaws.com/dev/", "https://media.example.org"
ORIGIN = "https://abc123.execute-api.eu-west-1.amazonaws.com"
BRANCH = {"appId": "d1", "branchName": "dev"}
APP = {"appId": "d1", "name": "mvp-stories-dev", "defaultDomain": "d1.amplifyapp.com"}
_NOTHING: dict[str, Any] = {"timestamp": datetime(2026, 1, 1, tzinfo=UTC), "boolean": False, "map": {}}


def completed(shape: Any, value: Any) -> Any:
    """`value` with what the service's model requires beside it."""
    if shape.type_name == "structure":
        given = value or {}
        names = {*shape.required_members, *given}
        return {name: completed(shape.members[name], given.get(name)) for name in names}
    if shape.type_name == "list":
        return [completed(shape.member, item) for item in value or []]
    shortest = "-" * shape.metadata.get("min", 0)
    return _NOTHING.get(shape.type_name, shortest) if value is None else value


class Aws:
    """A session whose services give the answers that a test lists, in order; S3 signs and sends nothing."""

    region_name = "eu-west-1"

    def __init__(self) -> None:
        self._session = boto3.Session("a", "b", region_name=self.region_name)
        self.clients = {name: self._session.client(name) for name in ("amplify", "sts", "cloudformation")}
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}

    def client(self, service: str, config: Any = None) -> Any:
        """boto3.Session's method."""
        return self.clients.get(service) or self._session.client(service, config=config)

    def answer(self, operation: str, response: Any = None, service: str = "amplify", **request: Any) -> None:
        client = self.clients[service]
        model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
        body = completed(model.output_shape, response)
        self.stubs[service].add_response(operation, body, request or None)

    def refuse(self, operation: str, message: str, code: str = "BadRequestException") -> None:
        self.stubs["amplify"].add_client_error(operation, code, message)

    def main(self, *arguments: str) -> int:
        """The command, which first asks who is calling."""
        identity = {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/me"}
        self.answer("get_caller_identity", identity, "sts")
        return __main__.main([*arguments, "dev"])

    def deploy(self, headers: str = "") -> str:
        return amplify.deploy(self.client("amplify"), "dev", b"zip", headers)

    def prepare(self, *earlier: str, domains: tuple[str, ...] = ()) -> None:
        """Answers until a deployment can be created. earlier: statuses of jobs 1, 2, …"""
        self.answer("list_apps", {"apps": [APP]})
        self.answer("update_app", appId="d1", customHeaders=ANY)
        self.answer("get_branch", {"branch": {"customDomains": domains}}, **BRANCH)
        jobs = [{"jobId": str(number), "status": status} for number, status in enumerate(earlier, 1)]
        self.answer("list_jobs", {"jobSummaries": jobs}, **BRANCH)

    def run(self, url: str, *statuses: str, reason: str = "", job: str = "7") -> None:
        """Answers from the creation of a deployment on. url: where its zip goes."""
        self.answer("create_deployment", {"jobId": job, "zipUploadUrl": url}, **BRANCH)
        self.answer("start_deployment", **BRANCH, jobId=job)
        self.look(job, *statuses, reason=reason)

    def look(self, job: str, *statuses: str, reason: str = "") -> None:
        for status in statuses:
            details = {"summary": {"status": status}, "steps": [{"statusReason": reason}]}
            self.answer("get_job", {"job": details}, **BRANCH, jobId=job)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Each answer must have been fetched in the end."""
    aws = Aws()
    monkeypatch.setattr(__main__.boto3, "Session", lambda: aws)
    monkeypatch.setattr(amplify, "_POLL_SECONDS", 0)
    for stub in aws.stubs.values():
        stub.activate()
    yield aws
    for stub in aws.stubs.values():
        stub.assert_no_pending_responses()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a built page."""
    dist = tmp_path / "frontend" / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html>", "utf-8")
    (dist / "assets" / "app-1a2b.js").write_text("1", "utf-8")
    (dist / "config.json").write_text('{"api": "", "theme": "night"}', "utf-8")
    policy = "connect-src ${API_ORIGIN} ${TOKEN_ADDRESS}; media-src ${MEDIA_ORIGIN}"
    (tmp_path / "customHttp.yml").write_text(policy, "utf-8")
    monkeypatch.setattr(__main__, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def store() -> Iterator[Loopback]:
    """A server that takes uploads."""
    with Loopback(lambda request: request.reply(b"")) as server:
        yield server


def test_a_first_page_is_deployed_with_its_stages_api_and_headers(
    aws: Aws, root: Path, store: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*.*")}
    policy, tags = f"connect-src {ORIGIN} ; media-src {MEDIA}", {"project": "mvp-stories", "stage": "dev"}
    aws.answer("list_apps", {"apps": [{**APP, "name": "mvp-stories-prod"}]})
    settings = {"name": "mvp-stories-dev", "platform": "WEB", "customHeaders": policy, "tags": tags}
    aws.answer("create_app", {"app": APP}, **settings)
    aws.refuse("get_branch", "no such branch", "NotFoundException")
    aws.answer("create_branch", **BRANCH, enableAutoBuild=False)
    aws.answer("list_jobs", **BRANCH)
    aws.run(store.url, "PENDING", "PENDING", "RUNNING", "SUCCEED")
    assert aws.main("deploy", "--api", API, "--media", f"{MEDIA}/") == 0
    output = capsys.readouterr()
    assert output.out == "https://dev.d1.amplifyapp.com\n"
    assert output.err.endswith("Deployment 7: PENDING\nDeployment 7: RUNNING\nDeployment 7: SUCCEED\n")
    archive = zipfile.ZipFile(io.BytesIO(store.received[0].body))
    assert sorted(archive.namelist()) == ["assets/app-1a2b.js", "config.json", "index.html"]
    assert json.loads(archive.read("config.json")) == {"api": API.rstrip("/"), "theme": "night"}
    assert {path: path.read_bytes() for path in root.rglob("*.*")} == before


def test_the_next_page_uses_the_same_app_and_updates_its_headers(aws: Aws, store: Loopback) -> None:
    aws.answer("list_apps", {"apps": [{**APP, "name": "another"}], "nextToken": "2"})
    aws.answer("list_apps", {"apps": [APP]}, nextToken="2")
    aws.answer("update_app", appId="d1", customHeaders="new")
    aws.answer("get_branch", {"branch": {"customDomains": ["stories.example.org"]}}, **BRANCH)
    aws.answer("list_jobs", {"jobSummaries": [{"jobId": "6", "status": "SUCCEED"}]}, **BRANCH)
    aws.run(store.url, "SUCCEED")
    # A custom domain is the address.
    assert aws.deploy("new") == "https://stories.example.org"
    assert [(upload.method, upload.body) for upload in store.received] == [("PUT", b"zip")]


@pytest.mark.parametrize("status", ["CREATED", "PENDING", "RUNNING"])
def test_an_unfinished_deployment_is_cancelled(
    status: str, aws: Aws, store: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.prepare("FAILED", status, "CANCELLED")
    aws.answer("stop_job", **BRANCH, jobId="2")
    aws.look("2", "CANCELLING", "CANCELLED")
    aws.run(store.url, "SUCCEED")
    assert aws.deploy() == "https://dev.d1.amplifyapp.com"
    assert capsys.readouterr().err.startswith("Cancelling the earlier deployment 2\n")


def test_a_failed_deployment_reports_its_reason(aws: Aws, store: Loopback) -> None:
    aws.prepare()
    aws.run(store.url, "RUNNING", "FAILED", reason="The zip is too large.")
    with pytest.raises(RefusedError, match=r"ended as FAILED: The zip is too large\. The page that was"):
        aws.deploy()


def test_waiting_for_a_deployment_ends(aws: Aws, store: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amplify, "_POLLS", 3)
    aws.prepare()
    aws.run(store.url, "RUNNING", "RUNNING", "RUNNING")
    with pytest.raises(RefusedError, match="Deployment 7 is still RUNNING"):
        aws.deploy()


@pytest.mark.parametrize("status", [403, 503])
def test_a_refused_upload_is_reported_without_its_url(status: int, aws: Aws, store: Loopback) -> None:
    store.script = lambda request: request.reply(b"", status)
    aws.prepare()
    aws.answer("create_deployment", {"jobId": "7", "zipUploadUrl": f"{store.url}/secret"}, **BRANCH)
    with pytest.raises(RefusedError, match=rf"\({status}\): run it again") as error:
        aws.deploy()
    assert "secret" not in str(error.value)


def test_what_aws_refuses_is_reported(aws: Aws, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    aws.prepare()
    aws.refuse("create_deployment", "Rate exceeded")
    assert aws.main("deploy", "--api", API, "--media", MEDIA) == 1
    assert "CreateDeployment operation: Rate exceeded" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("apps", "problem"),
    [
        ([APP, {**APP, "appId": "d2"}], r"\(d1, d2\): delete all but one"),
        ([{**APP, "repository": "https://git.example/stories"}], "connected to https://git.example/stories"),
    ],
)
def test_an_app_that_may_be_anothers_is_neither_changed_nor_deleted(
    apps: list[Any], problem: str, aws: Aws
) -> None:
    aws.answer("list_apps", {"apps": apps})
    with pytest.raises(RefusedError, match=problem):
        aws.deploy()
    aws.answer("list_apps", {"apps": apps})
    assert aws.main("destroy", "--yes") == 1


def test_the_api_and_both_hosts_of_the_bucket_come_from_the_stack(
    aws: Aws, root: Path, store: Loopback
) -> None:
    push = "wss://a2.execute-api.eu-west-1.amazonaws.com"
    values = {"ApiUrl": API, "BucketName": "stories-1a2b", "PushUrl": f"{push}/dev"}
    outputs = [{"OutputKey": key, "OutputValue": value} for key, value in values.items()]
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    hosts = "https://stories-1a2b.s3.amazonaws.com https://stories-1a2b.s3.eu-west-1.amazonaws.com"
    stack = {"StackName": "mvp-stories-dev"}
    aws.answer("describe_stacks", {"Stacks": [{"Outputs": outputs}]}, "cloudformation", **stack)
    aws.answer("list_apps", {"apps": [APP]})
    update = {"appId": "d1", "customHeaders": f"connect-src {ORIGIN} {push} ; media-src {hosts}"}
    aws.answer("update_app", **update)
    aws.answer("get_branch", **BRANCH)
    aws.answer("list_jobs", **BRANCH)
    aws.run(store.url, "SUCCEED")
    assert aws.main("deploy") == 0


# As template.yaml has it, with a pool and a client of Cognito's documentation.
LOGIN = "https://mvp-stories-dev-1a2b3c4d.auth.eu-west-1.amazoncognito.com"
SIGN_IN = {
    "issuer": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE",
    "clientId": "1example23456789",
    "authorize": f"{LOGIN}/oauth2/authorize",
    "token": f"{LOGIN}/oauth2/token",
    "logout": f"{LOGIN}/logout?client_id=1example23456789&logout_uri=https://stories.example.org/",
}


def test_a_stacks_sign_in_goes_into_the_page_and_its_token_address_into_the_policy(
    aws: Aws, root: Path, store: Loopback
) -> None:
    values = {"ApiUrl": API, "BucketName": "stories-1a2b", "SignIn": json.dumps(SIGN_IN)}
    outputs = [{"OutputKey": key, "OutputValue": value} for key, value in values.items()]
    hosts = "https://stories-1a2b.s3.amazonaws.com https://stories-1a2b.s3.eu-west-1.amazonaws.com"
    aws.answer("describe_stacks", {"Stacks": [{"Outputs": outputs}]}, "cloudformation")
    aws.answer("list_apps", {"apps": [APP]})
    policy = f"connect-src {ORIGIN} {LOGIN}/oauth2/token; media-src {hosts}"
    aws.answer("update_app", appId="d1", customHeaders=policy)
    aws.answer("get_branch", **BRANCH)
    aws.answer("list_jobs", **BRANCH)
    aws.run(store.url, "SUCCEED")
    assert aws.main("deploy") == 0
    archive = zipfile.ZipFile(io.BytesIO(store.received[0].body))
    config = {"api": API.rstrip("/"), "theme": "night", "signIn": SIGN_IN}
    assert json.loads(archive.read("config.json")) == config


@pytest.mark.parametrize(
    "token",
    [
        "https://a.example/token; script-src *",
        "https://a.example/token 'unsafe-inline'",
        "https://a.example/token,https://b.example",
        "https://a.example/token?a=b",
        "http://a.example/token",
    ],
)
def test_a_token_address_that_a_policy_cannot_name_is_rejected(token: str) -> None:
    with pytest.raises(RefusedError, match="is not an address that a"):
        headers("", Stage(API, [MEDIA], {**SIGN_IN, "token": token}))


def test_without_a_stack_nothing_is_created(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.stubs["cloudformation"].add_client_error("describe_stacks", "ValidationError", "it does not exist")
    assert aws.main("deploy") == 1
    assert capsys.readouterr().err.endswith("mvp-stories-dev in eu-west-1: it does not exist\n")
    aws.answer("describe_stacks", {"Stacks": [{}]}, "cloudformation")
    assert aws.main("deploy") == 1
    assert "has no output 'ApiUrl'" in capsys.readouterr().err


def test_the_headers_file_names_the_origins_and_the_token_address() -> None:
    template = Template((__main__.ROOT / "customHttp.yml").read_text("utf-8"))
    assert template.is_valid()
    assert set(template.get_identifiers()) == {"API_ORIGIN", "MEDIA_ORIGIN", "TOKEN_ADDRESS"}


def test_a_page_that_is_not_built_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="make frontend"):
        zipped(tmp_path, Stage(API, [MEDIA]))


@pytest.mark.parametrize(
    "url",
    "https://a.example;script-src|https://a.example'|https://a.example b.example|https://user@a.example|"
    "http://a.example|javascript:alert(1)|https://|https://[|a.example|https://a.example\n".split("|"),
)
def test_a_url_that_a_page_may_not_call_is_rejected(url: str) -> None:
    for api, media, push in ((url, MEDIA, ""), (API, url, ""), (API, MEDIA, url)):
        with pytest.raises(RefusedError, match="not an address that a page may call"):
            headers("", Stage(api, [media], push=push))


def test_an_origin_is_scheme_host_and_port() -> None:
    signed = "https://Bucket.S3.eu-west-1.amazonaws.com/a.mp3?X-Amz-Signature=1"
    assert origin(signed) == "https://bucket.s3.eu-west-1.amazonaws.com"
    assert origin("http://127.0.0.1:8000/") == "http://127.0.0.1:8000"


@pytest.mark.parametrize("typed", ["", "\n", "mvp-stories-prod\n", "mvp-stories-dev\n"])
def test_a_page_is_deleted_only_if_its_name_is_typed(
    typed: str, aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    aws.answer("list_apps", {"apps": [APP]})
    if typed == "mvp-stories-dev\n":
        aws.answer("delete_app", appId="d1")
        assert aws.main("destroy") == 0
    else:
        assert aws.main("destroy") == 1
        assert capsys.readouterr().err.endswith("Nothing was deleted.\n")


def test_deleting_a_page_that_does_not_exist_succeeds(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.answer("list_apps")
    assert aws.main("destroy", "--yes") == 0
    assert "no Amplify app is called mvp-stories-dev" in capsys.readouterr().out


def test_api_and_media_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    for option in (["--api", API], ["--media", MEDIA]):
        with pytest.raises(SystemExit, match="2"):
            __main__.main(["deploy", *option, "dev"])
        assert "go together" in capsys.readouterr().err


@pytest.mark.parametrize("push", ["", "wss://a2.execute-api.eu-west-1.amazonaws.com/dev"])
@pytest.mark.parametrize("sign_in", [None, SIGN_IN])
def test_a_build_from_git_fills_in_what_the_stage_has(
    tmp_path: Path, sign_in: dict[str, str] | None, push: str
) -> None:
    """amplify.yml's own commands, but npm's, give what `make deploy-frontend` sends."""
    phases = yaml.safe_load((ROOT / "amplify.yml").read_text("utf-8"))["frontend"]["phases"]
    commands = [command for phase in phases.values() for command in phase["commands"]]
    script = "\n".join(command for command in commands if not command.startswith(("npm ", "cd ")))
    template = (ROOT / "customHttp.yml").read_text("utf-8")
    (tmp_path / "customHttp.yml").write_text(template, "utf-8")
    (tmp_path / "dist").mkdir()
    media = "https://bucket.s3.amazonaws.com https://bucket.s3.eu-west-1.amazonaws.com"
    environ = {"PATH": os.environ["PATH"], "STORIES_API": API, "STORIES_MEDIA": media, "STORIES_PUSH": push}
    settings = {"STORIES_SIGN_IN": json.dumps(sign_in)} if sign_in else {}
    run = {"cwd": tmp_path, "timeout": 30, "capture_output": True, "text": True}
    subprocess.run(["sh", "-ec", script], env={**environ, **settings}, check=True, **run)
    stage = Stage(API, media.split(), sign_in, push)
    assert (tmp_path / "customHttp.yml").read_text("utf-8") == headers(template, stage)
    config = json.loads((tmp_path / "dist" / "config.json").read_text("utf-8"))
    assert config == {"api": API} | ({"signIn": sign_in} if sign_in else {})

    refused = subprocess.run(["sh", "-ec", script], env={**environ, "STORIES_MEDIA": ""}, check=False, **run)
    assert refused.returncode != 0
    assert "STORIES_MEDIA" in refused.stderr
