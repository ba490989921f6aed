"""Puts the workflow into a local AWS: the very file that template.yaml deploys, with its substitutions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from infra.local_aws.server import LocalAws

MACHINE = "MvpStoriesWorkflow"
# A module whose FUNCTIONS are the handlers, as `lambdas` of options.Options takes it.
HANDLERS = "pipeline.lambdas"
# What the handlers are deployed with beside the endpoint and the bucket (template.yaml): the state machine
# alone asks again. Not for other processes: who runs no state machine would give up at the first throttling.
ENVIRONMENT = {"STORIES_PROFILE": "aws", "STORIES_ATTEMPTS": "1"}
# DefinitionSubstitutions of template.yaml, as function names.
SUBSTITUTIONS = {
    "GenerateFunction": "MvpStoriesGenerate",
    "TranslateFunction": "MvpStoriesTranslate",
    "TextToSpeechFunction": "MvpStoriesTextToSpeech",
    "RecordFailureFunction": "MvpStoriesRecordFailure",
}
_FILE = Path(__file__).parents[2] / "infra" / "workflow.asl.yaml"


def definition(aws: LocalAws) -> dict[str, Any]:
    """The file's states, with the account's ARNs. Raises ValueError: something is left to substitute."""
    account, text = aws.account, _FILE.read_text("utf-8")
    for name, function in SUBSTITUTIONS.items():
        text = text.replace(
            f"${{{name}}}", f"arn:aws:lambda:{account.region}:{account.id}:function:{function}"
        )
    if "${" in text:
        raise ValueError(f"a substitution of {_FILE.name} is not known here: {text[text.index('${') :][:40]}")
    read: dict[str, Any] = yaml.safe_load(text)
    return read


def deploy(aws: LocalAws, states: dict[str, Any] | None = None, name: str = MACHINE) -> str:
    """The machine's ARN; twice is once. states: another definition, under a name of its own."""
    with aws.client("stepfunctions") as client:
        made = client.create_state_machine(
            name=name,
            definition=json.dumps(states or definition(aws)),
            roleArn=f"arn:aws:iam::{aws.account.id}:role/{MACHINE}",
            type="EXPRESS",
        )
    arn: str = made["stateMachineArn"]
    return arn
