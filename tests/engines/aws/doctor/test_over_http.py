"""Over HTTP: moto as it is, and services that hang."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from moto.server import ThreadedMotoServer

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.doctor import PATIENCE
from tests.engines.aws.doctor.cloud import BUCKET, FOUR, NAMES, NUMBER, REGION, found, states
from tests.engines.aws.loopback import Asked, Loopback


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    yield
    server.stop()


def close(clients: Clients) -> None:
    for service in ("sts", "sagemaker", "s3", "polly", "iam"):
        clients.get(service).close()


def test_over_moto_a_bucket_and_an_endpoint_are_looked_at_as_they_are(moto: None) -> None:
    clients = Clients(timeouts=PATIENCE)
    s3, sagemaker = clients.get("s3"), clients.get("sagemaker")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    missing = found(clients)
    assert states(missing, "region", "credentials", "bucket", "bucket region", "clock") == {True}
    assert missing["endpoint"].passed is False
    assert "STORIES_ENDPOINT" in missing["endpoint"].todo
    assert missing["bucket private"].passed is False
    assert "3333" not in missing["credentials"].told

    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=dict.fromkeys(FOUR, True))
    variant = {
        "VariantName": "A",
        "ModelName": "m",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m4.xlarge",
    }
    role = f"arn:aws:iam::{NUMBER}:role/stories"
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": "made/up:1"})
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="stories-falcon", EndpointConfigName="c")
    mended = found(clients, endpoint="stories-falcon")
    assert states(mended, "endpoint", "bucket private") == {True}
    # moto has no simulation: the write is made, and is found again.
    assert mended["permissions"].passed is None
    assert mended["bucket writable"].passed is True
    assert s3.get_object(Bucket=BUCKET, Key="doctor/probe.json")["Body"].read() == b"{}"
    assert found(clients, endpoint="stories-falcon")["bucket writable"].passed is True
    close(clients)


def test_services_that_hang_are_asked_a_few_times_each_and_then_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    clients = Clients(timeouts=dict.fromkeys(PATIENCE, 0.2))
    with Loopback(Asked.hang) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        started = time.monotonic()
        findings = found(clients)
        took = time.monotonic() - started
        close(clients)
        # 3 each of STS, SageMaker and Polly, 5 of S3; IAM has nobody to be asked about.
        assert server.settled(14) == 14
    assert states(findings, *NAMES[1:]) == {None}
    assert took < 30  # one of them heard out would be 60


def test_the_time_in_which_nothing_answers_is_minutes_at_worst() -> None:
    assert set(PATIENCE) == {"sts", "sagemaker", "s3", "polly", "iam"}
    assert max(PATIENCE.values()) <= 15
