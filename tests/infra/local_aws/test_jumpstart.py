"""JumpStart's bucket, and the proxy for AWS's host names; tests/notebooks deploys Falcon with both."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request

import boto3
import pytest

from infra.local_aws import LocalAws, jumpstart
from infra.local_aws.hostnames import hostnames


def test_every_object_in_the_bucket_has_the_notice(aws: LocalAws) -> None:
    bucket = jumpstart.bucket_of(aws.account.region)
    with aws.client("s3") as s3:
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
        bodies = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys}
    manifest = json.loads(bodies.pop("models_manifest.json"))
    assert [entry["model_id"] for entry in manifest] == [jumpstart.MODEL_ID]
    assert manifest[0]["spec_key"] in bodies
    assert json.loads(bodies.pop("proprietary-sdk-manifest.json")) == []
    assert all("MADE UP for the local AWS" in body for body in bodies.values())


def test_the_proxy_answers_for_aws_and_refuses_other_hosts(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hostnames(aws.account) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        sts = boto3.client("sts", endpoint_url="https://sts.us-east-1.amazonaws.com")
        assert [sts.get_caller_identity()["Account"] for _ in range(2)] == ["123456789012"] * 2
        sts.close()
        proxy = urllib.request.ProxyHandler({"https": environment["HTTPS_PROXY"]})
        trusting = ssl.create_default_context(cafile=environment["AWS_CA_BUNDLE"])
        opener = urllib.request.build_opener(proxy, urllib.request.HTTPSHandler(context=trusting))
        with pytest.raises(urllib.error.URLError, match="403"):
            opener.open("https://example.com/", timeout=30)
