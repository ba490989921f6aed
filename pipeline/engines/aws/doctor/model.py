"""The check of a model of Bedrock: it is in this region, the account has access, the guardrail is ready."""

from __future__ import annotations

import re

from pipeline.engines.aws.bedrock_meanings import NEEDS_PROFILE, NO_ACCESS
from pipeline.engines.aws.converse import guardrail_of, model_name
from pipeline.engines.aws.doctor.case import Case, Result, unsure

# Fields of GetFoundationModelAvailability, and the value with which a model may be called.
_OPEN = {
    "regionAvailability": "AVAILABLE",
    "authorizationStatus": "AUTHORIZED",
    "entitlementAvailability": "AVAILABLE",
}
_FOUNDATION = re.compile(r"(arn:[\w-]+:bedrock:[a-z0-9-]*::foundation-model/)?[a-z0-9-]+\.[a-zA-Z0-9.:-]+")


def check_model(case: Case) -> Result:
    """Nothing that is billed is called."""
    model = case.model
    if not model:
        return False, "no model is set", "set STORIES_MODEL to a model's id, as eu.amazon.nova-lite-v1:0"
    what = f"the Bedrock model {model}"
    by_profile = "inference-profile/" in model or model_name(model) != model.rpartition("/")[2]
    if by_profile:
        reply = case.call(
            "bedrock", "get_inference_profile", what, "models", inferenceProfileIdentifier=model
        )
        case.model_arns = (reply["inferenceProfileArn"], *(each["modelArn"] for each in reply["models"]))
    elif _FOUNDATION.fullmatch(model):
        details = case.call("bedrock", "get_foundation_model", what, "modelDetails", modelIdentifier=model)
        case.model_arns = (details["modelDetails"]["modelArn"],)
        if "ON_DEMAND" not in details["modelDetails"].get("inferenceTypesSupported", ("ON_DEMAND",)):
            return _failure(NEEDS_PROFILE.text, what, "no ON_DEMAND")
    else:
        raise unsure(f"{what} is neither a foundation model nor an inference profile: try `stories make`")
    name = case.model_arns[-1].rpartition("/")[2]
    reply = case.call("bedrock", "get_foundation_model_availability", what, modelId=name)
    # Amazon's own models need no agreement.
    state = {**reply, "agreement": reply.get("agreementAvailability", {}).get("status")}
    wanted = _OPEN if name.startswith("amazon.") else {**_OPEN, "agreement": "AVAILABLE"}
    if closed := [f"{field} {state.get(field)}" for field in wanted if state.get(field) != wanted[field]]:
        return _failure(NO_ACCESS.text, what, ", ".join(closed))
    return True, f"{model} may be called{_guardrail(case)}", ""


def _guardrail(case: Case) -> str:
    """Words for it, "" where none is set. Raises StoriesError: it is not there, or not ready."""
    if not case.guardrail:
        return ""
    fields = guardrail_of(case.guardrail)
    reply = case.call("bedrock", "get_guardrail", f"the guardrail {case.guardrail}", "status", **fields)
    if reply["status"] != "READY":
        raise unsure(f"the guardrail {case.guardrail} is {reply['status']}: run it again in a while")
    case.guardrail_arn = reply["guardrailArn"]
    return f", with the guardrail {case.guardrail}"


def _failure(text: str, what: str, quote: str) -> Result:
    summary, _, todo = text.format(what=what, quote=quote, code=quote).partition("): ")
    return False, f"{summary})", todo
