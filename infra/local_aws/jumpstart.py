"""SageMaker JumpStart: its bucket, with the catalog of one model. All of its content is made up.

The SDK reads `models_manifest.json` and the model's specification from the region's public bucket. The real
ones are Amazon's; these have the fields that the SageMaker SDK 3's ModelBuilder reads, and a notice. The SDK
also calls STS by its host name, which needs hostnames.hostnames().
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from infra.local_aws.account import Account
from infra.local_aws.validation import MAX_INPUT_TOKENS, MAX_TOTAL_TOKENS

MODEL_ID = "huggingface-llm-falcon-7b-instruct-bf16"
VERSION = "0.0.1"
NOTICE = (
    "MADE UP for the local AWS of mvp-stories: not Amazon's metadata. There is no model behind it, and no "
    "image or artifact that it names can be fetched."
)
ROLE = "stories-studio"
_INSTANCE = "ml.g5.2xlarge"
_INSTANCES = (
    "ml.g5.2xlarge ml.g5.4xlarge ml.g5.8xlarge ml.g5.12xlarge ml.g5.16xlarge ml.g5.24xlarge ml.g5.48xlarge"
).split()
# The SDK derives the container's kind from its image's name, and expects a registry of AWS's form.
_REGISTRY = "000000000000.dkr.ecr.{}.amazonaws.com"
_IMAGE = "huggingface-pytorch-tgi-inference:made-up-for-local-aws"
_SPEC = f"made_up_for_local_aws/{MODEL_ID}/specs_v{VERSION}.json"
_ARTIFACTS = f"made_up_for_local_aws/{MODEL_ID}/artifacts/"

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def bucket_of(region: str) -> str:
    """The bucket's name in the SDK's region_config.json."""
    return f"jumpstart-cache-prod-{region}"


def role_of(account: Account) -> str:
    """The ARN of a role that SageMaker may assume; the SDK reads its trust policy."""
    return f"arn:aws:iam::{account.id}:role/{ROLE}"


def seed(account: Account) -> None:
    """Creates the bucket and the role."""
    with account.client("iam") as iam, suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(_TRUST))
    bucket = bucket_of(account.region)
    objects = {
        "models_manifest.json": json.dumps(_manifest()),
        "proprietary-sdk-manifest.json": "[]",
        _SPEC: json.dumps(_spec(account.region)),
        f"{_ARTIFACTS}README.txt": NOTICE,
    }
    with account.client("s3") as s3:
        s3.create_bucket(Bucket=bucket)
        for key, body in objects.items():
            s3.put_object(Bucket=bucket, Key=key, Body=body.encode(), ContentType="application/json")


def _manifest() -> list[dict[str, Any]]:
    return [
        {
            "model_id": MODEL_ID,
            "version": VERSION,
            "min_version": "2.0.0",
            "spec_key": _SPEC,
            "search_keywords": [NOTICE],
        }
    ]


def _spec(region: str) -> dict[str, Any]:
    environment = {
        "ENDPOINT_SERVER_TIMEOUT": "3600",
        "MAX_INPUT_LENGTH": str(MAX_INPUT_TOKENS),
        "MAX_TOTAL_TOKENS": str(MAX_TOTAL_TOKENS),
    }
    return {
        "model_id": MODEL_ID,
        "url": "https://local.invalid/made-up",
        "version": VERSION,
        "min_sdk_version": "2.0.0",
        "usage_info_message": NOTICE,
        "training_supported": False,
        "incremental_training_supported": False,
        "hosting_instance_type_variants": {
            "regional_aliases": {region: {"made_up": f"{_REGISTRY.format(region)}/{_IMAGE}"}},
            "variants": {"g5": {"regional_properties": {"image_uri": "$made_up"}}},
        },
        "hosting_artifact_key": _ARTIFACTS,
        "hosting_prepacked_artifact_key": _ARTIFACTS,
        "hosting_use_script_uri": False,
        "inference_environment_variables": [
            {
                "name": name,
                "type": "text",
                "default": value,
                "scope": "container",
                "required_for_model_class": True,
            }
            for name, value in environment.items()
        ],
        "inference_vulnerable": False,
        "inference_dependencies": [],
        "inference_vulnerabilities": [],
        "deprecated": False,
        "default_inference_instance_type": _INSTANCE,
        "supported_inference_instance_types": _INSTANCES,
        "inference_enable_network_isolation": True,
        "inference_volume_size": 256,
        "model_kwargs": {},
        "deploy_kwargs": {
            "model_data_download_timeout": 1200,
            "container_startup_health_check_timeout": 1200,
        },
        "predictor_specs": {
            "supported_content_types": ["application/json"],
            "supported_accept_types": ["application/json"],
            "default_content_type": "application/json",
            "default_accept_type": "application/json",
        },
        "resource_name_base": "hf-llm-falcon-7b-instruct-bf16",
        "dynamic_container_deployment_supported": False,
    }
