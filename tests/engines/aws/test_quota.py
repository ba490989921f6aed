"""Whether one more instance may be had, and where to ask if not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local_aws import Fault, LocalAws
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.instances import read_prices
from pipeline.engines.aws.quota import quota_of
from pipeline.engines.aws.takedown import take_down
from pipeline.errors import ConfigError
from tests.engines.aws.standing import G5, quick, stand

NAME = "test-quota"
PAGE = "https://us-east-1.console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas"


@pytest.fixture
def clients(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    quick(aws, monkeypatch)
    yield Clients()
    take_down(Clients(), NAME, every=0.05)


def test_what_is_in_use_is_counted_and_what_is_free_suffices(clients: Clients, aws: LocalAws) -> None:
    stand(aws, NAME)
    found = quota_of(clients, G5, read_prices())
    assert (found.allowed, found.used) == (2, 1)
    found.check()
    with pytest.raises(ConfigError, match=r"1 of 2 instances .* and 2 more would be needed"):
        found.check(2)


def test_a_quota_of_none_is_explained_with_the_link_to_ask_for_more(clients: Clients, aws: LocalAws) -> None:
    aws.options.quotas[G5] = 0
    with pytest.raises(ConfigError) as raised:
        quota_of(clients, G5, read_prices()).check()
    told = str(raised.value)
    assert told.startswith(
        "the quota does not suffice: 0 of 0 instances of ml.g5.2xlarge are in use by endpoints in us-east-1, "
        "and 1 more would be needed."
    )
    assert f"Ask for at least 1 at {PAGE}/L-9614C779 " in told
    assert raised.value.problem == "quota"


def test_a_quota_whose_code_is_in_no_table_is_found_by_its_name(clients: Clients, aws: LocalAws) -> None:
    found = quota_of(clients, "ml.g4dn.xlarge", read_prices())
    assert found.allowed == 2
    assert aws.requests("GetServiceQuota") == 0
    assert aws.requests("ListServiceQuotas") >= 1


def test_an_instance_type_of_no_quota_is_not_in_the_way(clients: Clients) -> None:
    found = quota_of(clients, "ml.p99.large", read_prices())
    assert found.allowed is None
    assert "was not looked up (us-east-1 has none of that name)" in found.told
    found.check()


def test_where_quotas_cannot_be_asked_it_says_so_and_goes_on(clients: Clients, aws: LocalAws) -> None:
    aws.inject("GetServiceQuota", Fault("error503", times=9))
    found = quota_of(clients, G5, read_prices())
    assert found.allowed is None
    assert "Service Quotas is unavailable" in found.told
    found.check()
