"""The SageMaker SDK, unpatched, deploys Falcon from JumpStart to the local AWS and asks it for a story."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from infra.local_aws import LocalAws, jumpstart
from infra.local_aws.hostnames import hostnames

# What a notebook does. In a process of its own: the SDK warns as it is imported, and takes seconds.
NOTEBOOK = """
import json, sys
from sagemaker.core.jumpstart.configs import JumpStartConfig
from sagemaker.core.training.configs import Compute
from sagemaker.serve.model_builder import ModelBuilder

model, role, name = sys.argv[1:]
builder = ModelBuilder.from_jumpstart_config(
    JumpStartConfig(model_id=model),
    role_arn=role,
    compute=Compute(instance_type="ml.g5.2xlarge", instance_count=1),
)
built = builder.build()
endpoint = builder.deploy(endpoint_name=name, wait=False)
seen = [endpoint.refresh().endpoint_status]
endpoint.wait_for_status("InService", poll=1, timeout=60)  # its own wait looks every 30 s
seen.append(endpoint.endpoint_status)
asked = json.dumps({"inputs": "A story.", "parameters": {"max_new_tokens": 40, "return_full_text": False}})
told = endpoint.invoke(body=asked.encode(), content_type="application/json")
endpoint.delete()
answer = {"seen": seen, "said": json.loads(told.body.read()), "image": built.primary_container.image}
print("ANSWER", json.dumps(answer))
"""


@pytest.fixture
def environment(aws: LocalAws) -> Iterator[dict[str, str]]:
    with hostnames(aws.account) as more:
        yield {**os.environ, **aws.environment, **more}


def test_falcon_is_deployed_from_jumpstart_invoked_and_taken_down(
    aws: LocalAws, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws.options, "endpoint_delay", 1.0)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            NOTEBOOK,
            jumpstart.MODEL_ID,
            jumpstart.role_of(aws.account),
            "from-jumpstart",
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(done.stdout.rpartition("ANSWER ")[2])
    assert answer["seen"] == ["Creating", "InService"]
    assert answer["said"][0]["generated_text"]
    assert "tgi-inference:made-up" in answer["image"]
    assert "MADE UP" in done.stdout + done.stderr
    assert (aws.requests("CreateEndpoint"), aws.requests("InvokeEndpoint")) == (1, 1)
    with aws.client("sagemaker") as sagemaker:
        told = sagemaker.describe_endpoint_config(EndpointConfigName="from-jumpstart")
    assert told["ProductionVariants"][0]["InstanceType"] == "ml.g5.2xlarge"


def test_everything_in_the_bucket_says_that_it_is_made_up(aws: LocalAws) -> None:
    bucket = jumpstart.bucket_of(aws.account.region)
    with aws.client("s3") as s3:
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]]
        bodies = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys}
    manifest = json.loads(bodies.pop("models_manifest.json"))
    assert [one["model_id"] for one in manifest] == [jumpstart.MODEL_ID]
    assert manifest[0]["spec_key"] in bodies
    assert json.loads(bodies.pop("proprietary-sdk-manifest.json")) == []
    assert all("MADE UP for the local AWS" in body for body in bodies.values())


def test_the_proxy_answers_for_names_of_aws_alone(environment: dict[str, str]) -> None:
    """Whoever asks for another host is refused: nothing leaves the machine."""
    proxy = urllib.request.ProxyHandler({"https": environment["HTTPS_PROXY"]})
    trusting = ssl.create_default_context(cafile=environment["AWS_CA_BUNDLE"])
    opener = urllib.request.build_opener(proxy, urllib.request.HTTPSHandler(context=trusting))
    with pytest.raises(urllib.error.URLError, match="403"):
        opener.open("https://example.com/", timeout=5)
