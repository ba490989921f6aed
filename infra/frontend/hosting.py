"""Deploys to Amplify Hosting without a Git provider: an app a stage, as an app's headers name its API."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.request import Request, urlopen

from botocore.config import Config
from botocore.exceptions import ClientError

from infra.frontend.backend import is_loopback
from infra.stack import RefusedError, stack_name

App = dict[str, Any]
_STAGES = {"dev": "DEVELOPMENT", "prod": "PRODUCTION"}
_NOT_STARTED = frozenset({"CREATED", "PENDING"})
_OVER = frozenset({"SUCCEED", "FAILED", "CANCELLED"})
_POLL_SECONDS = 2.0
_GRACE_SECONDS = 30.0  # after which a deployment that is not started counts as abandoned
_UPLOAD_TRIES = 4
_UPLOAD_SECONDS = 120.0


@dataclass(frozen=True)
class Hosting:
    """One stage's app and branch. report: receives lines of progress. patience: seconds for a deployment.

    creator: a client that sends each request once. A second CreateApp, sent because the first response was
    lost, would make a second app.
    """

    client: Any
    creator: Any
    stage: str
    report: Callable[[str], None]
    patience: float = 600.0
    sleep: Callable[[float], None] = time.sleep

    @classmethod
    def of(cls, session: Any, stage: str, report: Callable[[str], None], patience: float = 600.0) -> Hosting:
        retrying, once = (Config(retries={"mode": "standard", "total_max_attempts": n}) for n in (5, 1))
        client, creator = session.client("amplify", config=retrying), session.client("amplify", config=once)
        return cls(client, creator, stage, report, patience)

    @property
    def name(self) -> str:
        return stack_name(self.stage)

    def deploy(self, zip_file: bytes, headers: str) -> str:
        """The page's address once it is served. Raises RefusedError; a second run continues."""
        branch = {"appId": self._ensure_app(headers)["appId"], "branchName": self.stage}
        self._ensure_branch(branch)
        job = self._create_deployment(branch)
        self.report(f"Deployment {job['jobId']}: uploading {len(zip_file) / 1000:.0f} kB")
        upload(job["zipUploadUrl"], zip_file, self.sleep)
        self.client.start_deployment(**branch, jobId=job["jobId"])
        self._finish(branch, job["jobId"])
        return self._address(branch)

    def find(self) -> App | None:
        """The stage's app. Raises RefusedError: several of that name, or one that a repository deploys."""
        pages = self.client.get_paginator("list_apps").paginate()
        apps = [app for page in pages for app in page["apps"] if app["name"] == self.name]
        if len(apps) > 1:
            ids = ", ".join(app["appId"] for app in apps)
            raise RefusedError(
                f"{len(apps)} Amplify apps are called {self.name} ({ids}): delete all but one."
            )
        if apps and (repository := apps[0].get("repository")):
            raise RefusedError(
                f"The Amplify app {self.name} is connected to {repository}: a push deploys it."
            )
        return apps[0] if apps else None

    def delete(self, app: App) -> None:
        self.client.delete_app(appId=app["appId"])

    def _ensure_app(self, headers: str) -> App:
        app = self.find()
        if app is None:
            self.report(f"Creating the Amplify app {self.name}")
            tags = {"project": "mvp-stories", "stage": self.stage}
            created = self.creator.create_app(
                name=self.name, platform="WEB", customHeaders=headers, tags=tags
            )
            return dict(created["app"])
        if app.get("customHeaders", "") != headers:
            self.report("Updating the headers")  # Amplify sends them from the next deployment on
            self.client.update_app(appId=app["appId"], customHeaders=headers)
        return app

    def _ensure_branch(self, branch: dict[str, str]) -> None:
        try:
            self.client.get_branch(**branch)
        except self.client.exceptions.NotFoundException:
            self.client.create_branch(**branch, stage=_STAGES[self.stage], enableAutoBuild=False)

    def _create_deployment(self, branch: dict[str, str]) -> dict[str, str]:
        """jobId and zipUploadUrl. Amplify creates none while another deployment of the branch is not over."""
        try:
            return dict(self.client.create_deployment(**branch))
        except ClientError:
            jobs = self.client.list_jobs(**branch)["jobSummaries"]
            unfinished = [job["jobId"] for job in jobs if job["status"] not in _OVER]
            if not unfinished:
                raise
        for job_id in unfinished:
            self._wait_for_earlier(branch, job_id)
        return dict(self.client.create_deployment(**branch))

    def _wait_for_earlier(self, branch: dict[str, str], job_id: str) -> None:
        """A deployment that stays PENDING was never started, as its run was interrupted: it is cancelled."""
        self.report(f"Waiting for the earlier deployment {job_id}")
        status, _ = self._poll(branch, job_id, lambda status: status not in _NOT_STARTED, _GRACE_SECONDS)
        if status in _NOT_STARTED:
            self.report(f"Deployment {job_id} was never started: cancelling it")
            self.client.stop_job(**branch, jobId=job_id)
        self._wait(branch, job_id)

    def _finish(self, branch: dict[str, str], job_id: str) -> None:
        status, reason = self._wait(branch, job_id)
        if status != "SUCCEED":
            raise RefusedError(
                f"Deployment {job_id} of {self.name} ended as {status}: "
                f"{reason or 'Amplify gives no reason'}. The page that was served before still is."
            )

    def _wait(self, branch: dict[str, str], job_id: str) -> tuple[str, str]:
        """The final status and its reason. Raises RefusedError: none within the patience."""
        status, reason = self._poll(branch, job_id, _OVER.__contains__, self.patience)
        if status not in _OVER:
            raise RefusedError(
                f"Deployment {job_id} of {self.name} is still {status} after {self.patience:g} s: "
                "run it again, which waits for it; Amplify's console shows more."
            )
        return status, reason

    def _poll(
        self, branch: dict[str, str], job_id: str, reached: Callable[[str], bool], seconds: float
    ) -> tuple[str, str]:
        """The job's status, once `reached` or after `seconds`, and the reasons that its steps give."""
        before = ""
        for remaining in range(int(seconds / _POLL_SECONDS), -1, -1):
            job = self.client.get_job(**branch, jobId=job_id)["job"]
            status = job["summary"]["status"]
            if status != before:
                self.report(f"Deployment {job_id}: {status}")
            if reached(status) or not remaining:
                break
            before = status
            self.sleep(_POLL_SECONDS)
        reasons = [step["statusReason"] for step in job["steps"] if step.get("statusReason")]
        return status, "; ".join(reasons).rstrip(".")

    def _address(self, branch: dict[str, str]) -> str:
        """The branch's custom domain, else its amplifyapp.com name."""
        details = self.client.get_branch(**branch)["branch"]
        if domains := details.get("customDomains"):
            return f"{'http' if is_loopback(domains[0].partition(':')[0]) else 'https'}://{domains[0]}"
        app = self.client.get_app(appId=branch["appId"])["app"]
        return f"https://{details['displayName']}.{app['defaultDomain']}"


def upload(url: str, body: bytes, sleep: Callable[[float], None] = time.sleep) -> None:
    """PUTs a zip to a URL that Amplify signed; tries again where the network or the store fails.

    Raises RefusedError without the URL in it, because the URL is a permission to write.
    """
    for attempt in range(_UPLOAD_TRIES):
        try:
            request = Request(url, body, {"Content-Type": "application/zip"}, method="PUT")  # noqa: S310
            with urlopen(request, timeout=_UPLOAD_SECONDS):  # noqa: S310 - the URL is Amplify's own
                return
        except (OSError, HTTPException) as error:
            status = getattr(error, "code", 503)
            problem = f"{status} {getattr(error, 'reason', type(error).__name__)}"
        if status < 500 and status != 429:
            break
        if attempt < _UPLOAD_TRIES - 1:
            sleep(2.0**attempt)
    raise RefusedError(f"The page could not be uploaded to Amplify ({problem}): run it again.")
