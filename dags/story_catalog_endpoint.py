"""A SageMaker endpoint for as long as a run writes: an idle endpoint is the largest cost.

The DAG has these tasks with STORIES_ENDPOINT=ephemeral only. STORIES_SAGEMAKER_MODEL: the SageMaker model
to serve, as CreateModel or the deploying notebook made it. STORIES_INSTANCE: the instance's type. Region and
credentials are boto3's; the role needs CreateEndpointConfig,
DescribeEndpointConfig, DeleteEndpointConfig, CreateEndpoint, DescribeEndpoint, DeleteEndpoint and AddTags.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from typing import Any

import story_catalog_tasks as tasks
from airflow.providers.amazon.aws.hooks.sagemaker import SageMakerHook
from airflow.providers.amazon.aws.operators.sagemaker import (
    SageMakerEndpointConfigOperator,
    SageMakerEndpointOperator,
)
from airflow.sdk import XComArg, task, task_group
from botocore.exceptions import ClientError

_INSTANCE = "ml.g5.2xlarge"
# A macro of the DAG: the same name in every task of a run, also after a task was cleared.
_NAME = "{{ stories_endpoint(run_id) }}"
_TAGS = [{"Key": "project", "Value": "mvp-stories"}, {"Key": "stories-run", "Value": _NAME}]
# Loading 15 GB of weights takes 5 to 15 minutes; an endpoint that takes longer has failed.
_CREATED_WITHIN = timedelta(minutes=45)
_LOAD_SECONDS = 1200
_LOOK_SECONDS = 15
# With this package a triggerer can wait in place of a worker.
_CAN_DEFER = find_spec("aiobotocore") is not None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Two tasks: the chunks wait for `created`; `deleted` follows the last chunk's writing."""

    created: Any
    deleted: Any


def ephemeral_endpoint(planned: XComArg) -> Endpoint:
    """Created where there is something to write; deleted however the writing ended."""

    @task_group(group_id="endpoint")
    def group() -> Endpoint:
        configured = SageMakerEndpointConfigOperator(
            task_id="configure", aws_conn_id=None, config=_configuration()
        )
        created = SageMakerEndpointOperator(
            task_id="raise",
            aws_conn_id=None,
            config={"EndpointName": _NAME, "EndpointConfigName": _NAME, "Tags": _TAGS},
            deferrable=_CAN_DEFER,
            check_interval=int(os.environ.get("STORIES_LOOK_SECONDS") or _LOOK_SECONDS),
            max_ingestion_time=int(_CREATED_WITHIN.total_seconds()),
            execution_timeout=_CREATED_WITHIN,
            # An endpoint that could not be created stays, as "Failed", and would block the next try.
            on_retry_callback=_delete_endpoint_of,
            retry_delay=timedelta(minutes=5),
        )
        deleted = lower().as_teardown(setups=[configured, created])
        wanted(planned) >> configured >> created
        return Endpoint(created, deleted)

    return group()


@task.short_circuit(ignore_downstream_trigger_rules=False)
def wanted(chunks: list[int]) -> bool:
    """Skips the endpoint where there is nothing to write."""
    return len(chunks) > 0


# An endpoint that is being created cannot be deleted yet: 25 minutes of tries, and red if it still stands.
@task(retries=8)
def lower() -> None:
    name = tasks.endpoint_name(tasks.run_id())
    _delete_endpoint(name)
    _unless_gone(SageMakerHook(aws_conn_id=None).conn.delete_endpoint_config, EndpointConfigName=name)
    tasks.LOG.info("endpoint %s is deleted", name)


def _configuration() -> dict[str, Any]:
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": os.environ.get("STORIES_SAGEMAKER_MODEL", ""),
        "InstanceType": os.environ.get("STORIES_INSTANCE") or _INSTANCE,
        "InitialInstanceCount": 1,
        "ModelDataDownloadTimeoutInSeconds": _LOAD_SECONDS,
        "ContainerStartupHealthCheckTimeoutInSeconds": _LOAD_SECONDS,
    }
    return {"EndpointConfigName": _NAME, "ProductionVariants": [variant], "Tags": _TAGS}


def _delete_endpoint_of(_: Any) -> None:
    _delete_endpoint(tasks.endpoint_name(tasks.run_id()))


def _delete_endpoint(name: str) -> None:
    _unless_gone(SageMakerHook(aws_conn_id=None).conn.delete_endpoint, EndpointName=name)


def _unless_gone(delete: Any, **named: str) -> None:
    try:
        delete(**named)
    except ClientError as error:
        if "could not find" not in error.response["Error"]["Message"].lower():
            raise
