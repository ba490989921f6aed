"""Whether the quota allows one more instance, and where to ask for more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local_aws import Fault, LocalAws
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoint.prices import read_prices
from pipeline.engines.aws.endpoint.quota import quota_of
from pipeline.engines.aws.endpoint.takedown import take_down
from pipeline.errors import ConfigError
from tests.engines.aws.loopback import no_backoff
from tests.engines.aws.standing import G5, quick, stand

NAME = "test-quota"
PAGE = "https://us-east-1.console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas"


@pytest.fixture
def clients(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    quick(aws, monkeypatch, 0)
    no_backoff(monkeypatch)
    yield Clients()
    take_down(Clients(), NAME, every=0)


def test_used_instances_are_counted_and_free_ones_suffice(clients: Clients, aws: LocalAws) -> None:
    stand(aws, NAME)
    quota = quota_of(clients, G5, read_prices())
    assert (quota.allowed, quota.used) == (2, 1)
    quota.check()
    with pytest.raises(ConfigError, match=r"1 of 2 instances .* and 2 more would be needed"):
        quota.check(2)


def test_a_quota_of_none_is_explained_with_the_link_to_ask_for_more(clients: Clients, aws: LocalAws) -> None:
    aws.options.quotas[G5] = 0
    with pytest.raises(ConfigError) as raised:
        quota_of(clients, G5, read_prices()).check()
    message = str(raised.value)
    assert message.startswith(
        "the quota does not suffice: 0 of 0 instances of ml.g5.2xlarge are in use by endpoints in us-east-1, "
        "and 1 more would be needed."
    )
    assert f"Ask for at least 1 at {PAGE}/L-9614C779 " in message
    assert raised.value.problem == "quota"


def test_a_quota_without_a_known_code_is_looked_up_by_name(clients: Clients, aws: LocalAws) -> None:
    quota = quota_of(clients, "ml.g4dn.xlarge", read_prices())
    assert quota.allowed == 2
    assert aws.requests("GetServiceQuota") == 0
    assert aws.requests("ListServiceQuotas") >= 1


def test_an_instance_type_without_a_quota_passes(clients: Clients) -> None:
    quota = quota_of(clients, "ml.p99.large", read_prices())
    assert quota.allowed is None
    assert "was not looked up (us-east-1 has none of that name)" in quota.summary
    quota.check()


def test_a_quota_that_cannot_be_looked_up_passes_and_says_so(clients: Clients, aws: LocalAws) -> None:
    aws.inject("GetServiceQuota", Fault("error503", times=9))
    quota = quota_of(clients, G5, read_prices())
    assert quota.allowed is None
    assert "Service Quotas is unavailable" in quota.summary
    quota.check()
