"""The deploying notebook's parameters are checked before anything starts, its SDK's refusals explained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipeline import env_file
from pipeline.deployment import Deployment
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.parameters import resolved
from pipeline.errors import ConfigError, EngineError, RequestError, StoriesError
from tests.local_aws import LocalAws

ROOT = Path(__file__).parents[1]
GOOD: dict[str, Any] = {
    "model_id": "huggingface-llm-falcon-7b-instruct-bf16",
    "instance_type": "ml.g5.2xlarge",
    "endpoint_name": "mvp-stories-falcon",
    "role": "",
    "region": "eu-west-1",
    "env_file": "",
    "ssm_parameter": "",
    "autoscale": 0,
    "stories": 3,
    "idea": "a shy snail",
}


def plan(**other: Any) -> Deployment:
    return Deployment.of(**{**GOOD, **other})


def test_what_is_empty_gets_its_usual_value(aws: LocalAws) -> None:
    found = plan(region="")
    assert (found.region, found.env_file) == ("us-east-1", ROOT / ".env")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model_id", ""),
        ("instance_type", "g5.2xlarge"),
        ("endpoint_name", "My_Falcon"),
        ("endpoint_name", "a" * 64),
        ("endpoint_name", "a" + "-a" * 62),
        ("endpoint_name", "-falcon"),
        ("endpoint_name", "endpoint"),
        ("endpoint_name", 7),
        ("role", "arn:aws:iam::123456789012:user/me"),
        ("region", "Europe"),
        ("ssm_parameter", "endpoint"),
        ("autoscale", -1),
        ("autoscale", True),
        ("stories", 0),
        ("stories", "3"),
        ("idea", "two\nlines"),
    ],
)
def test_a_parameter_that_cannot_be_meant_is_named_with_what_it_may_be(name: str, value: Any) -> None:
    with pytest.raises(RequestError) as raised:
        plan(**{name: value})
    assert str(raised.value).startswith(f"{name} = {value!r}: it may be ")


@pytest.mark.parametrize("name", ["a" * 63, "a" + "-a" * 31, "my-endpoint"])
def test_a_name_may_have_63_characters_hyphens_among_them(name: str) -> None:
    assert plan(endpoint_name=name).endpoint_name == name


def test_an_idea_is_refused_before_an_endpoint_is_paid_for() -> None:
    with pytest.raises(StoriesError):
        plan(idea="a gun and a murder")


def test_who_is_calling_is_told_without_a_name(aws: LocalAws) -> None:
    assert plan().caller(Clients()) == "an IAM user, of the account …9012"


def test_a_caller_that_is_no_role_is_asked_for_one() -> None:
    with (
        pytest.raises(ConfigError, match=r"^role = '': .*sagemaker\.amazonaws\.com"),
        plan().asking_for_a_role(),
    ):
        raise ValueError("The current AWS identity is not a role")


def test_what_jumpstart_and_aws_refuse_is_said_in_our_words() -> None:
    with pytest.raises(ConfigError, match="check model_id and instance_type"), plan().deploying():
        raise ValueError("Unable to find\n model")
    told = {"Error": {"Code": "ResourceLimitExceeded", "Message": "limit is 0"}}
    with pytest.raises(EngineError, match="refused the call"), plan().deploying():
        raise ClientError({**told, "ResponseMetadata": {"HTTPStatusCode": 400}}, "CreateEndpoint")


def test_the_name_is_written_where_the_pipeline_reads_it(
    aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORIES_ENDPOINT", "another")
    file = tmp_path / ".env"
    told = plan(env_file=str(file), ssm_parameter="/test/deployment").publish(Clients())
    assert env_file.read(file) == {"STORIES_ENDPOINT": "mvp-stories-falcon", "AWS_REGION": "eu-west-1"}
    assert resolved(Clients(), "ssm:/test/deployment") == "mvp-stories-falcon"
    assert told[1].endswith("STORIES_ENDPOINT=ssm:/test/deployment")
    assert "unset STORIES_ENDPOINT" in told[2]
