"""The account's first contents: a private, encrypted bucket, and endpoints in service."""

from __future__ import annotations

from typing import Any

from infra.local_aws.account import Account

BUCKET = "stories-local"
ENDPOINT = "stories-falcon"
CHAT_ENDPOINT = "stories-chat"
OBJECT_ENDPOINT = "stories-object"
ENDPOINTS = (ENDPOINT, CHAT_ENDPOINT, OBJECT_ENDPOINT)
# Not the ml.g5 that the notebooks deploy to: the quota of that type is free.
_INSTANCE = "ml.g4dn.12xlarge"


def make_bucket(account: Account, name: str) -> None:
    with account.client("s3") as s3:
        s3.create_bucket(Bucket=name)
        s3.put_public_access_block(
            Bucket=name,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
        s3.put_bucket_encryption(
            Bucket=name,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        )


def make_endpoint(account: Account, name: str) -> None:
    """A model, its configuration and the endpoint, all called `name`; nothing where the endpoint exists."""
    if account.endpoint(name):
        return
    role = f"arn:aws:iam::{account.id}:role/stories-local"
    image = "local.invalid/text-generation-inference:stand-in"
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InitialInstanceCount": 1,
        "InstanceType": _INSTANCE,
        "InitialVariantWeight": 1.0,
    }
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("CreateModel", {"ModelName": name, "ExecutionRoleArn": role, "PrimaryContainer": {"Image": image}}),
        ("CreateEndpointConfig", {"EndpointConfigName": name, "ProductionVariants": [variant]}),
        ("CreateEndpoint", {"EndpointName": name, "EndpointConfigName": name}),
    )
    for operation, params in steps:
        status, body = account.call_moto("sagemaker", operation, params)
        if status != 200:
            raise RuntimeError(f"{operation} of {name} failed ({status}): {body}")
