"""What is missing before `make deploy`, in words: the doctor on a stack. Run by the Python of .venv-infra."""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from infra.findings import report
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.doctor import PATIENCE, Stack, examine_deployment
from pipeline.engines.aws.voices import read_table

STAGES = Path(__file__).parent / "stages"
# Functions with WorkerConcurrency in template.yaml: all but the API's, and one more where the stack pushes.
WORKERS = 4


def stack_of(stage: str, endpoint: str, bedrock: str, parameters: Sequence[str]) -> Stack:
    """parameters: as for `sam deploy`, "Auth=cognito"; they go before the stage's file."""
    values = yaml.safe_load((STAGES / f"{stage}.yaml").read_text("utf-8"))
    values |= dict(word.partition("=")[::2] for word in parameters)
    # -1: none is reserved.
    trigger, each = (max(0, int(values.get(f"{name}Concurrency", -1))) for name in ("Trigger", "Worker"))
    workers = WORKERS + (values.get("Push") == "on")
    return Stack(stage, endpoint, bedrock, trigger + workers * each, values.get("AlarmEmail", ""))


def main(arguments: list[str]) -> int:
    """Exit status 1 where something is missing, unless forced. What could not be looked at stops nothing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--stage", required=True)
    parser.add_argument("--endpoint", default="", help="of SageMaker")
    parser.add_argument("--bedrock", default="", help="a model's id in the endpoint's place")
    parser.add_argument("parameters", nargs="*", help="more of template.yaml's, as Name=value")
    parser.add_argument("--force", action="store_true", help="go on, whatever is missing")
    options = parser.parse_args(arguments)
    stack = stack_of(options.stage, options.endpoint, options.bedrock, options.parameters)
    failed = report(examine_deployment(Clients(timeouts=PATIENCE), stack, read_table()))
    if failed:
        names = ", ".join(finding.name for finding in failed)
        end = "going on by FORCE=1" if options.force else "see above for what to do, or go on with FORCE=1"
        print(f"not ready for a deployment to {stack.stage}: {names}; {end}", file=sys.stderr)
    return 1 if failed and not options.force else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
