"""AWS Amplify Hosting: apps, branches and deployments by zip, served on loopback.

A branch's `customDomains` names where it is served ("127.0.0.1:port", plain HTTP): its amplifyapp.com name
leads nowhere.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from infra.local_aws.account import Account
from infra.local_aws.deployments import SUCCEED, Job
from infra.local_aws.options import Options
from infra.local_aws.service import Call, Mounted, Service
from infra.local_aws.sites import Published, Site, custom_headers
from infra.local_aws.uploads import Uploading, Uploads
from infra.local_aws.wire import Params, ServiceError

_APP = (
    "name description platform iamServiceRoleArn environmentVariables customRules buildSpec customHeaders "
    "tags"
).split()
_BRANCH = "branchName description stage framework environmentVariables displayName tags buildSpec".split()


@dataclass
class Branch:
    told: Params
    site: Site
    jobs: list[Job] = field(default_factory=list)


@dataclass
class App:
    told: Params
    branches: dict[str, Branch] = field(default_factory=dict)


@dataclass
class Amplify:
    options: Options
    apps: dict[str, App] = field(default_factory=dict)
    uploads: Uploads = field(default_factory=Uploads)

    def __post_init__(self) -> None:
        self.options.ending.callback(self.close)

    @property
    def service(self) -> Mounted:
        service = Service(
            id="amplify",
            handlers={
                "CreateApp": self.create_app,
                "GetApp": self.get_app,
                "UpdateApp": self.update_app,
                "ListApps": self.list_apps,
                "DeleteApp": self.delete_app,
                "CreateBranch": self.create_branch,
                "GetBranch": self.get_branch,
                "ListBranches": self.list_branches,
                "CreateDeployment": self.create_deployment,
                "StartDeployment": self.start_deployment,
                "GetJob": self.get_job,
                "ListJobs": self.list_jobs,
            },
            refusals={
                "throttle": ServiceError("ThrottlingException", "Rate exceeded", {}, 429),
                "error500": ServiceError("InternalFailureException", "An internal failure occurred"),
                "error503": ServiceError("DependentServiceFailureException", "A dependency failed"),
            },
            invalid="BadRequestException",
        )
        return Uploading(service, self.uploads)

    def close(self) -> None:
        for app in self.apps.values():
            for branch in app.branches.values():
                branch.site.close()
        self.apps.clear()

    def create_app(self, call: Call) -> Params:
        asked, now, app_id = call.params, datetime.now(UTC), f"d{uuid.uuid4().hex[:13]}"
        _check_headers(asked)
        defaults = {"description": "", "environmentVariables": {}, "platform": "WEB"}
        told = {
            **defaults,
            **_kept(asked, _APP),
            "appId": app_id,
            "appArn": _arn(call.account, f"apps/{app_id}"),
            "repository": asked.get("repository", ""),
            "defaultDomain": f"{app_id}.amplifyapp.com",
            "createTime": now,
            "updateTime": now,
            "enableBranchAutoBuild": False,
            "enableBasicAuth": False,
        }
        self.apps[app_id] = App(told)
        return {"app": told}

    def get_app(self, call: Call) -> Params:
        return {"app": self._app(call).told}

    def update_app(self, call: Call) -> Params:
        app = self._app(call)
        _check_headers(call.params)
        app.told = {**app.told, **_kept(call.params, _APP), "updateTime": datetime.now(UTC)}
        return {"app": app.told}

    def list_apps(self, call: Call) -> Params:
        return {"apps": [app.told for app in self.apps.values()]}

    def delete_app(self, call: Call) -> Params:
        app = self._app(call)
        del self.apps[app.told["appId"]]
        for branch in app.branches.values():
            branch.site.close()
        return {"app": app.told}

    def create_branch(self, call: Call) -> Params:
        app, name, now = self._app(call), call.params["branchName"], datetime.now(UTC)
        if name in app.branches:
            raise ServiceError("BadRequestException", f"The branch {name} already exists.")
        jobs: list[Job] = []
        site = Site(lambda: _published(app, jobs))
        defaults = {"description": "", "stage": "NONE", "framework": "", "environmentVariables": {}}
        told = {
            **defaults,
            **_kept(call.params, _BRANCH),
            "branchArn": _arn(call.account, f"apps/{app.told['appId']}/branches/{name}"),
            "displayName": call.params.get("displayName", name.replace("/", "-")),
            "enableNotification": False,
            "enableAutoBuild": False,
            "createTime": now,
            "updateTime": now,
            "customDomains": [site.domain],
            "enableBasicAuth": False,
            "ttl": "5",
            "enablePullRequestPreview": False,
        }
        app.branches[name] = Branch(told, site, jobs)
        return {"branch": _branch(app.branches[name])}

    def get_branch(self, call: Call) -> Params:
        return {"branch": _branch(self._branch(call))}

    def list_branches(self, call: Call) -> Params:
        return {"branches": [_branch(one) for one in self._app(call).branches.values()]}

    def create_deployment(self, call: Call) -> Params:
        branch = self._branch(call)
        _check_idle(branch)
        number = str(len(branch.jobs) + 1)
        job = Job(f"{branch.told['branchArn']}/jobs/{number.zfill(10)}", number)
        branch.jobs.append(job)
        url = f"{call.account.url('amplify')}{self.uploads.offer(job)}"
        return {"jobId": number, "fileUploadUrls": {}, "zipUploadUrl": url}

    def start_deployment(self, call: Call) -> Params:
        branch = self._branch(call)
        if "jobId" not in call.params:
            told = "The local AWS deploys what was uploaded after CreateDeployment alone: give its jobId."
            raise ServiceError("BadRequestException", told)
        job = self._job(call, branch)
        if job.began is not None:
            raise ServiceError("BadRequestException", f"The job {job.id} was started already.")
        _check_idle(branch)
        job.start(self.options.amplify_delay)
        return {"jobSummary": job.summary}

    def get_job(self, call: Call) -> Params:
        return {"job": self._job(call, self._branch(call)).told}

    def list_jobs(self, call: Call) -> Params:
        return {"jobSummaries": [job.summary for job in reversed(self._branch(call).jobs)]}

    def _app(self, call: Call) -> App:
        app = self.apps.get(call.params["appId"])
        if app is None:
            raise ServiceError("NotFoundException", f"App {call.params['appId']} not found.")
        return app

    def _branch(self, call: Call) -> Branch:
        branch = self._app(call).branches.get(call.params["branchName"])
        if branch is None:
            raise ServiceError("NotFoundException", f"Branch {call.params['branchName']} not found.")
        return branch

    def _job(self, call: Call, branch: Branch) -> Job:
        found = next((job for job in branch.jobs if job.id == call.params["jobId"]), None)
        if found is None:
            raise ServiceError("NotFoundException", f"Job {call.params['jobId']} not found.")
        return found


def _published(app: App, jobs: list[Job]) -> Published:
    """The newest deployment that succeeded."""
    done = next((job for job in reversed(jobs) if job.status == SUCCEED), None)
    return Published(
        (done.files if done else None) or {},
        custom_headers(app.told.get("customHeaders", "")),
        tuple(app.told.get("customRules", [])),
    )


def _branch(branch: Branch) -> Params:
    newest = branch.jobs[-1].id if branch.jobs else ""
    return {**branch.told, "activeJobId": newest, "totalNumberOfJobs": str(len(branch.jobs))}


def _check_idle(branch: Branch) -> None:
    going = next((job for job in branch.jobs if job.began is not None and not job.over), None)
    if going:
        raise ServiceError("LimitExceededException", f"The last job {going.id} was not finished.")


def _check_headers(asked: Params) -> None:
    try:
        custom_headers(asked.get("customHeaders", ""))
    except ValueError as error:
        raise ServiceError("BadRequestException", f"Invalid customHeaders: {error}") from error


def _kept(asked: Params, names: list[str]) -> Mapping[str, Any]:
    return {name: asked[name] for name in names if name in asked}


def _arn(account: Account, what: str) -> str:
    return f"arn:aws:amplify:{account.region}:{account.id}:{what}"
