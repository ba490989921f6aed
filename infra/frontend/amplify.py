"""Deploys to Amplify Hosting without a Git provider: an app a stage, as an app's headers name its API."""
# ruff: noqa: T201 - progress of a command

from __future__ import annotations

import sys
import time
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from infra.stack import RefusedError, stack_name

_OVER = frozenset({"SUCCEED", "FAILED", "CANCELLED"})
_POLL_SECONDS, _POLLS = 2.0, 300
_UPLOAD_SECONDS = 120.0


def report(text: str) -> None:
    """Progress and errors; stdout has the page's address alone."""
    print(text, file=sys.stderr, flush=True)


def find(client: Any, name: str) -> dict[str, Any] | None:
    """The app of that name. Raises RefusedError: there are several, or a repository deploys it."""
    pages = client.get_paginator("list_apps").paginate()
    apps = [app for page in pages for app in page["apps"] if app["name"] == name]
    if len(apps) > 1:
        ids = ", ".join(app["appId"] for app in apps)
        raise RefusedError(f"{len(apps)} Amplify apps are called {name} ({ids}): delete all but one.")
    if apps and (repository := apps[0].get("repository")):
        raise RefusedError(f"The Amplify app {name} is connected to {repository}: a push deploys it.")
    return apps[0] if apps else None


def deploy(client: Any, stage: str, zip_file: bytes, headers: str) -> str:
    """The page's address once it is served. Raises RefusedError, and botocore's errors.

    After any of them a second run goes on: it uses what exists, and cancels a deployment that is not over,
    because that blocks the branch.
    """
    app = _app(client, stage, headers)
    branch = {"appId": app["appId"], "branchName": stage}
    domains = _domains(client, branch)
    for job in client.list_jobs(**branch)["jobSummaries"]:
        if job["status"] not in _OVER:
            report(f"Cancelling the earlier deployment {job['jobId']}")
            client.stop_job(**branch, jobId=job["jobId"])
            _wait(client, {**branch, "jobId": job["jobId"]})
    created = client.create_deployment(**branch)
    deployment = {**branch, "jobId": created["jobId"]}
    report(f"Deployment {created['jobId']}: uploading {len(zip_file) / 1000:.0f} kB")
    _upload(created["zipUploadUrl"], zip_file)
    client.start_deployment(**deployment)
    status, reason = _wait(client, deployment)
    if status != "SUCCEED":
        raise RefusedError(
            f"Deployment {created['jobId']} of {app['name']} ended as {status}: "
            f"{reason or 'Amplify gives no reason'}. The page that was served before still is."
        )
    return f"https://{[*domains, f'{stage}.' + app['defaultDomain']][0]}"


def _app(client: Any, stage: str, headers: str) -> dict[str, Any]:
    name = stack_name(stage)
    if app := find(client, name):
        client.update_app(appId=app["appId"], customHeaders=headers)  # sent from the next deployment on
        return app
    tags = {"project": "mvp-stories", "stage": stage}
    return dict(client.create_app(name=name, platform="WEB", customHeaders=headers, tags=tags)["app"])


def _domains(client: Any, branch: dict[str, str]) -> list[str]:
    """The custom domains of the stage's branch, which is created where it does not exist."""
    try:
        response = client.get_branch(**branch)
    except client.exceptions.NotFoundException:
        response = client.create_branch(**branch, enableAutoBuild=False)
    return list(response["branch"]["customDomains"])


def _upload(url: str, body: bytes) -> None:
    """Raises RefusedError without the URL in it, because the URL is a permission to write."""
    request = Request(url, body, {"Content-Type": "application/zip"}, method="PUT")  # noqa: S310
    try:
        urlopen(request, timeout=_UPLOAD_SECONDS).close()  # noqa: S310 - the URL is Amplify's own
        return
    except HTTPError as error:
        error.close()
        problem = str(error.code)
    except (OSError, HTTPException) as error:
        problem = type(error).__name__
    raise RefusedError(f"The upload to Amplify failed ({problem}): run it again.")


def _wait(client: Any, job: dict[str, str]) -> tuple[str, str]:
    """A deployment's final status, and its steps' reasons. Raises RefusedError: none in ten minutes."""
    status = ""
    for _ in range(_POLLS):
        details = client.get_job(**job)["job"]
        before, status = status, details["summary"]["status"]
        if status != before:
            report(f"Deployment {job['jobId']}: {status}")
        if status in _OVER:
            reasons = [step["statusReason"] for step in details["steps"] if step.get("statusReason")]
            return status, "; ".join(reasons).rstrip(".")
        time.sleep(_POLL_SECONDS)
    raise RefusedError(f"Deployment {job['jobId']} is still {status}: Amplify's console shows more.")
