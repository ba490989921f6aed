"""The deploying notebook's parameters are checked before anything starts; its SDK's errors are explained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local_aws import LocalAws
from pipeline.config import env_file
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoint.autoscaling import scale
from pipeline.engines.aws.endpoint.status import find_endpoint
from pipeline.engines.aws.endpoint.takedown import take_down
from pipeline.engines.aws.parameters import resolve
from pipeline.errors import ConfigError, EngineError, RequestError, StoriesError
from pipeline.notebooks.deploy import Deployment
from tests.engines.aws.standing import names, quick, stand

NAME = "test-deployment"
ROOT = Path(__file__).parents[2]
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
    "look_seconds": 5,
    "clean_up": False,
    "take_down_on_error": True,
}


def plan(**other: Any) -> Deployment:
    return Deployment.checked(**{**GOOD, **other})


def test_empty_parameters_have_defaults(aws: LocalAws) -> None:
    deployment = plan(region="")
    assert (deployment.region, deployment.env_file) == ("us-east-1", ROOT / ".env")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model_id", ""),
        ("instance_type", "g5.2xlarge"),
        ("endpoint_name", "My_Falcon"),
        ("endpoint_name", "a" * 64),
        ("endpoint_name", "endpoint"),
        ("role", "arn:aws:iam::123456789012:user/me"),
        ("region", "Europe"),
        ("ssm_parameter", "endpoint"),
        ("autoscale", True),
        ("stories", 0),
        ("idea", "two\nlines"),
        ("look_seconds", float("nan")),
        ("clean_up", 1),
        ("take_down_on_error", None),
    ],
)
def test_a_wrong_parameter_is_named_with_what_it_may_be(name: str, value: Any) -> None:
    with pytest.raises(RequestError) as raised:
        plan(**{name: value})
    assert str(raised.value).startswith(f"{name} = {value!r}: it may be ")


@pytest.mark.parametrize("name", ["a" * 63, "a" + "-a" * 31, "my-endpoint"])
def test_a_name_may_have_63_characters_with_hyphens(name: str) -> None:
    assert plan(endpoint_name=name).endpoint_name == name


def test_an_unwritable_env_file_is_rejected_first(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / ".env"):
        with pytest.raises(ConfigError, match="choose another env_file"):
            plan(env_file=str(path))
    deployment = plan(env_file=str(tmp_path / "new" / "folder" / ".env"))
    assert not deployment.env_file.parent.exists()


def test_an_unsuitable_idea_is_rejected_first() -> None:
    with pytest.raises(StoriesError):
        plan(idea="a gun and a murder")


def test_the_caller_is_described_without_a_name_and_has_to_be_a_role(aws: LocalAws) -> None:
    assert plan().caller(Clients()) == "an IAM user, of the account …9012"
    with (
        pytest.raises(ConfigError, match=r"^role = '': .*sagemaker\.amazonaws\.com"),
        plan().explained_role_error(),
    ):
        raise ValueError("The current AWS identity is not a role")


def test_errors_of_jumpstart_and_aws_are_explained() -> None:
    with pytest.raises(ConfigError, match="check model_id and instance_type"), plan().explained_errors():
        raise ValueError("Unable to find\n model")
    response = {"Error": {"Code": "ResourceLimitExceeded", "Message": "limit is 0"}}
    with pytest.raises(EngineError, match="refused the call"), plan().explained_errors():
        raise ClientError({**response, "ResponseMetadata": {"HTTPStatusCode": 400}}, "CreateEndpoint")


def test_the_endpoint_is_published_to_env_file_and_ssm(
    aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORIES_ENDPOINT", "another")
    file = tmp_path / ".env"
    lines = plan(env_file=str(file), ssm_parameter="/test/deployment").publish(Clients())
    assert env_file.read(file) == {"STORIES_ENDPOINT": "mvp-stories-falcon", "AWS_REGION": "eu-west-1"}
    assert resolve(Clients(), "ssm:/test/deployment") == "mvp-stories-falcon"
    assert lines[1].endswith("STORIES_ENDPOINT=ssm:/test/deployment")
    assert "unset STORIES_ENDPOINT" in lines[2]


@pytest.mark.parametrize(
    ("model", "more"), [(GOOD["model_id"], 0), ("huggingface-llm-falcon-40b-instruct-bf16", 1)]
)
def test_another_model_than_the_profiles_is_announced_and_not_written(
    model: str, more: int, aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORIES_ENDPOINT", raising=False)
    file = tmp_path / ".env"
    lines = plan(model_id=model, env_file=str(file)).publish(Clients())
    assert len(lines) == 1 + more
    assert "STORIES_MODEL" not in env_file.read(file)
    assert all(line.startswith(f"STORIES_MODEL={model} is needed for --profile aws") for line in lines[1:])


@pytest.fixture
def standing(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    quick(aws, monkeypatch)
    stand(aws, NAME)
    yield plan(endpoint_name=NAME, autoscale=1)
    take_down(Clients(), NAME, every=0.05)


def test_an_existing_endpoint_is_described_and_not_cleared(standing: Deployment, aws: LocalAws) -> None:
    endpoint = find_endpoint(Clients(), NAME)
    assert standing.describe(None) == "is not there yet"
    assert standing.describe(endpoint).endswith(", on 1 x ml.g5.2xlarge")
    other = plan(endpoint_name=NAME, instance_type="ml.g5.12xlarge").describe(endpoint)
    assert "on 1 x ml.g5.2xlarge: it is used as it is, not on the ml.g5.12xlarge" in other
    before = names(aws)
    with pytest.raises(ConfigError, match=f"stories endpoints delete {NAME}"):
        standing.clear(Clients())
    assert names(aws) == before


def test_leftovers_of_an_interrupted_deployment_are_cleared(standing: Deployment, aws: LocalAws) -> None:
    take_down(Clients(), NAME, keep_model=True, every=0.05)
    assert standing.clear(Clients()) == (f"model {NAME}",)
    assert standing.clear(Clients()) == ()
    assert NAME not in names(aws)["models"]


def test_scaling_of_an_earlier_run_is_removed_unless_that_is_denied(
    standing: Deployment, aws: LocalAws
) -> None:
    class Denied(Clients):
        def get(self, service: str) -> object:
            if service == "application-autoscaling":
                raise ConfigError("not allowed", problem="access-denied")
            return super().get(service)

    clients = Clients()
    endpoint = find_endpoint(clients, NAME)
    assert endpoint
    (resource,) = scale(clients, endpoint, 3, 7.0)
    assert standing.unscale(clients) == (f"an earlier run let {resource} have up to 3 instances: no more",)
    assert resource not in names(aws)["targets"]
    assert standing.unscale(clients) == ()
    (line,) = standing.unscale(Denied())
    assert line.endswith("is not known: not allowed")


def test_the_endpoint_has_the_tag_of_the_bill(standing: Deployment, aws: LocalAws) -> None:
    endpoint = find_endpoint(Clients(), NAME)
    assert endpoint
    assert standing.tag(Clients(), endpoint).startswith("tagged")
    with aws.client("sagemaker") as client:
        tags = client.list_tags(ResourceArn=endpoint.arn)["Tags"]
    assert {"Key": "project", "Value": "mvp-stories"} in tags
    gone = replace(endpoint, arn=endpoint.arn + "-gone")
    assert standing.tag(Clients(), gone).startswith("not tagged for the bill: ")


@pytest.mark.parametrize(
    ("mine", "wanted", "error", "stays"),
    [
        (True, True, RuntimeError, False),
        (False, True, RuntimeError, True),
        (True, False, RuntimeError, True),
        (True, True, KeyboardInterrupt, True),
    ],
)
def test_an_error_takes_down_the_endpoint_that_this_run_created(
    standing: Deployment, aws: LocalAws, mine: bool, wanted: bool, error: type[BaseException], stays: bool
) -> None:
    deployment = replace(standing, take_down_on_error=wanted, look_seconds=0.05)
    notes: list[str] = []
    with pytest.raises(error), deployment.guarded(Clients(), mine, notes.append):
        raise error
    assert (NAME in names(aws)["endpoints"]) is stays
    assert bool(notes) is not stays
