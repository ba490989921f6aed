"""The checks before a stack is deployed: the model's limits, room for the functions, alarms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.engines.aws.doctor.case import Case, Result, unsure

# Tokens of the longest prompt, and of that with its answer: prompts/stories/falcon@1.toml, docs/quality.md.
PROMPT_TOKENS, ALL_TOKENS = 760, 1160
# The names of the limits in the environments of JumpStart's containers (TGI, its newer name, and DJL's).
_INPUT_LIMITS = ("MAX_INPUT_LENGTH", "MAX_INPUT_TOKENS")
_TOTAL_LIMITS = ("MAX_TOTAL_TOKENS", "OPTION_MAX_MODEL_LEN")
# Lambda quotas: so much of an account's concurrency cannot be reserved.
_UNRESERVABLE = 100


@dataclass(frozen=True, slots=True)
class Stack:
    """What is to be deployed. bedrock: a model's or an inference profile's id, "" where `endpoint` writes.

    reserved: concurrent executions of all functions. alarm_email: "" for none.
    """

    stage: str
    endpoint: str = ""
    bedrock: str = ""
    reserved: int = 0
    alarm_email: str = ""


def check_token_limits(case: Case) -> Result:
    """Of the endpoint's container, by the environment that it was deployed with."""
    limits: dict[str, int] = {}
    for environment in _environments(case):
        limits |= {name: int(value) for name, value in environment.items() if value.isdecimal()}
    accepted = [limits[name] for name in _INPUT_LIMITS if name in limits]
    total = [limits[name] for name in _TOTAL_LIMITS if name in limits]
    if not accepted and not total:
        return True, "the container's environment sets none", ""
    if min(accepted, default=PROMPT_TOKENS) < PROMPT_TOKENS or min(total, default=ALL_TOKENS) < ALL_TOKENS:
        given = f"{_words(accepted)} tokens of a prompt and {_words(total)} in all"
        return (
            False,
            f"the container takes {given}; a story needs {PROMPT_TOKENS} and {ALL_TOKENS}",
            "deploy the model again with larger MAX_INPUT_LENGTH and MAX_TOTAL_TOKENS",
        )
    return True, f"{_words(accepted)} of a prompt and {_words(total)} in all, which suffices", ""


def _words(limits: list[int]) -> str:
    return str(min(limits)) if limits else "any number"


def _environments(case: Case) -> Iterator[Mapping[str, str]]:
    what = f"the SageMaker endpoint {case.endpoint}"
    described = case.call("sagemaker", "describe_endpoint", what, EndpointName=case.endpoint)
    name = described["EndpointConfigName"]
    config = case.call("sagemaker", "describe_endpoint_config", what, EndpointConfigName=name)
    models = [each["ModelName"] for each in config["ProductionVariants"] if "ModelName" in each]
    if not models:
        raise unsure(f"{what} has inference components, whose limits are not looked up")
    for name in models:
        model = case.call("sagemaker", "describe_model", f"the model {name}", ModelName=name)
        for container in [model.get("PrimaryContainer", {}), *model.get("Containers", ())]:
            yield container.get("Environment", {})


def check_concurrency(stack: Stack, case: Case) -> Result:
    what = "AWS Lambda's account settings"
    settings = case.call("lambda", "get_account_settings", what, "AccountLimit")
    limit = int(settings["AccountLimit"]["ConcurrentExecutions"])
    needed = stack.reserved + _UNRESERVABLE
    if stack.reserved and limit < needed:
        return (
            False,
            f"{limit} executions at once in {case.region}; {stack.stage} reserves {stack.reserved}, and "
            f"{_UNRESERVABLE} cannot be reserved",
            f"ask for {needed} (Service Quotas, AWS Lambda, Concurrent executions), or deploy with "
            "PARAMETERS='TriggerConcurrency=-1 WorkerConcurrency=-1'",
        )
    # The API's function waits while another one works.
    return True, f"{limit} executions at once, enough for {limit // 2} stories", ""


def check_alarm_address(stack: Stack, case: Case) -> Result:
    if stack.alarm_email:
        return True, "alarms and the budget are mailed", ""
    if stack.stage != "prod":
        return True, "none: alarms are in the console only, and there is no budget", ""
    todo = "deploy with PARAMETERS='AlarmEmail=me@example.org'"
    return False, "nobody is mailed when stories fail or cost too much", todo
