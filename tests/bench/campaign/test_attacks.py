"""Mutations that still fit the code, damage that damages, hostile requests that come again by their seed."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from bench.campaign import hostile
from bench.campaign.damage import DAMAGES
from bench.campaign.mutations import TABLE, existing, matching
from tests.command import ROOT


@pytest.mark.parametrize("mutation", TABLE, ids=[mutation["name"] for mutation in TABLE])
def test_a_safeguard_that_is_taken_away_is_still_in_the_code(mutation: dict[str, Any]) -> None:
    assert len(list(matching(ROOT, mutation))) == 1
    assert existing(ROOT, mutation)


def test_a_dozen_safeguards_are_taken_away() -> None:
    assert len({mutation["name"] for mutation in TABLE}) == len(TABLE) >= 12


@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("data", [b"whole", b"x" * 10_000])
def test_damage_is_no_longer_the_object(kind: str, data: bytes) -> None:
    damaged = DAMAGES[kind](data, Random("1"))
    assert damaged != data
    if kind == "flipped":
        assert damaged is not None
        differences = [first ^ second for first, second in zip(data, damaged, strict=True)]
        assert sum(difference.bit_count() for difference in differences) == 1


def test_requests_come_again_by_their_seed_and_differ_from_each_other() -> None:
    first, again = ([hostile.request(random, b"127.0.0.1") for _ in range(200)] for random in _twice())
    assert first == again
    assert len(set(first)) > 150


def _twice() -> tuple[Random, Random]:
    return Random("7"), Random("7")
