"""The fixtures of this folder's tests."""

from tests.local_aws.fixtures import aws, local_aws

__all__ = ["aws", "local_aws"]
