"""What IAM is asked, of whom, and what its answers mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pipeline.storage import keys
from pipeline.types import Narration
from tests.engines.aws.doctor.cloud import (
    BUCKET,
    NUMBER,
    REGION,
    ROLE,
    Answer,
    Cloud,
    Refusal,
    allowing,
    cloud,
    found,
)

# The project's list of what may be called (limits.md, "Least privilege"), without the workflow's own.
ON_ALL = {"polly:SynthesizeSpeech", "polly:DescribeVoices", "translate:TranslateText"}


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
        keys.claim("a", 1),
        keys.idempotency("caller", "key"),
        keys.card("published", "fr", "4f"),
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
    arn = f"arn:aws-cn:iam::{NUMBER}:user/family/a.caller"
    clients = cloud(GetCallerIdentity={"UserId": "A", "Account": NUMBER, "Arn": arn})
    asked = needed(clients)
    assert {call["PolicySourceArn"] for call in clients.params("SimulatePrincipalPolicy")} == {arn}
    assert asked["s3:ListBucket"] == {f"arn:aws-cn:s3:::{BUCKET}"}
    assert "GetRole" not in clients.operations()


@pytest.mark.parametrize("kind", ["root", "federated-user/a.caller"])
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
