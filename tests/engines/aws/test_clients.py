from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.errors import mapped_errors
from pipeline.errors import ConfigError, UnavailableError
from tests.engines.aws.loopback import account, count_attempts
from tests.engines.loopback import Loopback, Request

Call = Callable[[Any], Any]
ARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:stories"
TEXT = {"Text": "a", "SourceLanguageCode": "en", "TargetLanguageCode": "fr"}
# The most requests that one call may become.
CALLS: dict[str, tuple[int, Call]] = {
    "sagemaker-runtime": (2, lambda client: client.invoke_endpoint(EndpointName="e", Body=b"{}")),
    "translate": (3, lambda client: client.translate_text(**TEXT)),
    "polly": (5, lambda client: client.synthesize_speech(Text="a", OutputFormat="mp3", VoiceId="Joanna")),
    "s3": (5, lambda client: client.get_object(Bucket="b", Key="k")),
    "stepfunctions": (1, lambda client: client.start_execution(stateMachineArn=ARN)),
    "sts": (3, lambda client: client.get_caller_identity()),
}


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    account(monkeypatch)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with Loopback(lambda request: request.reply(b"{}")) as loopback:
        monkeypatch.setenv("AWS_ENDPOINT_URL", loopback.url)
        yield loopback


def attempts(client: Any, call: Call, words: str | None = None) -> int:
    """How many requests a call becomes that ends as unavailable."""
    sent = count_attempts(client)
    with pytest.raises(UnavailableError, match=words), mapped_errors("polly", "It"):
        call(client)
    client.close()
    return len(sent)


@pytest.mark.parametrize("version", ["1.34.162", "1.35.99"])
def test_an_old_botocore_is_refused_in_words(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """As a Lambda runtime pinned by hand or an old Airflow image brings it."""
    monkeypatch.setattr("botocore.__version__", version)
    with pytest.raises(ConfigError, match=rf"botocore {version} is too old: install 1\.36") as raised:
        Clients().get("polly")
    assert raised.value.problem == "missing-package"


@pytest.mark.parametrize("version", ["1.36.0", "1.100.0", "2.0.0"])
def test_a_newer_botocore_is_accepted(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr("botocore.__version__", version)
    Clients("eu-west-1").get("polly").close()


@pytest.mark.parametrize("service", CALLS)
def test_a_call_becomes_a_bounded_number_of_requests(server: Loopback, service: str) -> None:
    """To a service that hangs, to one that fails, and under a state machine that retries itself.

    S3 and Polly refuse requests as a part of how they work: their retries stay.
    """
    limit, call = CALLS[service]
    server.script = lambda request: request.reply(b"", 503)
    assert attempts(Clients().get(service), call, "is unavailable") == limit
    assert attempts(Clients(attempts=1).get(service), call) == (limit if service in {"s3", "polly"} else 1)
    server.script = Request.hang
    assert attempts(Clients(timeouts={service: 0.1}).get(service), call, "did not answer in time") == limit


def test_the_environment_does_not_raise_the_number_of_attempts(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "9")
    monkeypatch.setenv("AWS_RETRY_MODE", "legacy")
    server.script = lambda request: request.reply(b"", 500)
    assert attempts(Clients().get("polly"), lambda client: client.describe_voices()) == 5


def test_a_client_waits_as_long_as_its_service_may_take() -> None:
    """An endpoint has 60 s (its API reference: wait 70 at most)."""
    clients = Clients()
    assert 65 <= clients.get("sagemaker-runtime").meta.config.read_timeout <= 70
    assert clients.get("polly").meta.config.connect_timeout <= 10


def test_requests_carry_our_user_agent(server: Loopback) -> None:
    client = Clients().get("polly")
    client.describe_voices()
    client.close()
    assert "mvp-stories" in server.received[0].headers["user-agent"]


def test_threads_share_one_client() -> None:
    clients = Clients()
    with ThreadPoolExecutor(16) as pool:
        shared = list(pool.map(clients.get, ["polly", "translate"] * 16))
    assert len(set(map(id, shared))) == 2


def test_the_region_comes_from_the_argument_or_either_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Clients("us-east-2").get("polly").meta.region_name == "us-east-2"
    assert Clients().get("polly").meta.region_name == "eu-west-1"
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ca-central-1")
    assert Clients().get("polly").meta.region_name == "ca-central-1"


@pytest.mark.parametrize(
    ("variable", "value", "words", "problem"),
    [
        ("AWS_PROFILE", "unknown", "set AWS_PROFILE to a profile", "no-credentials"),
        ("AWS_ENDPOINT_URL_POLLY", "polly.local", "set AWS_ENDPOINT_URL", "aws-config"),
        ("AWS_REGION", "not a region!", "set AWS_REGION", "no-region"),
        ("AWS_REGION", "", "set AWS_REGION", "no-region"),
    ],
)
def test_a_setting_that_boto3_cannot_use_is_reported_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str, problem: str
) -> None:
    monkeypatch.setenv(variable, value)
    clients = Clients()  # which does nothing yet
    with pytest.raises(ConfigError, match=words) as raised:
        clients.get("polly")
    assert raised.value.problem == problem


def test_without_credentials_the_call_says_how_to_set_them(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    client = Clients().get("polly")
    with pytest.raises(ConfigError, match="AWS_PROFILE") as raised, mapped_errors("polly", "Amazon Polly"):
        client.describe_voices()
    assert raised.value.problem == "no-credentials"
    assert server.received == []


def presigned(client: Any) -> str:
    return str(client.generate_presigned_url("get_object", Params={"Bucket": "stories", "Key": "a/b"}))


def test_a_bucket_on_a_stand_in_is_a_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also where the stand-in has a name, before which a bucket could be put, and a profile wants that."""
    (tmp_path / "config").write_text("[default]\ns3 =\n  addressing_style = virtual\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://localhost:9000")
    assert presigned(Clients().get("s3")).startswith("http://localhost:9000/stories/a/b?")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert presigned(Clients().get("s3")).startswith("https://stories.s3.")


def test_a_bucket_at_amazon_is_a_host_of_its_own_region() -> None:
    """The host without a region redirects for regions since 2019, and for new buckets."""
    url = presigned(Clients("eu-north-1").get("s3"))
    assert url.startswith("https://stories.s3.eu-north-1.amazonaws.com/a/b?")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url


def test_an_object_is_sent_with_its_checksum(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    server.script = lambda request: request.reply(b"")
    client = Clients().get("s3")
    client.put_object(Bucket="stories", Key="a", Body=b"text")
    client.close()
    assert any(name.startswith("x-amz-checksum-") for name in server.received[0].headers)


def test_importing_the_engines_does_not_import_boto3() -> None:
    code = "import sys, pipeline.engines.aws.sagemaker; assert not {'boto3', 'botocore'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
