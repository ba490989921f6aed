from __future__ import annotations

import pytest

from infra.local_aws import LocalAws, seed
from pipeline.engines.aws import parameters
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.sagemaker import SageMakerText
from pipeline.errors import ConfigError
from pipeline.types import Prompt

PROMPT = Prompt("test", "You tell stories.", "A snail.", max_tokens=20)


def test_a_plain_name_is_itself_without_a_call() -> None:
    assert parameters.resolve(Clients(region="none"), "my-falcon") == "my-falcon"


def test_the_engine_uses_the_endpoint_of_a_parameter_and_the_last_value_counts(aws: LocalAws) -> None:
    for value in ("another", seed.ENDPOINT):
        assert parameters.write(Clients(), "/test/endpoint", value) == "ssm:/test/endpoint"
    assert parameters.resolve(Clients(), "ssm:/test/endpoint") == seed.ENDPOINT
    assert SageMakerText(Clients(), "ssm:/test/endpoint").complete(PROMPT).text


def test_a_missing_parameter_is_reported_with_what_to_do(aws: LocalAws) -> None:
    with pytest.raises(ConfigError) as raised:
        SageMakerText(Clients(), "ssm:/no/such").complete(PROMPT)
    assert str(raised.value).startswith("the SSM parameter /no/such does not exist")
    assert "notebooks/01_deploy_falcon.ipynb" in str(raised.value)
    assert raised.value.problem == "no-endpoint"
