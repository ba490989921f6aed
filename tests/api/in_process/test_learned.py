from __future__ import annotations

import pytest

from pipeline.api.in_process.learned import Learned
from pipeline.engines.fake import MemoryStore
from pipeline.errors import StoreError
from pipeline.storage import keys


def test_the_median_of_the_last_eight_counts_also_for_the_next_server() -> None:
    store = MemoryStore()
    learned = Learned(store)
    assert learned.median("write") is None
    for seconds in (100, 100, 100, 1, 2, 3, 4, 5, 6, 7, 8):
        learned.add({"write": seconds})
    assert learned.median("write") == 4.5
    assert Learned(store).median("write") == 4.5


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"write": 1}', b'{"write": ["x"]}', b'{"write": [-1]}', b'{"write": [1e99]}']
)
def test_a_damaged_record_is_nothing_known(data: bytes) -> None:
    store = MemoryStore()
    store.put(keys.LEARNED, data)
    learned = Learned(store)
    assert learned.median("write") is None
    learned.add({"write": 3})
    assert learned.median("write") == 3


def test_a_store_that_cannot_be_written_forgets_at_the_end() -> None:
    class Full(MemoryStore):
        def put(self, key: str, data: bytes) -> None:
            raise StoreError("the disk is full")

    learned = Learned(Full())
    learned.add({"write": 3})
    assert learned.median("write") == 3
