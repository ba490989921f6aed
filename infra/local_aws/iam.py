"""AWS IAM: moto's, and SimulatePrincipalPolicy, which moto lacks."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from starlette.responses import Response

from infra.local_aws import signing
from infra.local_aws.account import Account
from infra.local_aws.authorization import Need, Role
from infra.local_aws.forwarded import Forwarded
from infra.local_aws.wire import Request, ServiceError

_SIMULATE = "SimulatePrincipalPolicy"
_OTHER = "OtherIamOperation"
_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"


def _operation(request: Request) -> str:
    return _form(request).get("Action", _OTHER)


def _form(request: Request) -> Mapping[str, str]:
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


def _simulate(request: Request, account: Account) -> Response | None:
    """By the policies of the role of that name; whoever has none in the account may do everything."""
    form = _form(request)
    if form.get("Action") != _SIMULATE:
        return None
    actions = [value for name, value in form.items() if name.startswith("ActionNames.member.")]
    resources = [value for name, value in form.items() if name.startswith("ResourceArns.member.")] or ["*"]
    name = form.get("PolicySourceArn", "").rpartition("/")[2]
    role = next((role for role in account.roles.values() if role.name == name), None)
    results = "".join(
        f"<member><EvalActionName>{escape(action)}</EvalActionName>"
        f"<EvalResourceName>{escape(resource)}</EvalResourceName>"
        f"<EvalDecision>{_decision(role, (action, resource))}</EvalDecision>"
        "<MatchedStatements/><MissingContextValues/></member>"
        for action in actions
        for resource in resources
    )
    body = (
        f'<{_SIMULATE}Response xmlns="{_NAMESPACE}"><{_SIMULATE}Result>'
        f"<EvaluationResults>{results}</EvaluationResults><IsTruncated>false</IsTruncated>"
        f"</{_SIMULATE}Result><ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
        f"</{_SIMULATE}Response>"
    )
    return Response(body, 200, media_type="text/xml")


def _decision(role: Role | None, need: Need) -> str:
    return "allowed" if role is None or role.allows(need) else "implicitDeny"


def _refuse(refusal: ServiceError, _: Request) -> Response:
    body = (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>{escape(refusal.code)}</Code>'
        f"<Message>{escape(refusal.message)}</Message></Error><RequestId>{uuid.uuid4()}</RequestId>"
        "</ErrorResponse>"
    )
    return Response(body, refusal.status or 403, media_type="text/xml")


_WRONG = ServiceError("SignatureDoesNotMatch", "The request signature we calculated does not match.")

SERVICE = Forwarded(
    id="iam",
    path="/_iam",
    operations=frozenset({_SIMULATE}),
    refusals={
        "throttle": ServiceError("Throttling", "Rate exceeded", status=400),
        "error500": ServiceError("ServiceFailure", "An internal error occurred", status=500),
        "error503": ServiceError("ServiceUnavailable", "The service is unavailable", status=503),
    },
    unsigned={
        signing.MISSING: ServiceError(
            "MissingAuthenticationToken", "Request is missing Authentication Token"
        ),
        signing.UNKNOWN_KEY: ServiceError(
            "InvalidClientTokenId", "The security token included in the request is invalid."
        ),
        **dict.fromkeys((signing.WRONG, signing.EXPIRED, signing.OLD, signing.SKEWED), _WRONG),
    },
    operation_of=_operation,
    refuse=_refuse,
    own=_simulate,
    buffered=lambda _: True,
)
