"""A role's key in the local AWS may do what its policies allow, and the account's own key everything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local_aws import LocalAws
from infra.local_aws.account import SECRET_KEY
from infra.local_aws.authorization import Role

KEY = "AKIAROLEOFATEST"


def statement(action: str, resource: str, effect: str = "Allow") -> dict[str, str]:
    return {"Effect": effect, "Action": action, "Resource": resource}


def role(*statements: dict[str, str]) -> Role:
    return Role("tester", (json.dumps({"Version": "2012-10-17", "Statement": list(statements)}),))


@pytest.fixture
def session(aws: LocalAws) -> Iterator[Any]:
    aws.account.keys[KEY] = SECRET_KEY
    yield boto3.session.Session(KEY, SECRET_KEY, region_name=aws.account.region)
    del aws.account.keys[KEY]
    aws.account.roles.pop(KEY, None)


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_folder_that_no_policy_names_can_be_neither_read_nor_written(aws: LocalAws, session: Any) -> None:
    bucket = aws.make_bucket()
    aws.account.roles[KEY] = role(
        statement("s3:GetObject", f"arn:aws:s3:::{bucket}/stories/*"),
        statement("s3:PutObject", f"arn:aws:s3:::{bucket}/stories/*"),
    )
    s3 = session.client("s3", endpoint_url=aws.account.url("s3"))
    s3.put_object(Bucket=bucket, Key="stories/a b", Body=b"x")
    assert s3.get_object(Bucket=bucket, Key="stories/a b")["Body"].read() == b"x"
    for call in (
        lambda: s3.get_object(Bucket=bucket, Key="health"),
        lambda: s3.put_object(Bucket=bucket, Key="claims/a", Body=b"x"),
        lambda: s3.list_objects_v2(Bucket=bucket, Prefix="stories/"),
        lambda: s3.delete_object(Bucket=bucket, Key="stories/a b"),
    ):
        with pytest.raises(ClientError) as refused:
            call()
        assert refusal(refused) == ("AccessDenied", 403)


def test_without_the_right_to_list_a_missing_object_is_a_403(aws: LocalAws, session: Any) -> None:
    bucket = aws.make_bucket()
    reading = statement("s3:GetObject", f"arn:aws:s3:::{bucket}/*")
    s3 = session.client("s3", endpoint_url=aws.account.url("s3"))
    expected = {("AccessDenied", 403): [reading]}
    expected["NoSuchKey", 404] = [reading, statement("s3:ListBucket", f"arn:aws:s3:::{bucket}")]
    for answer, statements in expected.items():
        aws.account.roles[KEY] = role(*statements)
        with pytest.raises(ClientError) as refused:
            s3.get_object(Bucket=bucket, Key="missing")
        assert refusal(refused) == answer


def test_services_refuse_an_action_that_is_denied_or_not_allowed(aws: LocalAws, session: Any) -> None:
    everything = statement("*", "*")
    polly = session.client("polly", endpoint_url=aws.account.url("polly"))
    for statements in ((), (everything, statement("polly:SynthesizeSpeech", "*", "Deny"))):
        aws.account.roles[KEY] = role(*statements)
        with pytest.raises(ClientError) as refused:
            polly.synthesize_speech(OutputFormat="mp3", Text="Yes.", VoiceId="Amy", Engine="neural")
        assert refusal(refused) == ("AccessDeniedException", 403)
    aws.account.roles[KEY] = role(everything)
    assert polly.synthesize_speech(OutputFormat="mp3", Text="Yes.", VoiceId="Amy", Engine="neural")


def test_detection_asks_comprehend_in_the_callers_name(aws: LocalAws, session: Any) -> None:
    aws.account.roles[KEY] = role(statement("translate:TranslateText", "*"))
    translate = session.client("translate", endpoint_url=aws.account.url("translate"))
    translate.translate_text(Text="Yes.", SourceLanguageCode="en", TargetLanguageCode="fr")
    with pytest.raises(ClientError, match="comprehend:DetectDominantLanguage"):
        translate.translate_text(Text="Yes.", SourceLanguageCode="auto", TargetLanguageCode="fr")


def test_a_simulation_is_of_the_roles_own_policies(aws: LocalAws, session: Any) -> None:
    aws.account.roles[KEY] = role(statement("s3:GetObject", "arn:aws:s3:::stories/runs/*"))
    resources = ["arn:aws:s3:::stories/runs/a", "arn:aws:s3:::stories/claims/a"]
    with aws.client("iam") as iam:
        reply = iam.simulate_principal_policy(
            PolicySourceArn="arn:aws:iam::123456789012:role/tester",
            ActionNames=["s3:GetObject"],
            ResourceArns=resources,
        )
    decisions = {row["EvalResourceName"]: row["EvalDecision"] for row in reply["EvaluationResults"]}
    assert decisions == dict(zip(resources, ["allowed", "implicitDeny"], strict=True))
