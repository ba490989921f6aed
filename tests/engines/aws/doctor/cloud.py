"""A healthy account, and one problem at a time; replies are checked against botocore's model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from types import MappingProxyType
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.validate import ParamValidator

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.doctor import examine
from pipeline.engines.aws.voices import PollyVoice, Table
from pipeline.types import Finding

REGION = "eu-west-1"
BUCKET = "stories-of-ours"
ENDPOINT = "Stories-Falcon"
NUMBER = "111122223333"
SESSION = f"arn:aws:sts::{NUMBER}:assumed-role/Studio/a.caller@example.org"
ROLE = f"arn:aws:iam::{NUMBER}:role/service-role/Studio"
MODEL, PROFILE = "amazon.nova-lite-v1:0", "eu.amazon.nova-lite-v1:0"
REGIONS = (REGION, "eu-central-1")
PROFILE_ARN = f"arn:aws:bedrock:{REGION}:{NUMBER}:inference-profile/{PROFILE}"
AVAILABLE: dict[str, Any] = {
    "modelId": MODEL,
    "agreementAvailability": {"status": "AVAILABLE"},
    "authorizationStatus": "AUTHORIZED",
    "entitlementAvailability": "AVAILABLE",
    "regionAvailability": "AVAILABLE",
}
OF_BUCKET = ["bucket private", "bucket encrypted", "bucket region", "bucket writable"]
FIRST = ["region", "services", "credentials", "endpoint", "bucket"]
NAMES = [*FIRST, *OF_BUCKET, "voices", "permissions", "clock"]
TABLE = Table(
    "2026-11",
    {"en": "Joanna", "nl": "Laura"},
    (
        PollyVoice("Joanna", "en-US", ("neural", "standard")),
        PollyVoice("Laura", "nl-NL", ("neural",)),
        PollyVoice("Lotte", "nl-NL", ("standard",)),
    ),
)
FOUR = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@dataclass(frozen=True)
class Refusal:
    """An error reply of a service."""

    code: str
    status: int = 400
    message: str = "no"
    late: float = 0.0  # seconds by which its Date differs from this clock


Reply = Mapping[str, Any] | Refusal | Exception | Callable[[Mapping[str, Any]], Mapping[str, Any]]


def voices(*rows: tuple[str, str, list[str]]) -> dict[str, Any]:
    return {"Voices": [{"Id": i, "LanguageCode": c, "SupportedEngines": list(e)} for i, c, e in rows]}


def described(status: str, **more: Any) -> dict[str, Any]:
    then = datetime.now(UTC) - timedelta(minutes=3, seconds=30)
    return {
        "EndpointName": ENDPOINT,
        "EndpointArn": f"arn:aws:sagemaker:{REGION}:{NUMBER}:endpoint/stories-falcon",
        "EndpointStatus": status,
        "CreationTime": then,
        "LastModifiedTime": then,
        **more,
    }


def allowing(request: Mapping[str, Any], denied: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """IAM's reply: all is allowed but the denied actions, each on resources that end so."""

    def decision(action: str, resource: str) -> str:
        return "implicitDeny" if action in denied and resource.endswith(denied[action]) else "allowed"

    return {
        "EvaluationResults": [
            {
                "EvalActionName": action,
                "EvalDecision": "implicitDeny" if action in denied else "allowed",
                "ResourceSpecificResults": [
                    {"EvalResourceName": arn, "EvalResourceDecision": decision(action, arn)}
                    for arn in request["ResourceArns"]
                ],
            }
            for action in request["ActionNames"]
        ]
    }


HEALTHY: dict[str, Reply] = {
    "GetCallerIdentity": {
        "UserId": "AROAXXXXXXXXXXXXXXXXX:a.caller@example.org",
        "Account": NUMBER,
        "Arn": SESSION,
    },
    "DescribeEndpoint": described("InService"),
    "GetInferenceProfile": {
        "inferenceProfileName": "EU Nova Lite",
        "inferenceProfileArn": PROFILE_ARN,
        "inferenceProfileId": PROFILE,
        "models": [{"modelArn": f"arn:aws:bedrock:{region}::foundation-model/{MODEL}"} for region in REGIONS],
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    },
    "GetFoundationModel": {
        "modelDetails": {
            "modelArn": f"arn:aws:bedrock:{REGION}::foundation-model/{MODEL}",
            "modelId": MODEL,
            "inferenceTypesSupported": ["ON_DEMAND"],
        }
    },
    "GetFoundationModelAvailability": AVAILABLE,
    "HeadBucket": {"BucketRegion": REGION},
    "GetPublicAccessBlock": {"PublicAccessBlockConfiguration": dict.fromkeys(FOUR, True)},
    "GetBucketPolicyStatus": {"PolicyStatus": {"IsPublic": False}},
    "GetBucketEncryption": {
        "ServerSideEncryptionConfiguration": {
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        }
    },
    "PutObject": {},
    "DescribeVoices": voices(
        ("Joanna", "en-US", ["neural", "standard"]),
        ("Laura", "nl-NL", ["neural"]),
        ("Lotte", "nl-NL", ["standard"]),
    ),
    "GetRole": {
        "Role": {
            "Path": "/service-role/",
            "RoleName": "Studio",
            "RoleId": "AROAXXXXXXXXXXXXXXXXX",
            "Arn": ROLE,
            "CreateDate": datetime.now(UTC),
        }
    },
    "SimulatePrincipalPolicy": allowing,
}


@dataclass
class Cloud(Clients):
    """Real clients whose calls never leave. calls: operation and parameters, in order."""

    replies: Mapping[str, Reply]
    late: float = 0.0
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def get(self, service: str) -> Any:
        client = _client(service)
        for event, handler in (("before-parameter-build", self._note), ("before-call", self._reply)):
            client.meta.events.unregister(event, unique_id=event)
            client.meta.events.register(event, handler, unique_id=event)
        return client

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.calls]

    def params(self, operation: str) -> list[dict[str, Any]]:
        return [params for name, params in self.calls if name == operation]

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append((model.name, dict(params)))

    def _reply(self, model: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        reply = self.replies[model.name]
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, Refusal):
            return _response(
                reply.status, {"Error": {"Code": reply.code, "Message": reply.message}}, reply.late
            )
        body = dict(reply(self.calls[-1][1]) if callable(reply) else reply)
        report = ParamValidator().validate(body, model.output_shape)
        assert not report.has_errors(), report.generate_report()
        return _response(200, body, self.late)


@cache
def _client(service: str) -> Any:
    """Made once: reading the models takes most of a second."""
    return boto3.client(service, region_name=REGION, config=Config(signature_version=UNSIGNED))


def _response(status: int, body: dict[str, Any], late: float) -> tuple[AWSResponse, dict[str, Any]]:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=late), usegmt=True)
    meta = {"HTTPStatusCode": status, "HTTPHeaders": {"date": date}, "RequestId": "1"}
    return AWSResponse(None, status, {}, None), {**body, "ResponseMetadata": meta}


def cloud(late: float = 0.0, **other: Reply) -> Cloud:
    return Cloud({**HEALTHY, **other}, late)


def examined(
    clients: Clients, endpoint: str = ENDPOINT, bucket: str = BUCKET, table: Table = TABLE
) -> dict[str, Finding]:
    """All findings by name; each is well-formed."""
    findings = list(map(checked, examine(clients, endpoint, bucket, table)))
    assert [finding.name for finding in findings] == NAMES
    return {finding.name: finding for finding in findings}


def checked(finding: Finding) -> Finding:
    """The finding itself, which is well-formed."""
    assert finding.summary
    assert bool(finding.todo) is (finding.passed is not True), finding
    assert finding.summary.startswith("not checked") is (finding.passed is None), finding
    assert "\n" not in finding.summary + finding.todo
    return finding


def finding_of(
    name: str, clients: Clients, endpoint: str = ENDPOINT, bucket: str = BUCKET, table: Table = TABLE
) -> Finding:
    """That finding: the examination goes no further."""
    return next(checked(each) for each in examine(clients, endpoint, bucket, table) if each.name == name)


def words_of(finding: Finding) -> str:
    return f"{finding.summary} {finding.todo}"


def states(findings: Mapping[str, Finding], *names: str) -> set[bool | None]:
    return {findings[name].passed for name in names}
