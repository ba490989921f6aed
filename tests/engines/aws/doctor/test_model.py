"""The check of Bedrock's model, and what IAM is simulated for it."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.engines.aws.doctor import examine
from pipeline.types import Finding
from tests.engines.aws.doctor.cloud import (
    AVAILABLE,
    BUCKET,
    HEALTHY,
    MODEL,
    NAMES,
    NUMBER,
    PROFILE,
    PROFILE_ARN,
    REGION,
    REGIONS,
    TABLE,
    Cloud,
    Refusal,
    Reply,
    checked,
    cloud,
    words_of,
)

ARN = f"arn:aws:bedrock:{REGION}::foundation-model/{MODEL}"


def finding(clients: Cloud, model: str = PROFILE, guardrail: str = "") -> Finding:
    findings = examine(clients, "", BUCKET, TABLE, model=model, guardrail=guardrail)
    return next(checked(each) for each in findings if each.name == "model")


def test_the_model_is_looked_at_in_the_endpoint_s_place_and_nothing_is_billed() -> None:
    clients = cloud()
    findings = list(examine(clients, "an-endpoint", BUCKET, TABLE, model=PROFILE))
    assert [each.name for each in findings] == ["model" if name == "endpoint" else name for name in NAMES]
    assert all(each.passed for each in findings)
    assert not {"Converse", "ConverseStream", "DescribeEndpoint"} & set(clients.operations())


@pytest.mark.parametrize(
    ("model", "resources"),
    [
        (MODEL, [ARN]),
        (
            PROFILE,
            [PROFILE_ARN, *(f"arn:aws:bedrock:{region}::foundation-model/{MODEL}" for region in REGIONS)],
        ),
    ],
)
def test_iam_is_asked_for_the_model_by_its_profile(model: str, resources: list[str]) -> None:
    clients = cloud()
    list(examine(clients, "", BUCKET, TABLE, model=model))
    simulated = {
        name: call for call in clients.params("SimulatePrincipalPolicy") for name in call["ActionNames"]
    }
    assert "sagemaker:InvokeEndpoint" not in simulated
    for action in ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"):
        assert simulated[action]["ResourceArns"] == resources
    context = {entry["ContextKeyName"]: entry for entry in simulated["bedrock:InvokeModel"]["ContextEntries"]}
    assert ("bedrock:InferenceProfileArn" in context) is (model == PROFILE)


INVALID = Refusal("ValidationException", 400, "The provided model identifier is invalid.")
BY_PROFILE = {"modelDetails": {"modelArn": ARN, "modelId": MODEL, "inferenceTypesSupported": []}}


@pytest.mark.parametrize(
    ("model", "replies", "words"),
    [
        ("", {}, "STORIES_MODEL"),
        (MODEL, {"GetFoundationModel": INVALID}, "AWS_REGION"),
        (MODEL, {"GetFoundationModel": BY_PROFILE}, "geography"),
        (PROFILE, {"GetInferenceProfile": Refusal("ResourceNotFoundException", 404)}, "AWS_REGION"),
        (
            PROFILE,
            {"GetFoundationModelAvailability": {**AVAILABLE, "entitlementAvailability": "NOT_AVAILABLE"}},
            "console",
        ),
    ],
)
def test_a_model_that_cannot_be_called_fails_with_what_to_do(
    model: str, replies: dict[str, Reply], words: str
) -> None:
    failed = finding(cloud(**replies), model)
    assert failed.passed is False
    assert words in words_of(failed)


@pytest.mark.parametrize("trouble", [Refusal("UnknownCode", 418, "a (strange: code)"), Refusal("", 302, "")])
@pytest.mark.parametrize(
    ("model", "operation"),
    [
        (PROFILE, "GetInferenceProfile"),
        (MODEL, "GetFoundationModel"),
        (MODEL, "GetFoundationModelAvailability"),
    ],
)
def test_no_failing_call_passes(model: str, operation: str, trouble: Refusal) -> None:
    assert finding(cloud(**{operation: trouble}), model).passed is not True


@pytest.mark.parametrize(("maker", "passed"), [("amazon", True), ("anthropic", False)])
def test_only_models_of_others_than_amazon_need_an_agreement(maker: str, passed: bool) -> None:
    arn = ARN.replace("amazon", maker)
    model: dict[str, Any] = {"modelArn": arn, "modelId": arn.rpartition("/")[2]}
    clients = cloud(
        GetFoundationModel={"modelDetails": model},
        GetFoundationModelAvailability={**AVAILABLE, "agreementAvailability": {"status": "NOT_AVAILABLE"}},
    )
    assert finding(clients, str(model["modelId"])).passed is passed


def test_a_guardrail_is_looked_at_and_its_permission_too() -> None:
    reply = {
        "name": "g",
        "guardrailId": "abc1",
        "guardrailArn": f"arn:aws:bedrock:{REGION}:{NUMBER}:guardrail/abc1",
        "version": "1",
        "status": "READY",
        "createdAt": HEALTHY["GetRole"]["Role"]["CreateDate"],  # type: ignore[index]
        "updatedAt": HEALTHY["GetRole"]["Role"]["CreateDate"],  # type: ignore[index]
        "blockedInputMessaging": "no",
        "blockedOutputsMessaging": "no",
    }
    clients = cloud(GetGuardrail=reply)
    findings = {
        each.name: each for each in examine(clients, "", BUCKET, TABLE, model=PROFILE, guardrail="abc1:1")
    }
    assert findings["model"].summary.endswith("with the guardrail abc1:1")
    assert "bedrock:ApplyGuardrail" in findings["permissions"].summary
    gone = finding(
        cloud(GetGuardrail=Refusal("ResourceNotFoundException", 404, "The guardrail is gone")),
        PROFILE,
        "abc1:1",
    )
    assert (gone.passed, "STORIES_GUARDRAIL" in words_of(gone)) == (False, True)
