"""What a person fills in: the parameters of a run of story_catalog, and its review."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param

_ANSWER_WITHIN = timedelta(days=3)


def run_params(profiles: Sequence[str]) -> dict[str, Any]:
    """profiles: to choose from, the default first."""
    return {
        "catalog": Param(
            os.environ.get("STORIES_CATALOG") or "catalogs/bedtime.yaml",
            type="string",
            minLength=1,
            title="Catalog file",
            description="YAML, CSV or JSON Lines, on the workers' disk; {date} is the day of the run",
        ),
        "profile": Param(
            os.environ.get("STORIES_PROFILE") or profiles[0],
            type="string",
            enum=list(profiles),
            title="Profile",
            description="Which engines write, translate and speak",
        ),
        "chunk_size": Param(
            0,
            type="integer",
            minimum=0,
            maximum=10_000,
            title="Stories in a chunk",
            description="0: by the engines' speed",
        ),
        "budget": Param(
            None,
            type=["null", "number"],
            minimum=0,
            title="Budget, US$",
            description="In place of the catalog's own; the run stops cleanly there",
        ),
        "dry_run": Param(
            False, type="boolean", title="Dry run", description="Log calls, hours and money; make nothing"
        ),
    }


def approval() -> ApprovalOperator:
    return ApprovalOperator(
        task_id="approve",
        subject="Publish the stories of {{ params.catalog }}?",
        body="{{ ti.xcom_pull(task_ids='review', key='shown') }}",
        params={
            "withhold": Param(
                None,
                type=["null", "string"],
                title="Ids of stories to leave out",
                description="As the list shows them, with spaces between",
            )
        },
        response_timeout=_ANSWER_WITHIN,
        execution_timeout=None,
        retries=0,  # a retry would ask again after the three days
    )
