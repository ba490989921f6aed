"""An account that is well, and then one thing wrong at a time; answers are held against botocore's model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
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
NAMES = [
    "region",
    "credentials",
    "endpoint",
    "bucket",
    "bucket private",
    "bucket encrypted",
    "bucket region",
    "bucket writable",
    "voices",
    "permissions",
    "clock",
]
OF_BUCKET = [name for name in NAMES if name.startswith("bucket ")]
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
    """An error as a service answers it."""

    code: str
    status: int = 400
    message: str = "no"
    late: float = 0.0  # seconds by which its Date differs from this clock


Answer = Mapping[str, Any] | Refusal | Exception | Callable[[Mapping[str, Any]], Mapping[str, Any]]


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


def allowing(asked: Mapping[str, Any], but: Mapping[str, str] | None = None) -> dict[str, Any]:
    """IAM's answer: everything is allowed but some actions, each on what its resource ends with."""
    denied = but or {}

    def decision(action: str, resource: str) -> str:
        return "implicitDeny" if action in denied and resource.endswith(denied[action]) else "allowed"

    return {
        "EvaluationResults": [
            {
                "EvalActionName": action,
                "EvalDecision": "implicitDeny" if action in denied else "allowed",
                "ResourceSpecificResults": [
                    {"EvalResourceName": one, "EvalResourceDecision": decision(action, one)}
                    for one in asked["ResourceArns"]
                ],
            }
            for action in asked["ActionNames"]
        ]
    }


def role_told(arn: str) -> dict[str, Any]:
    return {
        "Role": {
            "Path": "/service-role/",
            "RoleName": "Studio",
            "RoleId": "AROAXXXXXXXXXXXXXXXXX",
            "Arn": arn,
            "CreateDate": datetime.now(UTC),
        }
    }


WELL: dict[str, Answer] = {
    "GetCallerIdentity": {
        "UserId": "AROAXXXXXXXXXXXXXXXXX:a.caller@example.org",
        "Account": NUMBER,
        "Arn": SESSION,
    },
    "DescribeEndpoint": described("InService"),
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
    "GetRole": role_told(ROLE),
    "SimulatePrincipalPolicy": allowing,
}


@dataclass
class Cloud(Clients):
    """Real clients whose every call is answered here. asked: operation and parameters, in order."""

    answers: Mapping[str, Answer]
    late: float = 0.0
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def get(self, service: str) -> Any:
        client = _client(service)
        for event, hear in (("before-parameter-build", self._note), ("before-call", self._answer)):
            client.meta.events.unregister(event, unique_id=event)
            client.meta.events.register(event, hear, unique_id=event)
        return client

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.asked]

    def params(self, operation: str) -> list[dict[str, Any]]:
        return [params for name, params in self.asked if name == operation]

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.asked.append((model.name, dict(params)))

    def _answer(self, model: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        answer = self.answers[model.name]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Refusal):
            body: dict[str, Any] = {"Error": {"Code": answer.code, "Message": answer.message}}
            return _reply(answer.status, body, answer.late)
        told = dict(answer(self.asked[-1][1]) if callable(answer) else answer)
        report = ParamValidator().validate(told, model.output_shape)
        assert not report.has_errors(), report.generate_report()
        return _reply(200, told, self.late)


@cache
def _client(service: str) -> Any:
    """Made once: reading the models takes most of a second."""
    return boto3.client(service, region_name=REGION, config=Config(signature_version=UNSIGNED))


def _reply(status: int, body: dict[str, Any], late: float) -> tuple[AWSResponse, dict[str, Any]]:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=late), usegmt=True)
    meta = {"HTTPStatusCode": status, "HTTPHeaders": {"date": date}, "RequestId": "1"}
    return AWSResponse(None, status, {}, None), {**body, "ResponseMetadata": meta}


def cloud(late: float = 0.0, **other: Answer) -> Cloud:
    return Cloud({**WELL, **other}, late)


def found(clients: Clients, endpoint: str = ENDPOINT, bucket: str = BUCKET) -> dict[str, Finding]:
    findings = list(examine(clients, endpoint, bucket, TABLE))
    assert [one.name for one in findings] == NAMES
    for one in findings:
        assert one.told
        assert bool(one.todo) is (one.passed is not True), one
        assert one.told.startswith("not checked") is (one.passed is None), one
        assert "\n" not in one.told + one.todo
    return {one.name: one for one in findings}


def states(findings: Mapping[str, Finding], *names: str) -> set[bool | None]:
    return {findings[name].passed for name in names}
