"""The deployment pipeline; `make lint` checks it against GitHub's schema."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tests.infra.cloudformation import ROOT


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load((ROOT / "infra/ci" / name).read_text("utf-8"), yaml.BaseLoader)
    return content


WHOLE, STAGE = _read("deploy.yml"), _read("deploy-stage.yml")


def test_prod_is_deployed_after_tests_package_and_dev() -> None:
    needs = {name: job.get("needs") for name, job in WHOLE["jobs"].items()}
    assert needs == {"test": None, "package": "test", "dev": "package", "prod": "dev"}


def test_a_stage_is_an_environment_which_prods_reviewers_approve() -> None:
    assert STAGE["jobs"]["deploy"]["environment"] == "${{ inputs.stage }}"
    assert {WHOLE["jobs"][name]["with"]["stage"] for name in ("dev", "prod")} == {"dev", "prod"}


def test_a_pull_request_is_never_deployed() -> None:
    for name in ("dev", "prod"):
        assert "github.event_name != 'pull_request'" in WHOLE["jobs"][name]["if"]
        assert "refs/heads/main" in WHOLE["jobs"][name]["if"]


def test_only_deploying_jobs_may_request_a_token_and_no_key_is_stored() -> None:
    assert WHOLE["permissions"] == STAGE["permissions"] == {"contents": "read"}
    permitted = {name for name, job in WHOLE["jobs"].items() if "id-token" in job.get("permissions", {})}
    assert permitted == {"dev", "prod"}
    both = "".join((ROOT / "infra/ci" / name).read_text() for name in ("deploy.yml", "deploy-stage.yml"))
    assert "secrets." not in both


def test_actions_are_pinned_and_no_shell_contains_an_expression() -> None:
    steps = [
        step for file in (WHOLE, STAGE) for job in file["jobs"].values() for step in job.get("steps", ())
    ]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w./-]+@(v\d+(\.\d+)*|[0-9a-f]{40})", action) for action in used)
    assert not any("${{" in step.get("run", "") for step in steps)
