"""Puts the workflow into a local AWS: the file that template.yaml deploys, with its substitutions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from infra.cloudformation import SAFE_LOADER
from infra.local_aws.server import LocalAws

MACHINE = "MvpStoriesWorkflow"
# The module whose FUNCTIONS are the handlers (account.Options.lambdas).
HANDLERS = "pipeline.lambdas"
# The handlers' environment beside the endpoint and the bucket (template.yaml): only the state machine
# retries. Not for other processes: without a state machine, the first throttling would be final.
ENVIRONMENT = {"STORIES_PROFILE": "aws", "STORIES_ATTEMPTS": "1"}
# DefinitionSubstitutions of template.yaml, as function names; Partition is apart.
SUBSTITUTIONS = {
    "GenerateFunction": "MvpStoriesGenerate",
    "TranslateFunction": "MvpStoriesTranslate",
    "TextToSpeechFunction": "MvpStoriesTextToSpeech",
    "RecordFailureFunction": "MvpStoriesRecordFailure",
}
_FILE = Path(__file__).parents[1] / "workflow.asl.yaml"


def definition(aws: LocalAws) -> dict[str, Any]:
    """The file's states, with the account's ARNs. Raises ValueError: an unknown substitution."""
    text = _FILE.read_text("utf-8").replace("${Partition}", "aws")
    for name, function in SUBSTITUTIONS.items():
        text = text.replace(f"${{{name}}}", aws.account.arn("lambda", f"function:{function}"))
    if "${" in text:
        raise ValueError(f"{_FILE.name} has an unknown substitution: {text[text.index('${') :][:40]}")
    states: dict[str, Any] = yaml.load(text, SAFE_LOADER)
    return states


def deploy(aws: LocalAws, states: dict[str, Any] | None = None, name: str = MACHINE) -> str:
    """The machine's ARN; a second call changes nothing. states: another definition, with its own name."""
    with aws.client("stepfunctions") as client:
        machine = client.create_state_machine(
            name=name,
            definition=json.dumps(states or definition(aws)),
            roleArn=f"arn:aws:iam::{aws.account.id}:role/{MACHINE}",
            type="EXPRESS",
        )
    arn: str = machine["stateMachineArn"]
    return arn
