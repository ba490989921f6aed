"""Which services a region has: the table, the doctor's finding and the template's rule."""

from __future__ import annotations

import tomllib
from typing import Any

import botocore.session
import pytest

from pipeline.engines.aws.doctor.case import Case, Result
from pipeline.engines.aws.doctor.regions import Regions, check_services
from pipeline.errors import ConfigError
from tests.engines.aws.doctor.cloud import TABLE, cloud
from tests.infra.cloudformation import ROOT, template

PARTITIONS = {"aws", "aws-us-gov", "aws-cn"}
EVERYWHERE = ("apigateway", "lambda", "s3", "runtime.sagemaker", "states", "ssm")


def services_in(region: str) -> Result:
    return check_services(Case(cloud(), "", "", TABLE, "neural", region=region))


@pytest.fixture(scope="module")
def table() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pipeline/data/regions.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def partitions() -> list[dict[str, Any]]:
    endpoints = botocore.session.get_session().get_component("data_loader").load_data("endpoints")
    return [each for each in endpoints["partitions"] if each["partition"] in PARTITIONS]


def regions_of(service: str, partitions: list[dict[str, Any]]) -> list[str]:
    """By AWS's own list; without global endpoints and those of FIPS."""
    return sorted(
        region
        for partition in partitions
        for region in partition["services"].get(service, {"endpoints": {}})["endpoints"]
        if region in partition["regions"]
    )


def test_the_table_is_botocores(table: dict[str, Any], partitions: list[dict[str, Any]]) -> None:
    """Where a newer botocore knows more regions: write them into pipeline/data/regions.toml and the rule."""
    assert {service: regions_of(service, partitions) for service in EVERYWHERE} == dict.fromkeys(
        EVERYWHERE, table["regions"]
    )
    for service in table["services"]:
        assert service["regions"] == regions_of(service["endpoint"], partitions), service["name"]


def test_the_template_is_refused_where_a_required_service_is_missing() -> None:
    (assertion,) = template()["Rules"]["Region"]["Assertions"]
    assert assertion["Assert"] == {"Fn::Contains": [Regions.load().complete(), {"Ref": "AWS::Region"}]}
    assert "Amazon Translate" in assertion["AssertDescription"]


@pytest.mark.parametrize(
    ("region", "missing"),
    [
        ("sa-east-1", ["Amazon Translate"]),
        ("eu-south-1", ["Amazon Polly", "Amazon Translate"]),
        ("eu-south-2", ["Amazon Translate"]),
        ("ca-west-1", ["Amazon Polly", "Amazon Translate"]),
    ],
)
def test_region_without_a_required_service_is_refused_by_its_name(region: str, missing: list[str]) -> None:
    passed, summary, todo = services_in(region)
    assert passed is False
    assert all(f"{name} is not in {region}" in summary for name in missing)
    assert "eu-west-1" in todo
    assert region not in todo


@pytest.mark.parametrize("region", ["eu-west-3", "eu-north-1", "us-west-1"])
def test_region_without_comprehend_passes_and_the_loss_is_named(region: str) -> None:
    passed, summary, todo = services_in(region)
    assert (passed, todo) == (True, "")
    assert f"Amazon Comprehend is not in {region}: an idea" in summary


def test_region_with_all_passes() -> None:
    assert services_in("eu-west-1") == (True, "eu-west-1 has all of them", "")


def test_region_that_the_table_does_not_know_is_left_open() -> None:
    with pytest.raises(ConfigError, match="does not know the region eu-moon-1") as raised:
        services_in("eu-moon-1")
    assert raised.value.problem == "not-asked"
