from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.errors import answered
from pipeline.errors import ConfigError, UnavailableError
from tests.engines.aws.loopback import Asked, Loopback, account

Call = Callable[[Any], Any]
ARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:stories"
# The most requests that one call may become: limits.md, "boto3 retries".
CALLS: dict[str, tuple[int, Call]] = {
    "sagemaker-runtime": (2, lambda one: one.invoke_endpoint(EndpointName="e", Body=b"{}")),
    "translate": (
        3,
        lambda one: one.translate_text(Text="a", SourceLanguageCode="en", TargetLanguageCode="fr"),
    ),
    "polly": (3, lambda one: one.synthesize_speech(Text="a", OutputFormat="mp3", VoiceId="Joanna")),
    "s3": (5, lambda one: one.get_object(Bucket="b", Key="k")),
    "stepfunctions": (1, lambda one: one.start_sync_execution(stateMachineArn=ARN)),
    "sts": (3, lambda one: one.get_caller_identity()),
}


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    account(monkeypatch)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with Loopback(lambda asked: asked.reply(b"{}")) as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
        yield made


@pytest.mark.parametrize("service", CALLS)
def test_a_service_that_hangs_is_asked_so_often_and_no_more(server: Loopback, service: str) -> None:
    attempts, call = CALLS[service]
    server.script = Asked.hang
    client = Clients(timeouts={service: 0.1}).get(service)
    with pytest.raises(UnavailableError, match="did not answer in time"), answered(service, "It"):
        call(client)
    client.close()
    assert server.settled(attempts) == attempts


@pytest.mark.parametrize("service", CALLS)
def test_a_broken_service_is_asked_so_often_and_no_more(server: Loopback, service: str) -> None:
    attempts, call = CALLS[service]
    server.script = lambda asked: asked.reply(b"", 503)
    client = Clients().get(service)
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="unavailable"), answered(service, "It"):
        call(client)
    client.close()
    assert len(server.seen) == attempts
    assert time.monotonic() - began < 20  # botocore's longest wait between two tries


@pytest.mark.parametrize("service", CALLS)
def test_a_state_machine_that_retries_lets_each_paid_service_be_asked_once(
    server: Loopback, service: str
) -> None:
    """S3's retries are part of its protocol, and a second layer for its failures there is none."""
    server.script = lambda asked: asked.reply(b"", 503)
    client = Clients(attempts=1).get(service)
    with pytest.raises(UnavailableError), answered(service, "It"):
        CALLS[service][1](client)
    client.close()
    assert len(server.seen) == (5 if service == "s3" else 1)


def test_attempts_that_are_not_told_are_each_services_own(server: Loopback) -> None:
    server.script = lambda asked: asked.reply(b"", 503)
    client = Clients(attempts=0).get("polly")
    with pytest.raises(UnavailableError), answered("polly", "Amazon Polly"):
        client.describe_voices()
    client.close()
    assert len(server.seen) == 3


def test_the_environment_does_not_raise_the_number_of_attempts(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "9")
    monkeypatch.setenv("AWS_RETRY_MODE", "legacy")
    server.script = lambda asked: asked.reply(b"", 500)
    client = Clients().get("polly")
    with pytest.raises(UnavailableError), answered("polly", "Amazon Polly"):
        client.describe_voices()
    client.close()
    assert len(server.seen) == 3


def test_a_client_waits_as_long_as_its_service_may_take() -> None:
    """An endpoint has 60 s (limits.md: wait 65 to 70), a synchronous execution five minutes."""
    clients = Clients()
    assert 65 <= clients.get("sagemaker-runtime").meta.config.read_timeout <= 70
    assert clients.get("stepfunctions").meta.config.read_timeout > 300
    assert clients.get("polly").meta.config.connect_timeout <= 10


def test_who_asks_is_said_in_the_user_agent(server: Loopback) -> None:
    client = Clients().get("polly")
    client.describe_voices()
    client.close()
    assert "mvp-stories" in server.seen[0].headers["user-agent"]


def test_a_client_is_made_once_however_many_threads_ask() -> None:
    clients = Clients()
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(clients.get, ["polly", "translate"] * 16))
    assert len(set(map(id, made))) == 2


def test_a_missing_region_is_named_with_how_to_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    clients = Clients()  # which does nothing yet
    with pytest.raises(ConfigError, match="set AWS_REGION") as raised:
        clients.get("s3")
    assert raised.value.problem == "no-region"


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_is_found_in_either_variable(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv(variable, "ca-central-1")
    assert Clients().get("polly").meta.region_name == "ca-central-1"


def test_a_region_that_is_given_goes_before_the_environment() -> None:
    assert Clients("us-east-2").get("polly").meta.region_name == "us-east-2"


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("AWS_PROFILE", "nobody", "set AWS_PROFILE to a profile"),
        ("AWS_ENDPOINT_URL_POLLY", "polly.local", "set AWS_ENDPOINT_URL"),
        ("AWS_REGION", "not a region!", "set AWS_REGION"),
    ],
)
def test_what_boto3_cannot_use_is_said_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=words):
        Clients().get("polly")


def test_without_credentials_the_call_says_how_to_set_them(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    client = Clients().get("polly")
    with pytest.raises(ConfigError, match="AWS_PROFILE") as raised, answered("polly", "Amazon Polly"):
        client.describe_voices()
    client.close()
    assert raised.value.problem == "no-credentials"
    assert server.seen == []


def test_a_bucket_on_a_stand_in_is_a_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also where the stand-in has a name, which a bucket could be put before, and a profile wants that."""
    (tmp_path / "config").write_text("[default]\ns3 =\n  addressing_style = virtual\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://localhost:9000")
    client = Clients().get("s3")
    url = client.generate_presigned_url("get_object", Params={"Bucket": "stories", "Key": "a/b"})
    assert url.startswith("http://localhost:9000/stories/a/b?")


def test_a_bucket_at_amazon_is_a_host_of_its_own_region() -> None:
    """The host without a region sends regions since 2019, and new buckets, somewhere else."""
    client = Clients("eu-north-1").get("s3")
    url = client.generate_presigned_url("get_object", Params={"Bucket": "stories", "Key": "a"})
    assert url.startswith("https://stories.s3.eu-north-1.amazonaws.com/a?")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url


def test_what_is_stored_is_sent_with_its_checksum(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    server.script = lambda asked: asked.reply(b"")
    client = Clients().get("s3")
    client.put_object(Bucket="stories", Key="a", Body=b"text")
    client.close()
    assert any(name.startswith("x-amz-checksum-") for name in server.seen[0].headers)


def test_a_synchronous_execution_reaches_a_stand_in_under_its_own_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Loopback(lambda asked: asked.reply(b"{}")) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SFN", server.url)
        client = Clients().get("stepfunctions")
        client.start_sync_execution(stateMachineArn=ARN)
        client.close()
        assert server.seen[0].headers["host"] == server.url.removeprefix("http://")


def test_at_amazon_a_synchronous_execution_has_a_host_of_its_own() -> None:
    assert Clients().get("stepfunctions").meta.config.inject_host_prefix is True


@pytest.mark.parametrize("url", ["https://vpce-1.states.eu-west-1.vpce.amazonaws.com", "http://10.0.0.5"])
def test_only_a_stand_in_on_loopback_loses_the_prefix(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SFN", url)
    assert Clients().get("stepfunctions").meta.config.inject_host_prefix is True


def test_ignored_endpoint_urls_are_ignored_here_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://localhost:9")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    client = Clients().get("s3")
    url = client.generate_presigned_url("get_object", Params={"Bucket": "stories", "Key": "a"})
    assert url.startswith("https://stories.s3.")


def test_to_import_the_engines_is_not_to_import_boto3() -> None:
    told = "import sys, pipeline.engines.aws.sagemaker; assert not {'boto3', 'botocore'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], timeout=30, check=False).returncode == 0
