"""An endpoint that an SSM parameter names."""

from __future__ import annotations

import pytest

from infra.local_aws import LocalAws, seed
from pipeline.engines.aws import parameters
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.sagemaker import SageMakerText
from pipeline.errors import ConfigError
from pipeline.types import Prompt

PROMPT = Prompt("test", "You tell stories.", "A snail.", max_tokens=20)


def test_a_plain_name_is_itself_and_asks_nobody() -> None:
    assert parameters.resolved(Clients(region="none"), "my-falcon") == "my-falcon"


def test_what_was_kept_is_found_and_the_last_counts(aws: LocalAws) -> None:
    for name in ("one", "another"):
        assert parameters.keep(Clients(), "/test/kept", name) == "ssm:/test/kept"
    assert parameters.resolved(Clients(), "ssm:/test/kept") == "another"


def test_the_engine_writes_with_the_endpoint_that_a_parameter_names(aws: LocalAws) -> None:
    setting = parameters.keep(Clients(), "/test/endpoint", seed.ENDPOINT)
    assert SageMakerText(Clients(), setting).complete(PROMPT).text


def test_a_parameter_that_is_not_there_is_said_with_what_to_do(aws: LocalAws) -> None:
    with pytest.raises(ConfigError) as raised:
        SageMakerText(Clients(), "ssm:/no/such").complete(PROMPT)
    assert str(raised.value).startswith("the SSM parameter /no/such is not there")
    assert "notebooks/01_deploy_falcon.ipynb" in str(raised.value)
    assert raised.value.problem == "no-endpoint"
