"""The requests to IAM's simulation, and the meaning of its replies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pipeline.storage import keys
from tests.engines.aws.doctor.cloud import (
    BUCKET,
    NUMBER,
    REGION,
    ROLE,
    Cloud,
    Refusal,
    Reply,
    allowing,
    cloud,
    examined,
    finding_of,
)

# The project's list of what may be called (limits.md, "Least privilege"), without the workflow's own.
ON_ALL = {
    "polly:SynthesizeSpeech",
    "polly:DescribeVoices",
    "translate:TranslateText",
    "comprehend:DetectDominantLanguage",
}


def needed(clients: Cloud) -> dict[str, set[str]]:
    """Action -> the resources of the simulation."""
    examined(clients)
    calls = clients.params("SimulatePrincipalPolicy")
    return {action: set(call["ResourceArns"]) for call in calls for action in call["ActionNames"]}


def test_the_needed_actions_are_simulated_on_their_resources() -> None:
    resources = needed(cloud())
    everywhere = {action for action, arns in resources.items() if "*" in arns}
    assert everywhere == ON_ALL
    # An endpoint's ARN has small letters only.
    endpoint = f"arn:aws:sagemaker:{REGION}:{NUMBER}:endpoint/stories-falcon"
    streaming = "sagemaker:InvokeEndpointWithResponseStream"  # an action of its own in AWS's reference
    assert resources["sagemaker:InvokeEndpoint"] == resources[streaming] == {endpoint}
    assert resources["s3:ListBucket"] == {f"arn:aws:s3:::{BUCKET}"}
    others = "sagemaker:InvokeEndpoint s3:ListBucket s3:GetObject s3:PutObject"
    assert resources.keys() - everywhere == {*others.split(), streaming}


def test_every_prefix_of_the_store_is_simulated() -> None:
    written = [
        keys.request("4f"),
        keys.text("4f", "en"),
        keys.text("4f", "fr"),
        keys.manifest("4f", "fr"),
        keys.mp3("4f", "fr", b""),
        keys.call("complete", "x", {}),
        "audio/ab/abc.mp3",  # a sound of an older store
        keys.quarantine("cache/a", b""),
        keys.claim("a", 1),
        keys.idempotency("caller", "key"),
        keys.card("published", "fr", "4f"),
        keys.run("2026-11-29"),
        keys.folder("4f"),
        keys.shelf("home"),
    ]
    resources = needed(cloud())
    for action in ("s3:GetObject", "s3:PutObject"):
        prefixes = {arn.removeprefix(f"arn:aws:s3:::{BUCKET}/").split("/")[0] for arn in resources[action]}
        assert prefixes == {key.split("/")[0] for key in written}


def test_missing_settings_are_not_simulated() -> None:
    clients = cloud()
    finding = finding_of("permissions", clients, endpoint="", bucket="")
    assert finding.passed is True
    assert "s3:" not in finding.summary
    assert "sagemaker:" not in finding.summary
    assert clients.operations().count("SimulatePrincipalPolicy") == 1


def test_an_assumed_role_is_simulated_as_the_role_with_its_path() -> None:
    clients = cloud()
    examined(clients)
    assert clients.params("GetRole") == [{"RoleName": "Studio"}]
    assert {call["PolicySourceArn"] for call in clients.params("SimulatePrincipalPolicy")} == {ROLE}


def test_a_role_that_cannot_be_read_is_taken_to_have_no_path() -> None:
    clients = cloud(GetRole=Refusal("AccessDenied", 403))
    assert finding_of("permissions", clients).passed is True
    sources = {call["PolicySourceArn"] for call in clients.params("SimulatePrincipalPolicy")}
    assert sources == {f"arn:aws:iam::{NUMBER}:role/Studio"}


def test_a_user_is_simulated_by_their_own_arn() -> None:
    arn = f"arn:aws-cn:iam::{NUMBER}:user/family/a.caller"
    clients = cloud(GetCallerIdentity={"UserId": "A", "Account": NUMBER, "Arn": arn})
    resources = needed(clients)
    assert {call["PolicySourceArn"] for call in clients.params("SimulatePrincipalPolicy")} == {arn}
    assert resources["s3:ListBucket"] == {f"arn:aws-cn:s3:::{BUCKET}"}
    assert "GetRole" not in clients.operations()


@pytest.mark.parametrize("kind", ["root", "federated-user/a.caller"])
def test_a_caller_that_iam_does_not_simulate_is_unknown(kind: str) -> None:
    arn = f"arn:aws:iam::{NUMBER}:{kind}"
    clients = cloud(GetCallerIdentity={"UserId": "A", "Account": NUMBER, "Arn": arn})
    findings = examined(clients)
    assert findings["permissions"].passed is None
    assert "roles and users only" in findings["permissions"].summary
    assert findings["permissions"].todo == "sign in as one of them"
    assert "SimulatePrincipalPolicy" not in clients.operations()
    assert findings["bucket writable"].passed is True


def test_each_action_that_is_not_allowed_is_named_and_no_other() -> None:
    denied = {"translate:TranslateText": "*", "sagemaker:InvokeEndpoint": "falcon"}
    clients = cloud(SimulatePrincipalPolicy=lambda request: allowing(request, denied))
    finding = finding_of("permissions", clients)
    assert finding.passed is False
    assert "translate:TranslateText" in finding.summary
    assert "sagemaker:InvokeEndpoint on " in finding.summary
    assert not [other for other in ("polly:", "s3:", NUMBER) if other in finding.summary]
    assert "IAM" in finding.todo


def test_a_decision_on_all_resources_counts_where_there_is_no_other() -> None:
    def together(request: Mapping[str, Any]) -> dict[str, Any]:
        decisions = {**dict.fromkeys(request["ActionNames"], "allowed"), "s3:GetObject": "explicitDeny"}
        rows = [{"EvalActionName": name, "EvalDecision": decided} for name, decided in decisions.items()]
        return {"EvaluationResults": rows}

    finding = finding_of("permissions", cloud(SimulatePrincipalPolicy=together))
    assert finding.passed is False
    assert "s3:GetObject" in finding.summary
    assert "s3:PutObject" not in finding.summary


@pytest.mark.parametrize(
    "reply",
    [
        Refusal("AccessDenied", 403),
        Refusal("NoSuchEntity", 404),
        Refusal("InvalidInput", 400),
        {"EvaluationResults": []},
        {"EvaluationResults": [{"EvalActionName": "polly:SynthesizeSpeech", "EvalDecision": "allowed"}]},
    ],
    ids=["denied", "no such role", "refused", "nothing", "in part"],
)
def test_permissions_without_a_decision_are_unknown(reply: Reply) -> None:
    assert finding_of("permissions", cloud(SimulatePrincipalPolicy=reply)).passed is None


def test_conditions_on_region_and_transport_are_given_what_they_ask_for() -> None:
    """Else a policy that denies "unless in this region" would seem to deny everything."""
    clients = cloud()
    examined(clients)
    for call in clients.params("SimulatePrincipalPolicy"):
        context = {entry["ContextKeyName"]: entry["ContextKeyValues"] for entry in call["ContextEntries"]}
        assert context["aws:RequestedRegion"] == [REGION]
        assert context["aws:SecureTransport"] == ["true"]
