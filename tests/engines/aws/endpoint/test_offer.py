"""Whether JumpStart offers a model is said before anything is deployed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from infra.local_aws import Fault, LocalAws
from infra.local_aws.jumpstart import MODEL_ID, VERSION
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoint.offer import describe_offer
from pipeline.errors import ConfigError


def test_an_offered_model_is_named_with_its_version(aws: LocalAws) -> None:
    assert describe_offer(Clients("us-east-1"), MODEL_ID) == f"{MODEL_ID}, version {VERSION}"
    assert aws.requests("DescribeHubContent") == 1


def test_a_model_that_is_not_offered_is_refused_in_words(aws: LocalAws) -> None:
    model = "huggingface-llm-falcon-withdrawn"
    with pytest.raises(ConfigError, match=f"JumpStart does not offer {model} in us-east-1: choose another"):
        describe_offer(Clients("us-east-1"), model)


def test_who_may_not_ask_is_no_reason_to_stop(aws: LocalAws) -> None:
    aws.inject("DescribeHubContent", Fault("error503", times=None))
    expected = f"whether JumpStart offers {MODEL_ID} is not known: "
    assert describe_offer(Clients("us-east-1", attempts=1), MODEL_ID).startswith(expected)


@pytest.mark.parametrize("status", ["Deprecated", "Restricted"])
def test_a_model_at_its_end_is_said(status: str) -> None:
    """HubContentSupportStatus of botocore's service model."""

    def described(**_: Any) -> dict[str, str]:
        return {"HubContentVersion": "2.1.0", "SupportStatus": status}

    clients = SimpleNamespace(get=lambda _: SimpleNamespace(describe_hub_content=described))
    offer = describe_offer(cast(Clients, clients), MODEL_ID)
    assert offer == f"{MODEL_ID}, version 2.1.0, {status.lower()}: AWS may withdraw it"
