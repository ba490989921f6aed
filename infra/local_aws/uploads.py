"""Where a deployment's zip is put: a URL that is good for one PUT and needs no signature."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local_aws.account import Account
from infra.local_aws.deployments import MOST_BYTES, Job
from infra.local_aws.faults import Traffic
from infra.local_aws.service import Service, serve
from infra.local_aws.wire import ServiceError

OPERATION = "PutDeploymentZip"
_PATH = "/uploads"
_REFUSALS: Mapping[str, ServiceError] = {
    "throttle": ServiceError("SlowDown", "Please reduce your request rate.", status=503),
    "error500": ServiceError("InternalError", "We encountered an internal error.", status=500),
    "error503": ServiceError("ServiceUnavailable", "Service is unable to handle request.", status=503),
}


@dataclass
class Uploads:
    """waiting: jobs by the secret part of their URL."""

    waiting: dict[str, Job] = field(default_factory=dict)

    def offer(self, job: Job) -> str:
        """The path, below Amplify's, that takes the job's zip."""
        token = uuid.uuid4().hex
        self.waiting[token] = job
        return f"{_PATH}/{token}"

    def app(self, traffic: Traffic) -> ASGIApp:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive)

            async def work() -> Response:
                return await self._put(request)

            await serve(OPERATION, work, _refuse, _REFUSALS, traffic, scope, receive, send)

        return app

    async def _put(self, request: Request) -> Response:
        token = request.url.path.rpartition("/")[2]
        if request.method != "PUT" or token not in self.waiting:
            raise ServiceError("AccessDenied", "The URL is not for this, or was used already.", status=403)
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BYTES:
                told = f"Your proposed upload exceeds the maximum allowed size of {MOST_BYTES} bytes"
                raise ServiceError("EntityTooLarge", told, status=400)
        job = self.waiting.pop(token, None)
        if job is None:
            raise ServiceError("AccessDenied", "The URL was used already.", status=403)
        job.zip = bytes(body)
        return Response(b"", 200)


@dataclass(frozen=True)
class Uploading:
    """Amplify with the uploads below its own path."""

    service: Service
    uploads: Uploads

    @property
    def id(self) -> str:
        return self.service.id

    @property
    def path(self) -> str:
        return self.service.path

    @property
    def operations(self) -> frozenset[str]:
        return self.service.operations | {OPERATION}

    @property
    def kinds(self) -> frozenset[str]:
        return self.service.kinds & frozenset(_REFUSALS)

    def app(self, account: Account, traffic: Traffic) -> ASGIApp:
        operations, uploads = self.service.app(account, traffic), self.uploads.app(traffic)
        below = f"{self.path}{_PATH}/"

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            chosen = uploads if scope["path"].startswith(below) else operations
            await chosen(scope, receive, send)

        return app


def _refuse(refusal: ServiceError) -> Response:
    body = f"<Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
    return Response(body, refusal.status or 400, media_type="application/xml")
