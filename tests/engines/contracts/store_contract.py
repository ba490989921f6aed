"""What every Store promises. A backend's tests subclass StoreContract and give it an empty store."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.errors import NotFoundError
from pipeline.ports import Store


def calls_of(store: Store, key: str) -> dict[str, Callable[[], object]]:
    """Every call of a store with this key, or prefix."""
    return {
        "get": lambda: store.get(key),
        "head": lambda: store.head(key, 8),
        "put": lambda: store.put(key, b""),
        "put_if_absent": lambda: store.put_if_absent(key, b""),
        "delete": lambda: store.delete([key]),
        "list": lambda: list(store.list(key)),
        "url": lambda: store.url(key),
    }


class StoreContract(ABC):
    @pytest.fixture
    @abstractmethod
    def store(self) -> Store:
        """An empty one."""

    @pytest.mark.parametrize("data", [b"", b"text", bytes(range(256)), b"\r\n\x00", b"x" * 3_000_000])
    def test_get_returns_what_was_put_byte_for_byte(self, store: Store, data: bytes) -> None:
        store.put("a/b.bin", data)
        assert store.get("a/b.bin") == data

    @pytest.mark.parametrize(
        ("data", "size"), [(b"", 8), (b"a dragon", 1), (b"a dragon", 8), (b"a dragon", 9)]
    )
    def test_head_gives_the_beginning_or_all(self, store: Store, data: bytes, size: int) -> None:
        store.put("a/b.wav", data)
        assert store.head("a/b.wav", size) == data[:size]

    def test_head_of_an_absent_key_is_not_found(self, store: Store) -> None:
        with pytest.raises(NotFoundError):
            store.head("a/b.wav", 8)

    def test_put_replaces_the_whole(self, store: Store) -> None:
        store.put("a", b"a long first value")
        store.put("a", b"short")
        assert store.get("a") == b"short"

    @pytest.mark.parametrize("key", ["a", "a/b", "a/b/c.json", "never/was"])
    def test_an_absent_key_is_not_found(self, store: Store, key: str) -> None:
        store.put("a/b/c", b"near it")
        with pytest.raises(NotFoundError, match=key) as caught:
            store.get(key)
        assert caught.value.problem == "not-found"

    def test_the_first_put_if_absent_wins(self, store: Store) -> None:
        assert store.put_if_absent("a/b", b"first") is True
        assert store.put_if_absent("a/b", b"second") is False
        assert store.put_if_absent("a/b", b"first") is False
        assert store.get("a/b") == b"first"

    def test_put_if_absent_respects_what_was_put(self, store: Store) -> None:
        store.put("a", b"")
        assert store.put_if_absent("a", b"second") is False
        assert store.get("a") == b""

    def test_what_is_deleted_is_gone_and_may_be_written_again(self, store: Store) -> None:
        for key in ("a/b/1", "a/b/12", "a/b/2", "a/c", "d"):
            store.put(key, b"old")
        store.put("a/b/1", b"newer")
        store.delete(["a/b/1", "d", "a/b/1"])
        assert list(store.list("")) == ["a/b/12", "a/b/2", "a/c"]
        for key in ("a/b/1", "d"):
            with pytest.raises(NotFoundError):
                store.get(key)
        assert store.put_if_absent("a/b/1", b"new") is True
        assert store.get("a/b/1") == b"new"

    def test_deleting_what_is_absent_is_no_error(self, store: Store) -> None:
        store.put("a/b", b"near it")
        store.delete([])
        store.delete(["a", "a/b/c", "never/was", "a/bb"])
        store.delete(key for key in ("a/b", "never/was"))
        store.delete(["a/b"])
        assert list(store.list("")) == []

    def test_writers_are_not_disturbed_while_their_neighbours_are_deleted(self, store: Store) -> None:
        def write(number: int) -> None:
            for turn in range(5):
                store.put(f"a/b/{number}", str(turn).encode())
                store.delete([f"a/b/{number}", "a/b"])
                assert store.put_if_absent(f"a/b/{number}", b"last")

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, range(4)))
        assert [store.get(key) for key in store.list("a/")] == [b"last"] * 4

    def test_list_gives_the_keys_with_a_prefix_sorted(self, store: Store) -> None:
        keys = ["b/2.json", "a/10.json", "a/9.json", "ab/c/d", "a.txt", "z"]
        for key in keys:
            store.put(key, b"x")
        assert list(store.list("")) == sorted(keys)
        assert list(store.list("a/")) == ["a/10.json", "a/9.json"]
        assert list(store.list("a")) == ["a.txt", "a/10.json", "a/9.json", "ab/c/d"]
        assert list(store.list("ab/c/d")) == ["ab/c/d"]
        assert list(store.list("a/1")) == ["a/10.json"]

    def test_list_continues_after_a_key_that_may_be_absent(self, store: Store) -> None:
        for key in ("a/1", "a/2", "a/3", "b/1"):
            store.put(key, b"x")
        assert list(store.list("a/", after="a/1")) == ["a/2", "a/3"]
        assert list(store.list("a/", after="a/15")) == ["a/2", "a/3"]
        assert list(store.list("a/", after="a/3")) == []
        assert list(store.list("", after="a/3")) == ["b/1"]

    @pytest.mark.parametrize("prefix", ["", "a/", "none", "none/at/all/", "b/c"])
    def test_without_matching_keys_the_list_is_empty(self, store: Store, prefix: str) -> None:
        assert list(store.list(prefix)) == []

    def test_of_many_writers_at_once_one_wins_and_all_read_its_value(self, store: Store) -> None:
        together = threading.Barrier(8)

        def race(number: int) -> tuple[bool, bytes]:
            together.wait(timeout=30)
            won = store.put_if_absent("a/raced", str(number).encode() * 100_000)
            return won, store.get("a/raced")

        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(race, range(8)))
        (winner,) = [number for number, (won, _) in enumerate(results) if won]
        assert {value for _, value in results} == {str(winner).encode() * 100_000}

    def test_a_reader_sees_a_whole_value_while_it_is_replaced(self, store: Store) -> None:
        values = [bytes([letter]) * 200_000 for letter in b"ab"]
        store.put("a", values[0])
        over = threading.Event()

        def write() -> None:
            for turn in range(40):
                store.put("a", values[turn % 2])
                store.put(f"b/{turn}", b"")
            over.set()

        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write)
            values_read = set()
            while not over.is_set():
                values_read.add(store.get("a"))
                assert next(store.list("")) == "a"
            writing.result()
        assert values_read <= set(values)

    def test_the_url_names_the_key(self, store: Store) -> None:
        store.put("stories/4f1c/en/a.mp3", b"sound")
        url = store.url("stories/4f1c/en/a.mp3", expires_in=60)
        assert ":" in url
        assert "stories/4f1c/en/a.mp3" in url
