"""Bedrock's control plane: what a doctor may ask of models, inference profiles and guardrails."""

from __future__ import annotations

from datetime import UTC, datetime

from infra.local_aws.bedrock_runtime import GUARDRAIL, MODELS
from infra.local_aws.service import Call, Service
from infra.local_aws.wire import Params, ServiceError


def get_foundation_model(call: Call) -> Params:
    name = _known(call.params["modelIdentifier"])
    types = ["ON_DEMAND"] if MODELS[name].on_demand else []
    details = {
        "modelArn": _arn(call, name),
        "modelId": name,
        "responseStreamingSupported": MODELS[name].streams,
        "inferenceTypesSupported": types,
    }
    return {"modelDetails": details}


def get_foundation_model_availability(call: Call) -> Params:
    name = _known(call.params["modelId"])
    return {
        "modelId": name,
        "agreementAvailability": {"status": "AVAILABLE"},
        "authorizationStatus": "AUTHORIZED",
        "entitlementAvailability": "AVAILABLE",
        "regionAvailability": "AVAILABLE",
    }


def get_inference_profile(call: Call) -> Params:
    wanted = call.params["inferenceProfileIdentifier"].rpartition("/")[2]
    name = next((name for name, model in MODELS.items() if wanted in model.profiles), "")
    if not name:
        raise ServiceError("ResourceNotFoundException", "Inference profile not found")
    return {
        "inferenceProfileName": wanted,
        "inferenceProfileArn": call.account.arn("bedrock", f"inference-profile/{wanted}"),
        "inferenceProfileId": wanted,
        "models": [{"modelArn": _arn(call, name)}],
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }


def get_guardrail(call: Call) -> Params:
    if (call.params["guardrailIdentifier"], call.params.get("guardrailVersion")) != (GUARDRAIL, "1"):
        raise ServiceError("ResourceNotFoundException", "The guardrail could not be found")
    then = datetime.now(UTC).isoformat()
    return {
        "name": GUARDRAIL,
        "guardrailId": GUARDRAIL,
        "guardrailArn": call.account.arn("bedrock", f"guardrail/{GUARDRAIL}"),
        "version": "1",
        "status": "READY",
        "createdAt": then,
        "updatedAt": then,
        "blockedInputMessaging": "No.",
        "blockedOutputsMessaging": "No.",
    }


def _known(model: str) -> str:
    name = model.rpartition("/")[2]
    if name not in MODELS:
        raise ServiceError("ValidationException", "The provided model identifier is invalid.")
    return name


def _arn(call: Call, name: str) -> str:
    return f"arn:aws:bedrock:{call.account.region}::foundation-model/{name}"


SERVICE = Service(
    id="bedrock",
    handlers={
        "GetFoundationModel": get_foundation_model,
        "GetFoundationModelAvailability": get_foundation_model_availability,
        "GetInferenceProfile": get_inference_profile,
        "GetGuardrail": get_guardrail,
    },
    refusals={
        "throttle": ServiceError("ThrottlingException", "Rate exceeded"),
        "error500": ServiceError("InternalServerException", "An internal server error occurred"),
        "error503": ServiceError("ServiceUnavailableException", "Bedrock is unavailable"),
    },
)
