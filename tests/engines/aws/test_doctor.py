"""An account that is well, and then one thing wrong at a time; answers are held against botocore's model."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError
from botocore.validate import ParamValidator
from moto.server import ThreadedMotoServer

from pipeline import keys
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.doctor import PATIENCE, examine
from pipeline.engines.aws.verdicts import CODES
from pipeline.engines.aws.voices import PollyVoice, Table
from pipeline.types import Finding, Narration
from tests.engines.aws.loopback import Asked, Loopback, account

REGION = "eu-west-1"
BUCKET = "stories-of-ours"
ENDPOINT = "Stories-Falcon"
NUMBER = "111122223333"
SESSION = f"arn:aws:sts::{NUMBER}:assumed-role/Studio/jane.doe@example.org"
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
# The project's list of what may be called (limits.md, "Least privilege"), without the workflow's own.
ON_ALL = {"polly:SynthesizeSpeech", "polly:DescribeVoices", "translate:TranslateText"}
FOUR = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


LOOKED_AT = {
    "GetCallerIdentity": "credentials",
    "DescribeEndpoint": "endpoint",
    "HeadBucket": "bucket",
    "GetPublicAccessBlock": "bucket private",
    "GetBucketPolicyStatus": "bucket private",
    "GetBucketEncryption": "bucket encrypted",
    "PutObject": "bucket writable",
    "DescribeVoices": "voices",
    "GetRole": "permissions",
    "SimulatePrincipalPolicy": "permissions",
}


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
        "UserId": "AROAXXXXXXXXXXXXXXXXX:jane.doe@example.org",
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


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    account(monkeypatch, AWS_REGION=REGION)
    for service in ("STS", "S3", "IAM", "SAGEMAKER", "POLLY"):
        monkeypatch.delenv(f"AWS_ENDPOINT_URL_{service}", raising=False)


# The whole.


def test_an_account_that_is_well_passes_every_check() -> None:
    findings = found(cloud())
    assert states(findings, *NAMES) == {True}


def test_nothing_that_is_billed_is_called_and_nothing_is_written() -> None:
    clients = cloud()
    found(clients)
    assert Counter(clients.operations()) == {
        "GetCallerIdentity": 1,
        "DescribeEndpoint": 1,
        "HeadBucket": 1,
        "GetPublicAccessBlock": 1,
        "GetBucketPolicyStatus": 1,
        "GetBucketEncryption": 1,
        "DescribeVoices": 1,
        "GetRole": 1,
        "SimulatePrincipalPolicy": 4,
    }


def test_each_finding_is_told_before_the_next_is_looked_for() -> None:
    clients = cloud()
    telling = examine(clients, ENDPOINT, BUCKET, TABLE)
    asked = [(next(telling).name, clients.operations()[-1:]) for _ in range(4)]
    assert asked == [
        ("region", []),
        ("credentials", ["GetCallerIdentity"]),
        ("endpoint", ["DescribeEndpoint"]),
        ("bucket", ["HeadBucket"]),
    ]


@pytest.mark.parametrize("operation", sorted(WELL))
@pytest.mark.parametrize(
    "trouble",
    [
        EndpointConnectionError(endpoint_url="https://example.invalid"),
        ReadTimeoutError(endpoint_url="https://example.invalid"),
        ResponseParserError("<html>"),
        Refusal("InternalFailure", 500),
        Refusal("ThrottlingException"),
        Refusal("NobodyKnowsThisOne", 418, "a (strange: one) it is"),
        Refusal("", 302, ""),
    ],
    ids=lambda trouble: getattr(trouble, "code", type(trouble).__name__) or "nameless",
)
def test_no_trouble_of_any_call_stops_the_examination_or_passes(operation: str, trouble: Answer) -> None:
    others = {"SimulatePrincipalPolicy": Refusal("AccessDenied", 403)} if operation == "PutObject" else {}
    findings = found(cloud(**{**others, operation: trouble}))
    assert findings[LOOKED_AT[operation]].passed is not True


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_that_is_known_is_told_with_what_to_do(code: str) -> None:
    finding = found(cloud(DescribeEndpoint=Refusal(code, message="it says: no (really)")))["endpoint"]
    assert finding.passed is not True
    assert finding.told.count("(") == finding.told.count(")")
    assert finding.todo.count("(") == finding.todo.count(")")


@pytest.mark.parametrize("operation", ["GetCallerIdentity", "DescribeEndpoint", "HeadBucket", "GetRole"])
def test_an_answer_with_nothing_in_it_passes_nothing(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As from a stand-in, or a proxy, behind AWS_ENDPOINT_URL."""
    monkeypatch.setattr(ParamValidator, "validate", lambda *_: SimpleNamespace(has_errors=lambda: False))
    findings = found(cloud(**{operation: {}}))
    looked_at = "bucket region" if operation == "HeadBucket" else LOOKED_AT[operation]
    assert findings[looked_at].passed is None


# Region and credentials.


def test_without_a_region_nothing_else_is_asked_and_what_is_not_set_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_REGION")
    findings = found(Clients(), endpoint="", bucket="")
    assert findings["region"].passed is False
    assert "AWS_REGION" in findings["region"].todo
    assert states(findings, "endpoint", "bucket") == {False}
    others = [name for name in NAMES if name not in {"region", "endpoint", "bucket"}]
    assert states(findings, *others) == {None}
    assert "region" in findings["credentials"].told


def test_without_boto3_the_command_that_installs_it_is_told() -> None:
    class Bare(Clients):
        def get(self, service: str) -> Any:
            raise ModuleNotFoundError("No module named 'boto3'", name="boto3")

    findings = found(Bare())
    assert findings["region"].passed is False
    assert "boto3" in findings["region"].told
    assert "make setup" in findings["region"].todo


def test_a_profile_that_is_not_there_is_a_matter_of_the_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "grandmother")
    findings = found(Clients())
    assert findings["region"].passed is None
    assert findings["credentials"].passed is False
    assert "grandmother" in findings["credentials"].told
    assert "AWS_PROFILE" in findings["credentials"].todo
    assert states(findings, *NAMES[2:]) == {None}


def test_an_address_that_is_none_stops_the_examination_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")
    findings = found(Clients())
    assert findings["credentials"].passed is False
    assert "AWS_ENDPOINT_URL" in findings["credentials"].todo
    assert True not in states(findings, *NAMES)


def test_no_credentials_at_all_are_told_with_the_ways_to_have_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    findings = found(Clients())
    assert findings["region"].passed is True
    assert findings["credentials"].passed is False
    assert "AWS_PROFILE" in findings["credentials"].todo
    assert "aws configure" in findings["credentials"].todo


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("InvalidClientTokenId", "keys"),
        ("SignatureDoesNotMatch", "clock"),
        ("ExpiredToken", "sign in again"),
        ("UnrecognizedClientException", "keys"),
    ],
)
def test_where_credentials_are_refused_nothing_else_is_asked_or_passes(code: str, word: str) -> None:
    clients = cloud(GetCallerIdentity=Refusal(code, 403))
    findings = found(clients)
    assert findings["credentials"].passed is False
    assert word in findings["credentials"].todo
    assert states(findings, *NAMES[2:-1]) == {None}
    assert all("credentials" in findings[name].told for name in ("endpoint", "bucket", "voices"))
    assert clients.operations() == ["GetCallerIdentity"]
    assert findings["clock"].passed is True


def test_where_sts_is_out_of_reach_the_rest_is_looked_at_all_the_same() -> None:
    """As from a private subnet with no way to STS."""
    away = EndpointConnectionError(endpoint_url="https://example.invalid")
    clients = cloud(GetCallerIdentity=away)
    findings = found(clients)
    assert findings["credentials"].passed is None
    assert "network" in findings["credentials"].todo
    assert findings["permissions"].passed is None
    assert "who is calling" in findings["permissions"].told
    assert "credentials" in findings["permissions"].todo
    assert states(findings, *NAMES[2:9], "clock") == {True}


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        (SESSION, "role"),
        (f"arn:aws:iam::{NUMBER}:user/family/jane.doe", "user"),
        (f"arn:aws:iam::{NUMBER}:root", "root"),
        (f"arn:aws-us-gov:sts::{NUMBER}:federated-user/jane.doe", "federated"),
    ],
)
def test_who_is_calling_is_told_by_kind_and_the_last_four_digits(arn: str, kind: str) -> None:
    told = {"UserId": "A", "Account": NUMBER, "Arn": arn}
    finding = found(cloud(GetCallerIdentity=told))["credentials"]
    assert finding.passed is True
    assert kind in finding.told
    assert "3333" in finding.told


@pytest.mark.parametrize("operation", ["DescribeEndpoint", "GetPublicAccessBlock", "SimulatePrincipalPolicy"])
def test_neither_names_nor_account_numbers_nor_keys_are_repeated(operation: str) -> None:
    message = (
        f"User: {SESSION} is not authorized to perform: x:Y on resource: "
        f"arn:aws:sagemaker:{REGION}:{NUMBER}:endpoint/e (key AKIAIOSFODNN7EXAMPLE)"
    )
    findings = found(cloud(**{operation: Refusal("AccessDeniedException", 403, message)}))
    everything = " ".join(f"{one.told} {one.todo}" for one in findings.values())
    assert "is not authorized to perform: x:Y" in everything
    for secret in ("jane", NUMBER, "AKIA", "Studio"):
        assert secret not in everything


def test_a_bucket_that_is_called_after_the_account_is_told_whole() -> None:
    """As SageMaker's own default bucket is."""
    never = Refusal("NoSuchPublicAccessBlockConfiguration", 404)
    name = f"sagemaker-{REGION}-{NUMBER}"
    assert f"--bucket {name} " in found(cloud(GetPublicAccessBlock=never), bucket=name)["bucket private"].todo


def test_an_account_number_in_a_sentence_is_cut_short() -> None:
    said = Refusal("AccessDeniedException", 403, f"Endpoint e of account {NUMBER} not found.")
    assert "account …3333 not" in found(cloud(DescribeEndpoint=said))["endpoint"].told


def test_an_identity_that_is_the_last_word_is_not_repeated_either() -> None:
    denied = Refusal("AccessDeniedException", 403, f"ask {SESSION}")
    finding = found(cloud(DescribeEndpoint=denied))["endpoint"]
    assert "jane" not in finding.told
    assert "IAM" in finding.todo


# The endpoint.


@pytest.mark.parametrize(
    ("status", "passed", "words"),
    [
        ("InService", True, ["in service"]),
        ("Updating", True, ["updated"]),
        ("SystemUpdating", True, ["maintenance"]),
        ("RollingBack", True, ["back"]),
        ("Creating", False, ["wait", "5 to 10 minutes", "has had 3"]),
        ("Failed", False, ["CapacityError: none left", "01_deploy_falcon"]),
        ("OutOfService", False, ["01_deploy_falcon"]),
        ("Deleting", False, ["STORIES_ENDPOINT"]),
        ("UpdateRollbackFailed", False, ["CapacityError: none left", "update it again"]),
        ("Dream{ing}", False, ["Dream{ing}", "console"]),
    ],
)
def test_each_state_of_an_endpoint_is_judged(status: str, passed: bool, words: list[str]) -> None:
    told = described(status, FailureReason="CapacityError:\n none left")
    finding = found(cloud(DescribeEndpoint=told))["endpoint"]
    assert finding.passed is passed
    for word in words:
        assert word in f"{finding.told} {finding.todo}"


def test_every_state_that_the_service_knows_is_known() -> None:
    client = boto3.client("sagemaker", region_name=REGION)
    for status in client.meta.service_model.shape_for("EndpointStatus").enum:
        assert "console" not in found(cloud(DescribeEndpoint=described(status)))["endpoint"].todo


def test_a_reason_for_failure_may_say_anything() -> None:
    told = described("Failed", FailureReason="{minutes} {0} {no: such}")
    assert "{no: such}" in found(cloud(DescribeEndpoint=told))["endpoint"].told


def test_an_endpoint_that_is_not_set_is_told_without_a_call() -> None:
    clients = cloud()
    finding = found(clients, endpoint="")["endpoint"]
    assert finding.passed is False
    assert "STORIES_ENDPOINT" in finding.todo
    assert "01_deploy_falcon" in finding.todo
    assert "DescribeEndpoint" not in clients.operations()


def test_an_endpoint_that_is_not_there_is_told_with_the_two_ways_out() -> None:
    missing = Refusal("ValidationException", 400, f'Could not find endpoint "arn:aws:x::{NUMBER}:e".')
    finding = found(cloud(DescribeEndpoint=missing))["endpoint"]
    assert finding.passed is False
    assert "STORIES_ENDPOINT" in finding.todo
    assert "01_deploy_falcon" in finding.todo


def test_a_name_that_no_endpoint_can_have_is_told_with_what_it_may_hold() -> None:
    invalid = Refusal(
        "ValidationException", 400, "1 validation error detected: Value 'a b' at 'endpointName'"
    )
    finding = found(cloud(DescribeEndpoint=invalid), endpoint="a b")["endpoint"]
    assert finding.passed is False
    assert "hyphens" in finding.todo


def test_an_endpoint_that_may_not_be_looked_at_is_neither_passed_nor_failed() -> None:
    finding = found(cloud(DescribeEndpoint=Refusal("AccessDeniedException", 400)))["endpoint"]
    assert finding.passed is None
    assert "IAM" in finding.todo


# The bucket.


def test_a_bucket_that_is_not_set_is_told_without_a_call() -> None:
    clients = cloud()
    findings = found(clients, bucket="")
    assert findings["bucket"].passed is False
    assert "STORIES_BUCKET" in findings["bucket"].todo
    assert states(findings, *OF_BUCKET) == {None}
    assert not [name for name in clients.operations() if "Bucket" in name]


@pytest.mark.parametrize(
    ("answer", "passed", "word"),
    [
        (Refusal("404", 404), False, "create it"),
        (Refusal("403", 403), False, "s3:ListBucket"),
        (Refusal("301", 301), False, "STORIES_BUCKET"),
        (Refusal("400", 400), False, "STORIES_BUCKET"),
        (Refusal("503", 503), None, "again"),
        (ReadTimeoutError(endpoint_url="https://example.invalid"), None, "again"),
    ],
)
def test_of_a_bucket_that_is_not_reached_nothing_more_is_asked(
    answer: Answer, passed: bool | None, word: str
) -> None:
    clients = cloud(HeadBucket=answer)
    findings = found(clients)
    assert findings["bucket"].passed is passed
    assert word in findings["bucket"].todo
    assert states(findings, *OF_BUCKET) == {None}
    assert all("needs the bucket" in findings[name].told for name in OF_BUCKET)
    assert "PutObject" not in clients.operations()
    assert "GetPublicAccessBlock" not in clients.operations()
    assert states(findings, "endpoint", "voices", "permissions") == {True}


@pytest.mark.parametrize("off", FOUR)
def test_a_bucket_with_one_block_off_is_not_private(off: str) -> None:
    told = {"PublicAccessBlockConfiguration": {**dict.fromkeys(FOUR, True), off: False}}
    finding = found(cloud(GetPublicAccessBlock=told))["bucket private"]
    assert finding.passed is False
    assert off in finding.told
    assert not [name for name in FOUR if name != off and name in finding.told]
    assert "put-public-access-block" in finding.todo
    assert BUCKET in finding.todo


def test_a_bucket_that_never_had_a_block_is_not_private() -> None:
    never = Refusal("NoSuchPublicAccessBlockConfiguration", 404)
    finding = found(cloud(GetPublicAccessBlock=never))["bucket private"]
    assert finding.passed is False
    assert all(f"{name}=true" in finding.todo for name in FOUR)


def test_a_bucket_whose_policy_is_public_is_not_private() -> None:
    finding = found(cloud(GetBucketPolicyStatus={"PolicyStatus": {"IsPublic": True}}))["bucket private"]
    assert finding.passed is False
    assert "policy" in finding.todo


def test_a_bucket_with_no_policy_is_private() -> None:
    assert found(cloud(GetBucketPolicyStatus=Refusal("NoSuchBucketPolicy", 404)))["bucket private"].passed


@pytest.mark.parametrize("operation", ["GetPublicAccessBlock", "GetBucketPolicyStatus"])
def test_whether_a_bucket_is_private_may_stay_unknown(operation: str) -> None:
    finding = found(cloud(**{operation: Refusal("AccessDenied", 403, "Access Denied")}))["bucket private"]
    assert finding.passed is None
    assert "s3:GetBucket" in finding.told
    assert "IAM" in finding.todo


def test_a_bucket_without_encryption_is_told_with_the_command_for_it() -> None:
    never = Refusal("ServerSideEncryptionConfigurationNotFoundError", 404)
    finding = found(cloud(GetBucketEncryption=never))["bucket encrypted"]
    assert finding.passed is False
    assert "put-bucket-encryption" in finding.todo
    assert "AES256" in finding.todo


def test_the_way_of_encryption_is_told_and_may_stay_unknown() -> None:
    assert "aws:kms" in found(cloud())["bucket encrypted"].told
    denied = found(cloud(GetBucketEncryption=Refusal("AccessDenied", 403)))["bucket encrypted"]
    assert denied.passed is None
    assert "s3:GetEncryptionConfiguration" in denied.told


def test_a_bucket_in_another_region_is_told_with_both_regions() -> None:
    finding = found(cloud(HeadBucket={"BucketRegion": "us-east-1"}))["bucket region"]
    assert finding.passed is False
    assert "AWS_REGION to us-east-1" in finding.todo
    assert REGION in finding.todo


def test_a_bucket_that_does_not_tell_its_region_stays_unknown() -> None:
    assert found(cloud(HeadBucket={}))["bucket region"].passed is None


@pytest.mark.parametrize("prefix", ["audio", "cache", "quarantine", "stories"])
def test_a_bucket_that_iam_lets_write_in_part_is_not_writable(prefix: str) -> None:
    clients = cloud(
        SimulatePrincipalPolicy=lambda asked: allowing(asked, {"s3:PutObject": f"/{prefix}/doctor"})
    )
    findings = found(clients)
    assert findings["bucket writable"].passed is False
    assert "s3:PutObject" in findings["bucket writable"].todo
    assert "PutObject" not in clients.operations()
    assert findings["permissions"].passed is False
    assert findings["permissions"].told.count(BUCKET) == 1
    assert f"s3:PutObject on arn:aws:s3:::{BUCKET}/{prefix}/" in findings["permissions"].told


def test_a_bucket_that_may_be_written_and_not_read_is_writable() -> None:
    but = {"s3:GetObject": "doctor"}
    findings = found(cloud(SimulatePrincipalPolicy=lambda asked: allowing(asked, but)))
    assert findings["bucket writable"].passed is True
    assert findings["permissions"].passed is False


def test_where_iam_is_not_to_be_asked_one_object_is_written_and_never_over_another() -> None:
    clients = cloud(SimulatePrincipalPolicy=Refusal("AccessDenied", 403))
    findings = found(clients)
    assert findings["bucket writable"].passed is True
    assert "doctor/probe.json" in findings["bucket writable"].told
    (written,) = clients.params("PutObject")
    assert (written["Bucket"], written["Key"], written["IfNoneMatch"]) == (BUCKET, "doctor/probe.json", "*")
    assert findings["permissions"].passed is None
    assert clients.operations().count("SimulatePrincipalPolicy") == 1


def test_an_object_that_an_earlier_examination_left_shows_that_writing_is_allowed() -> None:
    there = Refusal("PreconditionFailed", 412)
    clients = cloud(SimulatePrincipalPolicy=Refusal("AccessDenied", 403), PutObject=there)
    assert found(clients)["bucket writable"].passed is True


def test_a_write_that_is_refused_leaves_it_unknown_since_a_policy_may_hold_other_prefixes_only() -> None:
    refused = Refusal("AccessDenied", 403)
    finding = found(cloud(SimulatePrincipalPolicy=refused, PutObject=refused))["bucket writable"]
    assert finding.passed is None
    assert "IAM" in finding.todo


# Voices.


@pytest.mark.parametrize(
    "told",
    [
        voices(("Joanna", "en-US", ["neural"]), ("Lotte", "nl-NL", ["standard"])),
        voices(("Joanna", "en-US", ["neural"]), ("Laura", "nl-NL", ["standard", "generative"])),
    ],
    ids=["gone", "no longer neural"],
)
def test_a_voice_that_cannot_speak_is_named(told: Mapping[str, Any]) -> None:
    finding = found(cloud(DescribeVoices=told))["voices"]
    assert finding.passed is False
    assert "Laura" in finding.told
    assert "Joanna" not in finding.told
    assert REGION in finding.told
    assert "stories voices refresh" in finding.todo


def test_a_voice_that_never_was_neural_is_no_fault() -> None:
    told = voices(("Joanna", "en-US", ["neural"]), ("Laura", "nl-NL", ["neural"]))
    assert found(cloud(DescribeVoices=told))["voices"].passed is True


def test_a_locale_whose_voice_lacks_the_engine_in_the_table_itself_is_a_fault() -> None:
    table = Table("2026-11", {"nl": "Lotte"}, TABLE.voices)
    findings = {one.name: one for one in examine(cloud(), ENDPOINT, BUCKET, table)}
    assert findings["voices"].passed is False
    assert "Lotte" in findings["voices"].told


def test_a_region_without_the_engine_is_told_in_one_short_line() -> None:
    names = [f"Voice{number:02}" for number in range(30)]
    table = Table("2026-11", {"en": names[0]}, tuple(PollyVoice(one, "en-US", ("neural",)) for one in names))
    told = voices(*((one, "en-US", ["standard"]) for one in names))
    findings = {one.name: one for one in examine(cloud(DescribeVoices=told), ENDPOINT, BUCKET, table)}
    assert "Voice07 and 22 more" in findings["voices"].told
    assert "AWS_REGION" in findings["voices"].todo


def test_voices_that_may_not_be_listed_stay_unknown() -> None:
    assert found(cloud(DescribeVoices=Refusal("AccessDeniedException", 403)))["voices"].passed is None


# Permissions.


def needed(clients: Cloud) -> dict[str, set[str]]:
    """Action -> the resources that IAM was asked about."""
    found(clients)
    asked = clients.params("SimulatePrincipalPolicy")
    return {action: set(call["ResourceArns"]) for call in asked for action in call["ActionNames"]}


def test_what_is_needed_is_asked_about_and_only_what_takes_no_resource_on_everything() -> None:
    asked = needed(cloud())
    everywhere = {action for action, resources in asked.items() if "*" in resources}
    assert everywhere == ON_ALL | {"comprehend:DetectDominantLanguage"}
    # An endpoint's ARN has small letters only.
    there = f"arn:aws:sagemaker:{REGION}:{NUMBER}:endpoint/stories-falcon"
    assert asked["sagemaker:InvokeEndpoint"] == {there}
    assert asked["s3:ListBucket"] == {f"arn:aws:s3:::{BUCKET}"}
    assert asked.keys() - everywhere == {
        "sagemaker:InvokeEndpoint",
        "s3:ListBucket",
        "s3:GetObject",
        "s3:PutObject",
    }


def test_every_prefix_that_the_pipeline_writes_is_asked_about() -> None:
    one = Narration(b"", "audio/mpeg", 1, ())
    written = [
        keys.request("4f"),
        keys.text("4f", "en"),
        keys.text("4f", "fr"),
        keys.manifest("4f", "fr"),
        keys.mp3("4f", "fr", b""),
        keys.audio(one),
        keys.call("complete", "x", {}),
        keys.quarantine("cache/a", b""),
    ]
    asked = needed(cloud())
    for action in ("s3:GetObject", "s3:PutObject"):
        prefixes = {arn.removeprefix(f"arn:aws:s3:::{BUCKET}/").split("/")[0] for arn in asked[action]}
        assert prefixes == {key.split("/")[0] for key in written}


def test_what_is_not_set_is_not_asked_about() -> None:
    clients = cloud()
    finding = found(clients, endpoint="", bucket="")["permissions"]
    assert finding.passed is True
    assert "s3:" not in finding.told
    assert "sagemaker:" not in finding.told
    assert clients.operations().count("SimulatePrincipalPolicy") == 1


def test_an_assumed_role_is_asked_about_by_the_role_with_its_path() -> None:
    clients = cloud()
    found(clients)
    assert clients.params("GetRole") == [{"RoleName": "Studio"}]
    assert {call["PolicySourceArn"] for call in clients.params("SimulatePrincipalPolicy")} == {ROLE}


def test_where_a_role_may_not_be_read_it_is_taken_to_have_no_path() -> None:
    clients = cloud(GetRole=Refusal("AccessDenied", 403))
    assert found(clients)["permissions"].passed is True
    sources = {call["PolicySourceArn"] for call in clients.params("SimulatePrincipalPolicy")}
    assert sources == {f"arn:aws:iam::{NUMBER}:role/Studio"}


def test_a_user_is_asked_about_by_their_own_arn() -> None:
    arn = f"arn:aws-cn:iam::{NUMBER}:user/family/jane.doe"
    clients = cloud(GetCallerIdentity={"UserId": "A", "Account": NUMBER, "Arn": arn})
    asked = needed(clients)
    assert {call["PolicySourceArn"] for call in clients.params("SimulatePrincipalPolicy")} == {arn}
    assert asked["s3:ListBucket"] == {f"arn:aws-cn:s3:::{BUCKET}"}
    assert "GetRole" not in clients.operations()


@pytest.mark.parametrize("kind", ["root", "federated-user/jane.doe"])
def test_whom_iam_does_not_simulate_stays_unknown(kind: str) -> None:
    arn = f"arn:aws:iam::{NUMBER}:{kind}"
    clients = cloud(GetCallerIdentity={"UserId": "A", "Account": NUMBER, "Arn": arn})
    findings = found(clients)
    assert findings["permissions"].passed is None
    assert "roles and users only" in findings["permissions"].told
    assert findings["permissions"].todo == "come as one of them"
    assert "SimulatePrincipalPolicy" not in clients.operations()
    assert findings["bucket writable"].passed is True


def test_each_action_that_is_not_allowed_is_named_and_no_other() -> None:
    but = {"translate:TranslateText": "*", "sagemaker:InvokeEndpoint": "falcon"}
    finding = found(cloud(SimulatePrincipalPolicy=lambda asked: allowing(asked, but)))["permissions"]
    assert finding.passed is False
    assert "translate:TranslateText" in finding.told
    assert "sagemaker:InvokeEndpoint on " in finding.told
    assert "polly:" not in finding.told
    assert "s3:" not in finding.told
    assert NUMBER not in finding.told
    assert "IAM" in finding.todo


def test_a_decision_on_all_resources_together_counts_where_they_are_not_told_apart() -> None:
    def together(asked: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "EvaluationResults": [
                {
                    "EvalActionName": one,
                    "EvalDecision": "explicitDeny" if one == "s3:GetObject" else "allowed",
                }
                for one in asked["ActionNames"]
            ]
        }

    finding = found(cloud(SimulatePrincipalPolicy=together))["permissions"]
    assert finding.passed is False
    assert "s3:GetObject" in finding.told
    assert "s3:PutObject" not in finding.told


@pytest.mark.parametrize(
    "answer",
    [
        Refusal("AccessDenied", 403),
        Refusal("NoSuchEntity", 404),
        Refusal("InvalidInput", 400),
        {"EvaluationResults": []},
        {"EvaluationResults": [{"EvalActionName": "polly:SynthesizeSpeech", "EvalDecision": "allowed"}]},
    ],
    ids=["denied", "no such role", "refused", "nothing", "in part"],
)
def test_permissions_that_iam_does_not_tell_stay_unknown(answer: Answer) -> None:
    finding = found(cloud(SimulatePrincipalPolicy=answer))["permissions"]
    assert finding.passed is None
    assert finding.todo


def test_conditions_on_region_and_transport_are_given_what_they_ask_for() -> None:
    """Else a policy that denies "unless in this region" would seem to deny everything."""
    clients = cloud()
    found(clients)
    for call in clients.params("SimulatePrincipalPolicy"):
        context = {one["ContextKeyName"]: one["ContextKeyValues"] for one in call["ContextEntries"]}
        assert context["aws:RequestedRegion"] == [REGION]
        assert context["aws:SecureTransport"] == ["true"]


# The clock.


@pytest.mark.parametrize(
    ("late", "passed", "word"),
    [
        (0, True, "within"),
        (240, True, "within"),
        (-240, True, "within"),
        (360, False, "6 minutes behind"),
        (-360, False, "6 minutes ahead"),
        (90_000, False, "behind"),
    ],
)
def test_a_clock_that_is_five_minutes_off_is_told(late: float, passed: bool, word: str) -> None:
    finding = found(cloud(late))["clock"]
    assert finding.passed is passed
    assert word in finding.told
    assert passed or "NTP" in finding.todo


def test_the_clock_is_told_by_the_very_answer_that_refuses_a_request_for_its_time() -> None:
    findings = found(cloud(GetCallerIdentity=Refusal("SignatureDoesNotMatch", 403, late=3600)))
    assert findings["credentials"].passed is False
    assert findings["clock"].passed is False
    assert "60 minutes behind" in findings["clock"].told


def test_with_no_answer_at_all_the_clock_stays_unknown() -> None:
    away = EndpointConnectionError(endpoint_url="https://example.invalid")
    findings = found(Cloud(dict.fromkeys(WELL, away)))
    assert states(findings, *NAMES[1:]) == {None}
    assert "told the time" in findings["clock"].told


# Over HTTP.


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    yield
    server.stop()


def close(clients: Clients) -> None:
    for service in ("sts", "sagemaker", "s3", "polly", "iam"):
        clients.get(service).close()


def test_over_moto_a_bucket_and_an_endpoint_are_looked_at_as_they_are(moto: None) -> None:
    clients = Clients(timeouts=PATIENCE)
    s3, sagemaker = clients.get("s3"), clients.get("sagemaker")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    missing = found(clients)
    assert states(missing, "region", "credentials", "bucket", "bucket region", "clock") == {True}
    assert missing["endpoint"].passed is False
    assert "STORIES_ENDPOINT" in missing["endpoint"].todo
    assert missing["bucket private"].passed is False
    assert "3333" not in missing["credentials"].told

    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=dict.fromkeys(FOUR, True))
    variant = {
        "VariantName": "A",
        "ModelName": "m",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m4.xlarge",
    }
    role = f"arn:aws:iam::{NUMBER}:role/stories"
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": "made/up:1"})
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="stories-falcon", EndpointConfigName="c")
    mended = found(clients, endpoint="stories-falcon")
    assert states(mended, "endpoint", "bucket private") == {True}
    # moto has no simulation: the write is made, and is found again.
    assert mended["permissions"].passed is None
    assert mended["bucket writable"].passed is True
    assert s3.get_object(Bucket=BUCKET, Key="doctor/probe.json")["Body"].read() == b"{}"
    assert found(clients, endpoint="stories-falcon")["bucket writable"].passed is True
    close(clients)


def test_services_that_hang_are_asked_a_few_times_each_and_then_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    clients = Clients(timeouts=dict.fromkeys(PATIENCE, 0.2))
    with Loopback(Asked.hang) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        started = time.monotonic()
        findings = found(clients)
        took = time.monotonic() - started
        close(clients)
        # 3 each of STS, SageMaker and Polly, 5 of S3; IAM has nobody to be asked about.
        assert server.settled(14) == 14
    assert states(findings, *NAMES[1:]) == {None}
    assert took < 14 * 0.2 + 5


def test_the_time_in_which_nothing_answers_is_minutes_at_worst() -> None:
    assert set(PATIENCE) == {"sts", "sagemaker", "s3", "polly", "iam"}
    assert max(PATIENCE.values()) <= 15
