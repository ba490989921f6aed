"""The deploying notebook's parameters are checked before anything starts, its SDK's refusals explained."""

from __future__ import annotations

from collections.abc import Iterator
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
        ("look_seconds", 0),
        ("look_seconds", 61),
        ("look_seconds", True),
        ("look_seconds", float("nan")),
        ("clean_up", "no"),
        ("clean_up", 1),
    ],
)
def test_a_parameter_that_cannot_be_meant_is_named_with_what_it_may_be(name: str, value: Any) -> None:
    with pytest.raises(RequestError) as raised:
        plan(**{name: value})
    assert str(raised.value).startswith(f"{name} = {value!r}: it may be ")


@pytest.mark.parametrize("name", ["a" * 63, "a" + "-a" * 31, "my-endpoint"])
def test_a_name_may_have_63_characters_hyphens_among_them(name: str) -> None:
    assert plan(endpoint_name=name).endpoint_name == name


def test_an_env_file_that_cannot_be_written_is_said_before_an_endpoint_is_paid_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for told in (tmp_path, tmp_path / "file" / ".env"):
        with pytest.raises(ConfigError, match="choose another env_file"):
            plan(env_file=str(told))
    made = plan(env_file=str(tmp_path / "new" / "folder" / ".env"))
    assert not made.env_file.parent.exists()


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
    assert resolve(Clients(), "ssm:/test/deployment") == "mvp-stories-falcon"
    assert told[1].endswith("STORIES_ENDPOINT=ssm:/test/deployment")
    assert "unset STORIES_ENDPOINT" in told[2]


@pytest.mark.parametrize(
    ("model", "more"), [(GOOD["model_id"], 0), ("huggingface-llm-falcon-40b-instruct-bf16", 1)]
)
def test_another_model_than_the_profiles_own_is_told_and_not_written(
    model: str, more: int, aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORIES_ENDPOINT", raising=False)
    file = tmp_path / ".env"
    told = plan(model_id=model, env_file=str(file)).publish(Clients())
    assert len(told) == 1 + more
    assert "STORIES_MODEL" not in env_file.read(file)
    assert all(line.startswith(f"STORIES_MODEL={model} is needed for --profile aws") for line in told[1:])


@pytest.fixture
def standing(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    quick(aws, monkeypatch)
    stand(aws, NAME)
    yield plan(endpoint_name=NAME, autoscale=1)
    take_down(Clients(), NAME, every=0.05)


def test_an_endpoint_that_stands_is_not_cleared(standing: Deployment, aws: LocalAws) -> None:
    before = names(aws)
    with pytest.raises(ConfigError, match=f"stories endpoints delete {NAME}"):
        standing.clear(Clients())
    assert names(aws) == before


def test_what_a_deployment_that_broke_off_left_is_cleared(standing: Deployment, aws: LocalAws) -> None:
    take_down(Clients(), NAME, keep_model=True, every=0.05)
    assert standing.clear(Clients()) == (f"model {NAME}",)
    assert standing.clear(Clients()) == ()
    assert NAME not in names(aws)["models"]


def test_other_instances_than_asked_for_are_told(standing: Deployment) -> None:
    there = find_endpoint(Clients(), NAME)
    assert standing.seen(None) == "is not there yet"
    assert standing.seen(there).endswith(", on 1 x ml.g5.2xlarge")
    other = plan(endpoint_name=NAME, instance_type="ml.g5.12xlarge").seen(there)
    assert "on 1 x ml.g5.2xlarge: it is used as it is, not on the ml.g5.12xlarge" in other


def test_scaling_of_an_earlier_run_is_taken_away_and_told(standing: Deployment, aws: LocalAws) -> None:
    clients = Clients()
    there = find_endpoint(clients, NAME)
    assert there
    (resource,) = scale(clients, there, 3, 7.0)
    assert standing.unscale(clients) == (f"an earlier run let {resource} have up to 3 instances: no more",)
    assert resource not in names(aws)["targets"]
    assert standing.unscale(clients) == ()


def test_a_role_that_may_not_scale_gets_to_the_clean_up(standing: Deployment) -> None:
    class Refused(Clients):
        def get(self, service: str) -> object:
            if service == "application-autoscaling":
                raise ConfigError("not allowed", problem="access-denied")
            return super().get(service)

    (told,) = standing.unscale(Refused())
    assert told.endswith("is not known: not allowed")
