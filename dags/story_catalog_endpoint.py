"""A SageMaker endpoint for as long as a run writes: one that idles is what costs most.

The DAG has these tasks with STORIES_ENDPOINT=ephemeral only. STORIES_SAGEMAKER_MODEL: the SageMaker model
that is served, as CreateModel or the deploying notebook made it. STORIES_INSTANCE: the instance's type.
Region and credentials come the usual boto3 way, as everywhere; the role needs CreateEndpointConfig,
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
# A macro of the DAG: the same name in every task of a run, also of one that is cleared.
_NAME = "{{ stories_endpoint(run_id) }}"
_TAGS = [{"Key": "stories-run", "Value": _NAME}]
# Loading 15 GB of weights takes 5 to 15 minutes; longer than this is no endpoint.
_CREATED_WITHIN = timedelta(minutes=45)
_LOAD_SECONDS = 1200
_LOOK_SECONDS = 15
# A triggerer can wait, with no worker's slot held, where it has this package for its requests.
_CAN_DEFER = find_spec("aiobotocore") is not None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What the chunks wait for, and what is to be done after the last was written."""

    raised: Any
    lowered: Any


def ephemeral_endpoint(planned: XComArg) -> Endpoint:
    """Raised where there is something to write; taken down whatever became of that."""

    @task_group(group_id="endpoint")
    def group() -> Endpoint:
        configured = SageMakerEndpointConfigOperator(
            task_id="configure", aws_conn_id=None, config=_configuration()
        )
        raised = SageMakerEndpointOperator(
            task_id="raise",
            aws_conn_id=None,
            config={"EndpointName": _NAME, "EndpointConfigName": _NAME, "Tags": _TAGS},
            deferrable=_CAN_DEFER,
            check_interval=int(os.environ.get("STORIES_LOOK_SECONDS") or _LOOK_SECONDS),
            max_ingestion_time=int(_CREATED_WITHIN.total_seconds()),
            execution_timeout=_CREATED_WITHIN,
            # One that could not be created stays, as "Failed", and would be in the next try's way.
            on_retry_callback=_delete_endpoint_of,
            retry_delay=timedelta(minutes=5),
        )
        lowered = lower().as_teardown(setups=[configured, raised])
        wanted(planned) >> configured >> raised
        return Endpoint(raised, lowered)

    return group()


@task.short_circuit(ignore_downstream_trigger_rules=False)
def wanted(chunks: list[int]) -> bool:
    """Nothing to write: no endpoint."""
    return len(chunks) > 0


# An endpoint that is being created cannot be deleted yet: 25 minutes of tries, and red if it still stands.
@task(retries=8)
def lower() -> None:
    name = tasks.endpoint_name(tasks.run_id())
    _delete_endpoint(name)
    _unless_gone(SageMakerHook(aws_conn_id=None).conn.delete_endpoint_config, EndpointConfigName=name)
    tasks.LOG.info("endpoint %s is taken down", name)


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
