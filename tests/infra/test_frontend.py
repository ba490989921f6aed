"""The Amplify deployer against a fake client whose job statuses are stepped by calls, not by a clock."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.validate import validate_parameters

from infra.frontend import __main__, hosting
from infra.frontend.backend import Backend, origin_of
from infra.frontend.hosting import Hosting, upload
from infra.stack import RefusedError

API, MEDIA = "https://abc123.execute-api.eu-west-1.amazonaws.com/dev/", "https://media.example.org"
HEADERS = 'value: "connect-src ${API_ORIGIN}; media-src ${MEDIA_ORIGIN}"'
DEPLOYED_HEADERS = (
    f'value: "connect-src https://abc123.execute-api.eu-west-1.amazonaws.com; media-src {MEDIA}"'
)
BUCKET = "mvp-stories-dev-bucket-1a2b3c"
_MODEL = boto3.client("amplify", region_name="eu-west-1").meta.service_model
_OPERATIONS = {xform_name(name): _MODEL.operation_model(name) for name in _MODEL.operation_names}


class FakeAmplify:
    """Amplify with one branch an app. Parameters are checked against botocore's model of the service.

    statuses: what each look at a new deployment returns; the last one stays. errors: raised by an operation
    once each. calls: how often each operation was called.
    """

    class exceptions:  # noqa: N801 - botocore's name
        class NotFoundException(Exception):  # noqa: N818
            pass

    def __init__(self) -> None:
        self.apps: list[dict[str, Any]] = []
        self.branches: set[str] = set()
        self.jobs: dict[str, list[str]] = {}
        self.statuses = ["SUCCEED"]
        self.reason = ""
        self.errors: dict[str, list[BaseException]] = {}
        self.calls: Counter[str] = Counter()

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            validate_parameters(parameters, _OPERATIONS[operation].input_shape)
            self.calls[operation] += 1
            if self.errors.get(operation):
                raise self.errors[operation].pop()
            return getattr(self, f"_{operation}")(**parameters)

        return call

    def get_paginator(self, operation: str) -> Any:
        self.calls[operation] += 1
        return SimpleNamespace(paginate=lambda: [{"apps": self.apps[:1]}, {"apps": self.apps[1:]}])

    def _create_app(self, **settings: Any) -> Any:
        app = {
            **settings,
            "appId": f"d{len(self.apps)}",
            "defaultDomain": f"d{len(self.apps)}.amplifyapp.com",
        }
        self.apps.append(app)
        return {"app": app}

    def _app(self, app_id: str) -> dict[str, Any]:
        return next(app for app in self.apps if app["appId"] == app_id)

    def _get_app(self, appId: str) -> Any:  # noqa: N803
        return {"app": self._app(appId)}

    def _update_app(self, appId: str, customHeaders: str) -> None:  # noqa: N803
        self._app(appId)["customHeaders"] = customHeaders

    def _delete_app(self, appId: str) -> None:  # noqa: N803
        self.apps.remove(self._app(appId))

    def _get_branch(self, appId: str, branchName: str) -> Any:  # noqa: N803
        if appId not in self.branches:
            raise self.exceptions.NotFoundException
        return {"branch": {"displayName": branchName, "customDomains": self._app(appId).get("domains", [])}}

    def _create_branch(self, appId: str, **_: Any) -> None:  # noqa: N803
        self.branches.add(appId)

    def _create_deployment(self, **_: Any) -> Any:
        """Refused while another is not over, as AWS does ("The last job 64 was not finished")."""
        if any(statuses[0] not in ("SUCCEED", "FAILED", "CANCELLED") for statuses in self.jobs.values()):
            raise refusal("create_deployment", "The last job was not finished")
        job_id = str(len(self.jobs) + 1)
        self.jobs[job_id] = ["PENDING"]
        return {"jobId": job_id, "zipUploadUrl": "https://upload.invalid/secret"}

    def _start_deployment(self, jobId: str, **_: Any) -> None:  # noqa: N803
        self.jobs[jobId] = list(self.statuses)

    def _stop_job(self, jobId: str, **_: Any) -> None:  # noqa: N803
        self.jobs[jobId] = ["CANCELLED"]

    def _list_jobs(self, **_: Any) -> Any:
        return {"jobSummaries": [{"jobId": name, "status": job[0]} for name, job in self.jobs.items()]}

    def _get_job(self, jobId: str, **_: Any) -> Any:  # noqa: N803
        job = self.jobs[jobId]
        status = job.pop(0) if len(job) > 1 else job[0]
        return {"job": {"summary": {"status": status}, "steps": [{"statusReason": self.reason}]}}


def refusal(operation: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": "BadRequestException", "Message": message}}, operation)


class Page:
    """A built page in a folder, the commands that deploy and delete it, and the AWS that they see."""

    def __init__(self, folder: Path) -> None:
        self.dist, self.headers = folder / "dist", folder / "customHttp.yml"
        (self.dist / "assets").mkdir(parents=True)
        (self.dist / "index.html").write_text("<!doctype html>", "utf-8")
        (self.dist / "assets" / "app-1a2b.js").write_text("1", "utf-8")
        (self.dist / "config.json").write_text('{"api": "", "theme": "night"}', "utf-8")
        self.headers.write_text(HEADERS, "utf-8")
        self.amplify = FakeAmplify()
        self.uploads: list[bytes] = []
        self.stacks: dict[str, dict[str, Any]] = {}
        self.region_name = "eu-west-1"

    def client(self, service: str, config: Any = None) -> Any:
        """boto3.Session's method."""
        if service == "s3":  # signs, and sends nothing
            keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
            return boto3.client("s3", "eu-west-1", config=config, **keys)
        return {"amplify": self.amplify, "sts": self, "cloudformation": self}[service]

    def get_caller_identity(self) -> Any:
        return {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/me"}

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803
        if StackName not in self.stacks:
            raise refusal("DescribeStacks", "it does not exist")
        return {"Stacks": [self.stacks[StackName]]}

    def make_stack(self, stage: str, origin: str = "*", **values: str) -> None:
        values = values or {"ApiUrl": API, "BucketName": BUCKET}
        self.stacks[f"mvp-stories-{stage}"] = {
            "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in values.items()],
            "Parameters": [{"ParameterKey": "AllowedOrigin", "ParameterValue": origin}],
        }

    def deploy(self, stage: str = "dev", api: str = API) -> int:
        options = ["--dist", str(self.dist), "--headers", str(self.headers)]
        return __main__.main(["deploy", *options, *(["--api", api, "--media", MEDIA] if api else []), stage])

    def host(self, lines: list[str] | None = None, patience: float = 600.0) -> Hosting:
        report = (lines if lines is not None else []).append
        return Hosting(self.amplify, self.amplify, "dev", report, patience, lambda _: None)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    page = Page(tmp_path)
    monkeypatch.setattr(__main__.boto3, "Session", lambda: page)
    monkeypatch.setattr(hosting, "upload", lambda _url, body, _sleep: page.uploads.append(body))
    return page


def test_a_page_is_deployed_with_its_stages_api_and_headers(
    page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {file: file.read_bytes() for file in page.dist.rglob("*.*")}
    assert page.deploy() == 0
    assert capsys.readouterr().out == "https://dev.d0.amplifyapp.com\n"
    (app,) = page.amplify.apps
    assert (app["name"], app["customHeaders"]) == ("mvp-stories-dev", DEPLOYED_HEADERS)
    archive = zipfile.ZipFile(io.BytesIO(page.uploads[0]))
    assert sorted(archive.namelist()) == ["assets/app-1a2b.js", "config.json", "index.html"]
    config = {"api": "https://abc123.execute-api.eu-west-1.amazonaws.com/dev", "theme": "night"}
    assert json.loads(archive.read("config.json")) == config
    assert {file: file.read_bytes() for file in page.dist.rglob("*.*")} == before


def test_the_second_deployment_reuses_app_and_branch_and_updates_changed_headers(page: Page) -> None:
    assert [page.deploy(), page.deploy(), page.deploy(api="https://other.example.org")] == [0, 0, 0]
    calls = page.amplify.calls
    assert (calls["create_app"], calls["create_branch"], calls["update_app"]) == (1, 1, 1)
    assert "connect-src https://other.example.org;" in page.amplify.apps[0]["customHeaders"]


def test_each_stage_has_its_own_app(page: Page) -> None:
    assert [page.deploy("dev"), page.deploy("prod", api="https://prod.example.org")] == [0, 0]
    assert [app["name"] for app in page.amplify.apps] == ["mvp-stories-dev", "mvp-stories-prod"]
    assert page.amplify.apps[0]["customHeaders"] == DEPLOYED_HEADERS


def test_a_custom_domain_is_the_address(page: Page) -> None:
    page.host().deploy(b"", "")
    page.amplify.apps[0]["domains"] = ["stories.example.org"]
    assert page.host().deploy(b"", "") == "https://stories.example.org"


def test_each_status_of_a_deployment_is_reported_once(page: Page) -> None:
    lines: list[str] = []
    page.amplify.statuses = ["PENDING", "PENDING", "RUNNING", "SUCCEED"]
    page.host(lines).deploy(b"zip", "")
    assert lines[-3:] == ["Deployment 1: PENDING", "Deployment 1: RUNNING", "Deployment 1: SUCCEED"]


@pytest.mark.parametrize("operation", ["create_branch", "create_deployment", "start_deployment", "get_job"])
def test_a_run_after_an_interrupted_one_continues(operation: str, page: Page) -> None:
    page.amplify.errors[operation] = [EndpointConnectionError(endpoint_url="https://amplify.invalid")]
    assert page.deploy() == 1
    lines: list[str] = []
    assert page.host(lines).deploy(b"zip", "") == "https://dev.d0.amplifyapp.com"
    assert len(page.amplify.apps) == 1
    assert ("Deployment 1 was never started: cancelling it" in lines) == (operation == "start_deployment")


def test_a_running_deployment_of_another_run_is_waited_for(page: Page) -> None:
    page.host().deploy(b"zip", "")
    page.amplify.jobs["2"] = ["PENDING", "PENDING", "RUNNING", "FAILED"]
    lines: list[str] = []
    page.host(lines).deploy(b"zip", "")
    assert lines[:2] == ["Waiting for the earlier deployment 2", "Deployment 2: PENDING"]
    assert page.amplify.calls["stop_job"] == 0
    assert list(page.amplify.jobs) == ["1", "2", "3"]


def test_a_refusal_that_no_deployment_explains_is_passed_on(
    page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    page.amplify.errors["create_deployment"] = [refusal("CreateDeployment", "Rate exceeded")]
    assert page.deploy() == 1
    assert capsys.readouterr().err.splitlines()[-1] == "AWS refused CreateDeployment: Rate exceeded"


def test_a_failed_deployment_reports_its_reason(page: Page) -> None:
    page.amplify.statuses, page.amplify.reason = ["RUNNING", "FAILED"], "The zip is too large."
    with pytest.raises(RefusedError, match=r"ended as FAILED: The zip is too large\. The page that was"):
        page.host().deploy(b"zip", "")


def test_waiting_for_a_deployment_ends_with_the_patience(page: Page) -> None:
    page.amplify.statuses = ["RUNNING"]
    with pytest.raises(RefusedError, match="is still RUNNING after 10 s"):
        page.host(patience=10).deploy(b"zip", "")
    assert page.amplify.calls["get_job"] == 6


def test_the_api_and_bucket_come_from_the_stack(page: Page, capsys: pytest.CaptureFixture[str]) -> None:
    page.make_stack("dev")
    assert page.deploy(api="") == 0
    # The global host and its region's: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    both = f"https://{BUCKET}.s3.amazonaws.com https://{BUCKET}.s3.eu-west-1.amazonaws.com"
    assert page.amplify.apps[0]["customHeaders"] == DEPLOYED_HEADERS.replace(MEDIA, both)
    assert "ORIGIN=" not in capsys.readouterr().err


def test_a_replacement_of_s3_has_one_origin(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000")
    page.make_stack("dev")
    assert Backend.of_stack(page, "dev").media == ("http://127.0.0.1:9000",)


def test_a_page_that_the_api_does_not_accept_is_reported_with_the_command(
    page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    page.make_stack("prod", origin="https://before.example.org")
    assert page.deploy("prod", api="") == 0
    output = capsys.readouterr()
    assert f"make deploy STAGE=prod ENDPOINT=… ORIGIN={output.out.strip()}" in output.err


def test_without_a_stack_nothing_is_created(page: Page, capsys: pytest.CaptureFixture[str]) -> None:
    assert page.deploy(api="") == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("mvp-stories-dev in eu-west-1: it does not exist: make deploy STAGE=dev")
    page.make_stack("dev", Other="x")
    assert page.deploy(api="") == 1
    assert "has no output 'ApiUrl'" in capsys.readouterr().err
    assert page.amplify.apps == []


def test_a_page_that_is_not_built_is_reported_before_aws_is_called(
    page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    (page.dist / "index.html").unlink()
    assert page.deploy() == 1
    assert capsys.readouterr().err.endswith("make frontend.\n")


@pytest.mark.parametrize(
    "template", ["[]", HEADERS.replace("${MEDIA_ORIGIN}", ""), HEADERS + "${ELSE}", HEADERS + "$"]
)
def test_headers_that_would_block_the_api_are_not_deployed(
    template: str, page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    page.headers.write_text(template, "utf-8")
    assert page.deploy() == 1
    assert "must name ${API_ORIGIN} and ${MEDIA_ORIGIN}" in capsys.readouterr().err
    assert page.amplify.apps == []


@pytest.mark.parametrize(
    "url",
    "https://a.example;script-src|https://a.example'|https://a.example b.example|https://user@a.example|"
    "http://a.example|javascript:alert(1)|https://|https://[|a.example".split("|"),
)
def test_a_url_that_a_page_may_not_call_is_rejected(url: str) -> None:
    for api, media in ((url, MEDIA), (API, url)):
        with pytest.raises(RefusedError, match="not an address that a page may call"):
            Backend.of(api, media)


def test_an_origin_is_scheme_host_and_port() -> None:
    signed = "https://Bucket.S3.eu-west-1.amazonaws.com/a.mp3?X-Amz-Signature=1"
    assert origin_of(signed) == "https://bucket.s3.eu-west-1.amazonaws.com"
    assert origin_of("http://127.0.0.1:8000/") == "http://127.0.0.1:8000"


def test_an_app_of_a_git_repository_is_not_changed(page: Page, capsys: pytest.CaptureFixture[str]) -> None:
    page.amplify.create_app(name="mvp-stories-dev", repository="https://git.example/stories")
    assert [page.deploy(), __main__.main(["destroy", "--yes", "dev"])] == [1, 1]
    assert "connected to https://git.example/stories" in capsys.readouterr().err
    assert len(page.amplify.apps) == 1


def test_two_apps_of_one_name_are_reported(page: Page, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        page.amplify.create_app(name="mvp-stories-dev")
    assert page.deploy() == 1
    assert "(d0, d1): delete all but one" in capsys.readouterr().err


def test_a_page_is_deleted_only_if_its_name_is_typed(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    assert page.deploy() == 0
    for answer, apps in (("", 1), ("mvp-stories-prod", 1), ("mvp-stories-dev", 0)):
        monkeypatch.setattr("builtins.input", lambda _, answer=answer: answer)
        assert __main__.main(["destroy", "dev"]) == (1 if apps else 0)
        assert len(page.amplify.apps) == apps


def test_deleting_a_page_that_does_not_exist_succeeds(page: Page, capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["destroy", "--yes", "dev"]) == 0
    assert "no Amplify app is called mvp-stories-dev" in capsys.readouterr().out


def test_ctrl_c_is_reported_with_what_to_do(page: Page, capsys: pytest.CaptureFixture[str]) -> None:
    page.amplify.errors["start_deployment"] = [KeyboardInterrupt()]
    assert page.deploy() == 130
    assert capsys.readouterr().err.endswith("Stopped: run it again, it continues from here.\n")


def test_api_and_media_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    for option in (["--api", API], ["--media", MEDIA]):
        with pytest.raises(SystemExit, match="2"):
            __main__.main(["deploy", *option, "dev"])
        assert "go together" in capsys.readouterr().err


@pytest.fixture
def store() -> Iterator[Any]:
    """An HTTP server that takes uploads; `statuses` are its answers, the last one stays."""

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(server.statuses.pop(0) if len(server.statuses) > 1 else server.statuses[0])
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.statuses, server.bodies = [200], []
    server.url = f"http://127.0.0.1:{server.server_port}/secret"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_upload_is_repeated_until_the_store_accepts_it(store: Any) -> None:
    store.statuses, pauses = [503, 429, 200], list[float]()
    upload(store.url, b"zip", pauses.append)
    assert (store.bodies, pauses) == ([b"zip"] * 3, [1.0, 2.0])


@pytest.mark.parametrize(("status", "tries"), [(503, 4), (403, 1)])
def test_a_refused_upload_is_reported_without_its_url(store: Any, status: int, tries: int) -> None:
    store.statuses = [status]
    with pytest.raises(RefusedError, match=str(status)) as error:
        upload(store.url, b"zip", lambda _: None)
    assert "secret" not in str(error.value)
    assert len(store.bodies) == tries
