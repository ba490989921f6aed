"""Amplify: a zip becomes a page at an origin of its own, with the app's headers."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from infra.local_aws import LocalAws, deployments

PAGE = {
    "index.html": b"<!doctype html><title>Stories</title><script src=/assets/app.js></script>",
    "assets/app.js": b"console.log('a story')",
    "404.html": b"<!doctype html><title>Lost</title>",
}
HEADERS = """
customHeaders:
  - pattern: '**/*'
    headers:
      - key: Content-Security-Policy
        value: default-src 'self'
      - key: Cache-Control
        value: no-cache
  - pattern: 'assets/*.js'
    headers:
      - key: Cache-Control
        value: public, max-age=31536000, immutable
"""


def zipped(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return packed.getvalue()


@pytest.fixture
def amplify(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(aws.options, "amplify_delay", 0.4)
    with aws.client("amplify") as client:
        yield client
        for app in client.list_apps()["apps"]:
            client.delete_app(appId=app["appId"])


@pytest.fixture
def app_id(amplify: Any) -> str:
    made = amplify.create_app(name="stories", customHeaders=HEADERS)["app"]
    amplify.create_branch(appId=made["appId"], branchName="main")
    told: str = made["appId"]
    return told


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=5)


def origin(amplify: Any, app_id: str) -> str:
    branch = amplify.get_branch(appId=app_id, branchName="main")["branch"]
    return f"http://{branch['customDomains'][0]}"


def upload(amplify: Any, app_id: str, packed: bytes) -> str:
    """The job's id."""
    made = amplify.create_deployment(appId=app_id, branchName="main")
    answer = httpx.put(made["zipUploadUrl"], content=packed, trust_env=False, timeout=30)
    assert answer.status_code == 200
    told: str = made["jobId"]
    return told


def status(amplify: Any, app_id: str, job: str) -> str:
    told = amplify.get_job(appId=app_id, branchName="main", jobId=job)["job"]["summary"]["status"]
    return str(told)


def wait(amplify: Any, app_id: str, job: str) -> list[str]:
    """Each status that it had on the way to its end."""
    seen, limit = [status(amplify, app_id, job)], time.monotonic() + 5
    while seen[-1] not in ("SUCCEED", "FAILED"):
        assert time.monotonic() < limit, "the job does not end"
        time.sleep(0.02)
        if (now := status(amplify, app_id, job)) != seen[-1]:
            seen.append(now)
    return seen


def deploy(amplify: Any, app_id: str, packed: bytes) -> list[str]:
    job = upload(amplify, app_id, packed)
    amplify.start_deployment(appId=app_id, branchName="main", jobId=job)
    return wait(amplify, app_id, job)


def test_a_deployment_goes_from_pending_to_succeed_and_is_served_then(amplify: Any, app_id: str) -> None:
    job = upload(amplify, app_id, zipped(PAGE))
    amplify.start_deployment(appId=app_id, branchName="main", jobId=job)
    assert get(origin(amplify, app_id)).status_code == 404
    assert wait(amplify, app_id, job) == ["PENDING", "RUNNING", "SUCCEED"]
    served = get(origin(amplify, app_id))
    assert (served.status_code, served.content) == (200, PAGE["index.html"])
    assert served.headers["content-type"] == "text/html; charset=utf-8"


def test_the_apps_headers_are_sent_by_pattern_and_the_last_that_matches_wins(
    amplify: Any, app_id: str
) -> None:
    deploy(amplify, app_id, zipped(PAGE))
    page, script = get(origin(amplify, app_id)), get(f"{origin(amplify, app_id)}/assets/app.js")
    assert page.headers["cache-control"] == "no-cache"
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert page.headers["content-security-policy"] == "default-src 'self'"


def test_a_path_that_is_not_there_is_the_apps_own_404(amplify: Any, app_id: str) -> None:
    deploy(amplify, app_id, zipped(PAGE))
    served = get(f"{origin(amplify, app_id)}/nowhere")
    assert (served.status_code, served.content) == (404, PAGE["404.html"])


def test_a_rewrite_sends_every_path_of_a_single_page_app_to_its_index(amplify: Any, app_id: str) -> None:
    rule = {"source": "/<*>", "target": "/index.html", "status": "404-200"}
    amplify.update_app(appId=app_id, customRules=[rule])
    deploy(amplify, app_id, zipped(PAGE))
    served = get(f"{origin(amplify, app_id)}/stories/42")
    assert (served.status_code, served.content) == (200, PAGE["index.html"])


def test_the_next_deployment_takes_the_place_of_the_last(amplify: Any, app_id: str) -> None:
    deploy(amplify, app_id, zipped(PAGE))
    deploy(amplify, app_id, zipped({"index.html": b"new"}))
    assert get(origin(amplify, app_id)).content == b"new"
    assert get(f"{origin(amplify, app_id)}/assets/app.js").status_code == 404


def test_an_upload_url_takes_one_put(amplify: Any, app_id: str) -> None:
    url = amplify.create_deployment(appId=app_id, branchName="main")["zipUploadUrl"]
    assert httpx.get(url, trust_env=False).status_code == 403
    assert httpx.put(url, content=zipped(PAGE), trust_env=False).status_code == 200
    assert httpx.put(url, content=b"", trust_env=False).status_code == 403


@pytest.mark.parametrize(
    ("packed", "reason"),
    [
        (b"no zip at all", "not a zip file"),
        (zipped({"../outside.html": b"x"}), "leads out of it"),
        (zipped({"/etc/outside.html": b"x"}), "leads out of it"),
        (zipped({"a/..\\..\\outside.html": b"x"}), "leads out of it"),
    ],
)
def test_a_zip_that_cannot_be_unpacked_safely_fails_and_the_page_stays(
    amplify: Any, app_id: str, packed: bytes, reason: str
) -> None:
    deploy(amplify, app_id, zipped(PAGE))
    assert deploy(amplify, app_id, packed)[-1] == "FAILED"
    job = amplify.get_job(appId=app_id, branchName="main", jobId="2")["job"]
    assert reason in job["steps"][0]["statusReason"]
    assert get(origin(amplify, app_id)).content == PAGE["index.html"]


def test_a_zip_that_grows_beyond_bounds_is_not_unpacked(
    amplify: Any, app_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployments, "_MOST_UNPACKED", 1000)
    assert deploy(amplify, app_id, zipped({"index.html": b"a" * 1001}))[-1] == "FAILED"
    assert deploy(amplify, app_id, zipped({"index.html": b"a" * 1000}))[-1] == "SUCCEED"


def test_nothing_uploaded_is_a_failed_job(amplify: Any, app_id: str) -> None:
    job = amplify.create_deployment(appId=app_id, branchName="main")["jobId"]
    amplify.start_deployment(appId=app_id, branchName="main", jobId=job)
    assert wait(amplify, app_id, job)[-1] == "FAILED"


def test_one_deployment_at_a_time(amplify: Any, app_id: str) -> None:
    first = upload(amplify, app_id, zipped(PAGE))
    amplify.start_deployment(appId=app_id, branchName="main", jobId=first)
    with pytest.raises(ClientError) as error:
        amplify.create_deployment(appId=app_id, branchName="main")
    assert error.value.response["Error"]["Code"] == "LimitExceededException"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


@pytest.mark.parametrize(
    ("operation", "asked", "code", "status"),
    [
        ("get_app", {"appId": "d000"}, "NotFoundException", 404),
        ("get_branch", {"branchName": "nowhere"}, "NotFoundException", 404),
        ("get_job", {"branchName": "main", "jobId": "9"}, "NotFoundException", 404),
        ("create_branch", {"branchName": "main"}, "BadRequestException", 400),
        ("update_app", {"customHeaders": "- no headers"}, "BadRequestException", 400),
    ],
)
def test_what_is_not_there_or_wrong_has_the_services_own_error(
    amplify: Any, app_id: str, operation: str, asked: dict[str, Any], code: str, status: int
) -> None:
    with pytest.raises(ClientError) as error:
        getattr(amplify, operation)(**{"appId": app_id, **asked})
    told = error.value.response
    assert (told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)


def test_a_deleted_app_is_served_no_more(amplify: Any, app_id: str) -> None:
    deploy(amplify, app_id, zipped(PAGE))
    where = origin(amplify, app_id)
    amplify.delete_app(appId=app_id)
    with pytest.raises(httpx.ConnectError):
        get(where)
