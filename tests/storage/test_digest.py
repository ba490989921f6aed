from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.storage.digest import canonical, digest, number

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)

# Each by coreutils, over the JSON written out by hand:
#   printf '{"a":[1,2.5,true,null],"b":"é ✓","z":{}}' | sha256sum
GOLDEN = "558807d60aa453b728284797e6fbe0768cbf1fd91c6e8322697df0bcaf71cd45"
#   printf '["story",0,0]' | sha256sum
SEED = "021a3d0244b5b24cb4b9463af4559598456d28044952f66f853bf7c85653d5f4"


def test_the_digest_is_sha256_of_sorted_json_without_blanks_in_utf8() -> None:
    assert digest({"z": {}, "b": "é ✓", "a": [1, 2.5, True, None]}) == GOLDEN


def test_tuples_and_lists_are_the_same_value() -> None:
    assert digest({"a": (1, ("b",))}) == digest({"a": [1, ["b"]]})


@given(_VALUES)
def test_canonical_json_reads_back_as_the_value(value: object) -> None:
    assert json.loads(canonical(value)) == value


@given(_VALUES, _VALUES)
def test_different_json_has_a_different_digest(left: object, right: object) -> None:
    same_json = json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)
    assert (digest(left) == digest(right)) is same_json


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", {1, 2}, object()])
def test_value_that_json_lacks_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        digest(value)


def test_a_number_is_the_digests_first_bits() -> None:
    assert number(32, "story", 0, 0) == 0x021A3D02
    assert number(1, "story", 0, 0) == 0
    assert number(256, "story", 0, 0) == int(SEED, 16)


@given(st.integers(1, 64), st.text())
def test_a_number_stays_within_its_bits(bits: int, part: str) -> None:
    assert 0 <= number(bits, part) < 2**bits


def test_numbers_of_different_variants_are_spread() -> None:
    seeds = [number(32, "story", variant, 0) for variant in range(1000)]
    assert len(set(seeds)) == 1000
    assert 400 < sum(seed < 2**31 for seed in seeds) < 600
