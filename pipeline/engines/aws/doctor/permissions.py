"""Which of the pipeline's calls IAM would allow, by IAM's own simulation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.engines.aws.doctor.case import Caller, Case, Decision, Result, unsure
from pipeline.errors import ConfigError, StoriesError
from pipeline.storage import keys

# Conditions that are met in fact; left unknown, a denial "unless" would deny everything.
_CONTEXT = (
    ("aws:SecureTransport", "boolean", "true"),
    ("s3:x-amz-server-side-encryption", "string", "AES256"),
)


def check_permissions(case: Case) -> Result:
    decisions = decisions_on(case)
    if denied := [f"{each.action} on {each.resource}" for each in decisions if not each.allowed]:
        return False, f"IAM does not allow {'; '.join(denied)}", f"allow that in IAM to {case.caller}"
    return True, f"IAM allows {', '.join(dict.fromkeys(each.action for each in decisions))}", ""


def _needed(case: Case, caller: Caller) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(actions, resources) that are needed; nothing for an endpoint or a bucket that is not set."""
    # Translate asks Comprehend, in the caller's name, which language a text is in (source "auto").
    yield (
        "polly:SynthesizeSpeech polly:DescribeVoices translate:TranslateText "
        "comprehend:DetectDominantLanguage",
        ("*",),
    )
    if case.endpoint:  # its ARN has small letters only
        sagemaker = f"arn:{caller.partition}:sagemaker:{case.region}:{caller.account}"
        endpoint = f"{sagemaker}:endpoint/{case.endpoint.lower()}"
        yield "sagemaker:InvokeEndpoint sagemaker:InvokeEndpointWithResponseStream", (endpoint,)
    if case.model_arns:
        yield "bedrock:InvokeModel bedrock:InvokeModelWithResponseStream", case.model_arns
    if case.guardrail_arn:
        yield "bedrock:ApplyGuardrail", (case.guardrail_arn,)
    if case.bucket:
        bucket = f"arn:{caller.partition}:s3:::{case.bucket}"
        # push/ is of functions alone.
        folders = (folder for folder in keys.FOLDERS if folder != "push")
        yield "s3:GetObject s3:PutObject", tuple(f"{bucket}/{folder}/doctor" for folder in folders)
        yield "s3:ListBucket", (bucket,)


def decisions_on(case: Case) -> tuple[Decision, ...]:
    """The result of IAM's simulation of all that is needed; called once. Raises ConfigError: it failed."""
    if case.simulated is None:
        try:
            case.simulated = tuple(_simulated(case))
        except StoriesError as error:
            case.simulated = unsure(str(error))
    if isinstance(case.simulated, StoriesError):
        raise case.simulated
    return case.simulated


def _simulated(case: Case) -> Iterator[Decision]:
    caller = case.caller
    if caller is None:
        raise unsure("it is not known who is calling: mend the credentials first")
    principal = _principal(case, caller)
    for actions, resources in _needed(case, caller):
        reply = case.call(
            "iam",
            "simulate_principal_policy",
            "iam:SimulatePrincipalPolicy",
            "EvaluationResults",
            PolicySourceArn=principal,
            ActionNames=actions.split(),
            ResourceArns=list(resources),
            ContextEntries=[
                {"ContextKeyName": name, "ContextKeyType": kind, "ContextKeyValues": [value]}
                for name, kind, value in (*_CONTEXT, *_situation(case))
            ],
        )
        # One page holds a hundred results; these are four actions, or two on each folder.
        results = {result.get("EvalActionName"): result for result in reply["EvaluationResults"]}
        for action in actions.split():
            yield from _of_action(action, resources, results.get(action, {}))


def _situation(case: Case) -> Iterator[tuple[str, str, str]]:
    """More conditions, of this region and model."""
    yield "aws:RequestedRegion", "string", case.region
    if len(case.model_arns) > 1:  # the model is allowed through this profile only
        yield "bedrock:InferenceProfileArn", "string", case.model_arns[0]


def _of_action(action: str, resources: Sequence[str], result: Mapping[str, Any]) -> Iterator[Decision]:
    """A decision for each resource where IAM gives them, else the same for all."""
    decisions = {
        specific.get("EvalResourceName"): specific.get("EvalResourceDecision")
        for specific in result.get("ResourceSpecificResults", ())
    }
    for resource in resources:
        decision = decisions.get(resource) or result.get("EvalDecision")
        if decision is None:
            raise unsure(f"IAM's simulation says nothing of {action}")
        yield Decision(action, resource, decision == "allowed")


def _principal(case: Case, caller: Caller) -> str:
    """The ARN that has the policies: a role's own, not its session's, which leaves the role's path out."""
    if caller.kind == "user":
        return caller.arn
    if caller.kind != "assumed-role":
        raise unsure(f"IAM simulates roles and users only, and this is {caller}: sign in as one of them")
    role = caller.name.partition("/")[0]
    try:
        return str(case.call("iam", "get_role", "iam:GetRole", "Role", RoleName=role)["Role"]["Arn"])
    except ConfigError as error:
        if error.problem != "access-denied":
            raise
        return f"arn:{caller.partition}:iam::{caller.account}:role/{role}"
