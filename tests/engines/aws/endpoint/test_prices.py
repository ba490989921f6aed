"""Prices by the hour: from the table or not at all."""

from __future__ import annotations

import pytest

from pipeline.engines.aws.endpoint.prices import Instances, read_prices
from pipeline.storage.ledger import price_table


def test_a_price_has_its_date_and_region() -> None:
    prices = read_prices()
    text = prices.describe("ml.g5.2xlarge", prices.region)
    assert text == f"ml.g5.2xlarge costs 1.515 US$ an hour (us-east-1, as of {prices.dated})"


def test_another_region_may_differ() -> None:
    text = read_prices().describe("ml.g5.2xlarge", "eu-west-1")
    assert "eu-west-1 differs, see https://aws.amazon.com/" in text


def test_a_type_that_the_table_lacks_is_not_guessed() -> None:
    prices = read_prices()
    text = prices.describe("ml.p5.48xlarge")
    assert text.startswith(f"our price table of {prices.dated} lacks ml.p5.48xlarge")
    assert prices.of((Instances("ml.g5.2xlarge", 1), Instances("ml.p5.48xlarge", 1))) is None


def test_several_instances_cost_the_sum() -> None:
    price = read_prices().of((Instances("ml.g5.2xlarge", 2), Instances("ml.g5.xlarge", 1)))
    assert price == pytest.approx(2 * 1.515 + 1.408)
    assert read_prices().of(()) == 0


def test_the_ledger_and_this_table_agree() -> None:
    (row,) = [row for row in price_table()["prices"] if row["prefix"] == "sagemaker/"]
    assert row["per_hour"] == read_prices().per_hour["ml.g5.2xlarge"]
