from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.api.recent import Recent


@pytest.mark.parametrize(("life", "seconds"), [(604_800, 5), (900, 5), (60, 0.6), (1, 0.01)])
def test_a_response_is_kept_far_shorter_than_its_addresses_live(life: int, seconds: float) -> None:
    now = [100.0]
    recent = Recent(life, clock=lambda: now[0])
    recent.keep(("a", "fr"), "{}")
    now[0] += seconds * 0.9
    assert recent.get(("a", "fr")) == "{}"
    assert recent.get(("a", "en")) is None
    now[0] += seconds * 0.2
    assert recent.get(("a", "fr")) is None


def test_the_oldest_is_dropped_first() -> None:
    recent = Recent(900, most=2)
    for name in ("a", "b"):
        recent.keep((name, "en"), name)
    recent.keep(("a", "en"), "a again")
    recent.keep(("c", "en"), "c")
    assert [recent.get((name, "en")) for name in "abc"] == ["a again", None, "c"]


def test_many_threads_keep_no_more_than_the_limit() -> None:
    recent, together = Recent(900, most=8), threading.Barrier(16)

    def keep(number: int) -> None:
        together.wait(timeout=120)
        for count in range(200):
            recent.keep((str(number), str(count)), "x")

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(keep, range(16)))
    is_kept = [
        recent.get((str(number), str(count))) is not None for number in range(16) for count in range(200)
    ]
    assert sum(is_kept) == 8
