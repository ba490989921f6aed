"""AWS IAM: moto's, and SimulatePrincipalPolicy, which moto lacks."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from starlette.requests import Request as Received
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local_aws import signing
from infra.local_aws.account import Account
from infra.local_aws.faults import Traffic
from infra.local_aws.options import Options
from infra.local_aws.proxy import forward
from infra.local_aws.service import serve
from infra.local_aws.wire import Request, ServiceError

_SIMULATE = "SimulatePrincipalPolicy"
_REFUSALS: Mapping[str, ServiceError] = {
    "throttle": ServiceError("Throttling", "Rate exceeded", status=400),
    "error500": ServiceError("ServiceFailure", "An internal error occurred", status=500),
    "error503": ServiceError("ServiceUnavailable", "The service is unavailable", status=503),
}
_UNSIGNED = {
    signing.MISSING: ServiceError("MissingAuthenticationToken", "Request is missing Authentication Token"),
    signing.UNKNOWN_KEY: ServiceError(
        "InvalidClientTokenId", "The security token included in the request is invalid."
    ),
}
_WRONG = ServiceError("SignatureDoesNotMatch", "The request signature we calculated does not match.")
_FORBIDDEN = 403


@dataclass(frozen=True)
class Iam:
    options: Options
    id: str = "iam"
    path: str = "/_iam"
    operations: frozenset[str] = frozenset({_SIMULATE})

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(_REFUSALS)

    def app(self, account: Account, traffic: Traffic) -> ASGIApp:
        return _Front(self.options, account, traffic)


@dataclass(frozen=True)
class _Front:
    options: Options
    account: Account
    traffic: Traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = Received({**scope, "raw_path": b"/"}, receive)  # as moto wants it
        request = Request(
            received.method, scope["raw_path"].decode(), "", dict(received.headers), await received.body()
        )
        asked = dict(parse_qsl(request.body.decode(), keep_blank_values=True))

        async def work() -> Response:
            if fault := signing.fault_of(request, request.headers.get("host", ""), self.account.keys):
                raise _UNSIGNED.get(fault, _WRONG)
            if asked.get("Action") == _SIMULATE:
                return _xml(_SIMULATE, _simulated(asked, self.options.denied))
            return await forward(received, self.account)

        await serve(
            asked.get("Action", "OtherIamOperation"),
            work,
            _refuse,
            _REFUSALS,
            self.traffic,
            scope,
            receive,
            send,
        )


def _simulated(asked: Mapping[str, str], denied: set[str]) -> str:
    """Each action with each resource: allowed, but for those that the options deny."""
    actions = [value for name, value in asked.items() if name.startswith("ActionNames.member.")]
    resources = [value for name, value in asked.items() if name.startswith("ResourceArns.member.")] or ["*"]
    results = "".join(
        f"<member><EvalActionName>{escape(action)}</EvalActionName>"
        f"<EvalResourceName>{escape(resource)}</EvalResourceName>"
        f"<EvalDecision>{'implicitDeny' if action in denied else 'allowed'}</EvalDecision>"
        "<MatchedStatements/><MissingContextValues/></member>"
        for action in actions
        for resource in resources
    )
    return f"<EvaluationResults>{results}</EvaluationResults><IsTruncated>false</IsTruncated>"


def _xml(operation: str, result: str) -> Response:
    """The query protocol's answer."""
    body = (
        f'<{operation}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        f"<{operation}Result>{result}</{operation}Result>"
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata></{operation}Response>"
    )
    return Response(body, 200, media_type="text/xml")


def _refuse(refusal: ServiceError) -> Response:
    body = (
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>'
        f"<Code>{escape(refusal.code)}</Code><Message>{escape(refusal.message)}</Message></Error>"
        f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    )
    return Response(body, refusal.status or _FORBIDDEN, media_type="text/xml")
