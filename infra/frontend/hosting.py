"""Amplify Hosting without a Git provider: an app a stage, for headers are an app's and name a stage's API."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from infra.frontend.backend import is_loopback
from infra.frontend.upload import put
from infra.stack import RefusedError, stack_of

App = dict[str, Any]
_KINDS = {"dev": "DEVELOPMENT", "prod": "PRODUCTION"}
_WAITING = frozenset({"CREATED", "PENDING"})
_OVER = frozenset({"SUCCEED", "FAILED", "CANCELLED"})
_STATUSES = _OVER | _WAITING | {"PROVISIONING", "RUNNING", "CANCELLING"}


@dataclass(frozen=True)
class Pace:
    """Seconds: between two looks at a job, for a job in all, and for one that may never have been started."""

    look: float = 2.0
    patience: float = 600.0
    grace: float = 30.0


@dataclass(frozen=True)
class Hosting:
    """say: hears of progress. The branch has the stage's name, the app its stack's."""

    client: Any
    creator: Any
    stage: str
    say: Callable[[str], None]
    pace: Pace = Pace()

    @classmethod
    def of(cls, session: Any, stage: str, say: Callable[[str], None], pace: Pace) -> Hosting:
        """A lost answer to CreateApp is not asked for again by the SDK: it would make a second app."""
        retried = Config(retries={"mode": "standard", "total_max_attempts": 5})
        once = Config(retries={"total_max_attempts": 1})
        client, creator = (session.client("amplify", config=config) for config in (retried, once))
        return cls(client, creator, stage, say, pace)

    @property
    def name(self) -> str:
        return stack_of(self.stage)

    def deploy(self, packed: bytes, headers: str) -> str:
        """The page's address, once it is served. Raises RefusedError: it is not; run again, it goes on."""
        app_id = self._app(headers)["appId"]
        self._branch(app_id)
        opened = self._opened(app_id)
        self.say(f"Deployment {opened['jobId']}: uploading {len(packed) / 1000:.0f} kB")
        put(opened["zipUploadUrl"], packed)
        self.client.start_deployment(appId=app_id, branchName=self.stage, jobId=opened["jobId"])
        self._succeeded(app_id, opened["jobId"])
        return self.address(app_id)

    def found(self) -> App | None:
        """The stage's app. Raises RefusedError: it is not ours alone to change."""
        pages = self.client.get_paginator("list_apps").paginate()
        apps = [app for page in pages for app in _member(page, "apps") if app["name"] == self.name]
        if len(apps) > 1:
            ids = ", ".join(app["appId"] for app in apps)
            raise RefusedError(
                f"{len(apps)} Amplify apps are called {self.name} ({ids}): delete all but one."
            )
        if apps and apps[0].get("repository"):
            where = apps[0]["repository"]
            raise RefusedError(f"The Amplify app {self.name} is connected to {where}: a push deploys it.")
        return dict(apps[0]) if apps else None

    def address(self, app_id: str) -> str:
        """A domain of your own where the branch has one."""
        branch = _member(self.client.get_branch(appId=app_id, branchName=self.stage), "branch")
        domains = branch.get("customDomains") or []
        if domains:
            scheme = "http" if is_loopback(domains[0].partition(":")[0]) else "https"
            return f"{scheme}://{domains[0]}"
        app = _member(self.client.get_app(appId=app_id), "app")
        return f"https://{branch['displayName']}.{app['defaultDomain']}"

    def delete(self, app: App) -> None:
        self.client.delete_app(appId=app["appId"])

    def _app(self, headers: str) -> App:
        app = self.found()
        if app is None:
            self.say(f"Making the Amplify app {self.name}")
            tags = {"project": "mvp-stories", "stage": self.stage}
            made = self.creator.create_app(name=self.name, platform="WEB", customHeaders=headers, tags=tags)
            return dict(_member(made, "app"))
        if app.get("customHeaders", "") != headers:
            # Amplify sends them from the next deployment on, which follows.
            self.say("The headers changed")
            self.client.update_app(appId=app["appId"], customHeaders=headers)
        return app

    def _branch(self, app_id: str) -> None:
        try:
            self.client.get_branch(appId=app_id, branchName=self.stage)
        except self.client.exceptions.NotFoundException:
            kind = _KINDS[self.stage]
            self.client.create_branch(appId=app_id, branchName=self.stage, stage=kind, enableAutoBuild=False)

    def _opened(self, app_id: str) -> dict[str, str]:
        """jobId and zipUploadUrl. Amplify opens none while another deployment of the branch is not over."""
        try:
            return self._open(app_id)
        except ClientError:
            jobs = self.client.list_jobs(appId=app_id, branchName=self.stage)
            left = [job["jobId"] for job in _member(jobs, "jobSummaries") if job["status"] not in _OVER]
            if not left:
                raise
        for job_id in left:
            self._end(app_id, job_id)
        return self._open(app_id)

    def _open(self, app_id: str) -> dict[str, str]:
        opened = self.client.create_deployment(appId=app_id, branchName=self.stage)
        return {name: _member(opened, name) for name in ("jobId", "zipUploadUrl")}

    def _end(self, app_id: str, job_id: str) -> None:
        """Waits for a deployment of before. One that stays PENDING was never started: its run was cut off."""
        self.say(f"Deployment {job_id} of before is not over: waiting for it")
        if self._watched(app_id, job_id, _STATUSES - _WAITING, self.pace.grace)[0] in _WAITING:
            self.say(f"Deployment {job_id} was never started: it is cancelled")
            self.client.stop_job(appId=app_id, branchName=self.stage, jobId=job_id)
        self._over(app_id, job_id)

    def _succeeded(self, app_id: str, job_id: str) -> None:
        status, reason = self._over(app_id, job_id)
        if status != "SUCCEED":
            why = reason or "Amplify says no reason"
            raise RefusedError(
                f"Deployment {job_id} of {self.name} ended as {status}: {why}. "
                "What was served before still is."
            )

    def _over(self, app_id: str, job_id: str) -> tuple[str, str]:
        status, reason = self._watched(app_id, job_id, _OVER, self.pace.patience)
        if status not in _OVER:
            raise RefusedError(
                f"Deployment {job_id} of {self.name} is still {status} after {self.pace.patience:g} s: "
                "run it again, which waits for it; Amplify's console shows more."
            )
        return status, reason

    def _watched(self, app_id: str, job_id: str, until: frozenset[str], seconds: float) -> tuple[str, str]:
        """The job's status, when it is one of `until` or the time is over, and the reason for it."""
        limit, before = time.monotonic() + seconds, ""
        while True:
            job = _member(self.client.get_job(appId=app_id, branchName=self.stage, jobId=job_id), "job")
            status = job["summary"]["status"]
            if status != before:
                self.say(f"Deployment {job_id}: {status}")
            if status in until or time.monotonic() >= limit:
                reasons = [step["statusReason"] for step in job["steps"] if step.get("statusReason")]
                return status, "; ".join(reasons).rstrip(".")
            before = status
            time.sleep(self.pace.look)


def _member(answer: Mapping[str, Any], name: str) -> Any:
    """Of an answer that broke off, botocore makes one without members. Raises RefusedError."""
    if name not in answer:
        raise RefusedError("Amplify's answer broke off: run it again, it goes on from here.")
    return answer[name]
