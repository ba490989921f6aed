from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from pipeline.engines.embedded.files import FileStore
from pipeline.errors import StoreError
from tests.engines.contracts.store_contract import StoreContract, calls_of
from tests.engines.embedded.limits import file_size_limit


class TestFileStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> FileStore:
        return FileStore(tmp_path / "out")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "out"


def everything(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_no_folder_is_created_before_the_first_write(root: Path) -> None:
    store = FileStore(root)
    assert list(store.list("")) == []
    assert not root.exists()


def test_a_folder_is_listed_when_it_is_reached(root: Path) -> None:
    store = FileStore(root)
    for key in ("a/1", "b/1"):
        store.put(key, b"x")
    listed = store.list("")
    assert next(listed) == "a/1"
    store.put("b/2", b"x")
    assert list(listed) == ["b/1", "b/2"]


def test_links_to_folders_are_not_followed(root: Path) -> None:
    store = FileStore(root)
    store.put("a/1", b"x")
    (root / "a" / "again").symlink_to(root, target_is_directory=True)
    assert list(store.list("")) == ["a/1"]


def test_no_temporary_file_is_left(root: Path) -> None:
    store = FileStore(root)
    store.put("a/b", b"1")
    store.put("a/b", b"2")
    store.put_if_absent("a/b", b"3")
    store.put_if_absent("a/c", b"4")
    assert everything(root) == ["a/b", "a/c"]


def test_a_folder_is_removed_with_its_last_file_and_the_store_stays(root: Path) -> None:
    store = FileStore(root)
    for key in ("a/b/c/1", "a/b/2", "d/e/3"):
        store.put(key, b"1")
    (root / "d/e/of a person.txt").write_bytes(b"mine")
    store.delete(["a/b/c/1", "d/e/3"])
    assert sorted(path.relative_to(root).as_posix() for path in root.rglob("*")) == [
        "a",
        "a/b",
        "a/b/2",
        "d",
        "d/e",
        "d/e/of a person.txt",
    ]
    (root / "d/e/of a person.txt").unlink()
    store.delete(["a/b/2", "d/e/3"])
    assert list(root.iterdir()) == []


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_file_is_as_open_as_the_umask_and_a_secret_is_its_owners(root: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        store = FileStore(root)
        store.put("stories/1/request.json", b"1")
        store.put_if_absent("server/media.key", b"2")
    finally:
        os.umask(before)
    assert (root / "stories/1/request.json").stat().st_mode & 0o777 == mode
    assert (root / "server/media.key").stat().st_mode & 0o777 == 0o600


def test_a_secret_is_never_more_open_while_it_is_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []

    def fsync(handle: int) -> None:
        modes.append(os.fstat(handle).st_mode & 0o777)

    monkeypatch.setattr(os, "fsync", fsync)
    FileStore(root).put("server/media.key", b"2")
    assert modes[0] == 0o600


def test_the_url_opens(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root.mkdir()
    monkeypatch.chdir(root)
    store = FileStore(Path("my stories é"))
    store.put("a.mp3", b"sound")
    with urllib.request.urlopen(store.url("a.mp3")) as response:
        assert response.read() == b"sound"


@pytest.mark.parametrize("key", ["/etc/passwd", "../x", "a/../../x", "a/..", "..", "a\\b", "a\0b"])
def test_a_key_outside_the_store_is_rejected_by_every_method(root: Path, key: str) -> None:
    for call in calls_of(FileStore(root), key).values():
        with pytest.raises(StoreError) as caught:
            call()
        assert caught.value.problem == "bad-key"
    assert not root.exists()


def refused(store: FileStore, key: str = "a/b", size: int = 10) -> str:
    """The problem of put and of put_if_absent."""
    problems = set()
    for write in (store.put, store.put_if_absent):
        with pytest.raises(StoreError) as caught:
            write(key, b"x" * size)
        assert "\n" not in str(caught.value)
        problems.add(caught.value.problem)
    (problem,) = problems
    return problem


def test_a_file_where_the_folder_should_be_is_unwritable(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("not a folder")
    assert refused(FileStore(tmp_path / "out")) == "unwritable"
    assert refused(FileStore(tmp_path / "out" / "deeper")) == "unwritable"
    assert (tmp_path / "out").read_text() == "not a folder"


def test_a_folder_where_the_file_should_be_is_unwritable(root: Path) -> None:
    (root / "a" / "b").mkdir(parents=True)
    with pytest.raises(StoreError) as caught:
        FileStore(root).put("a/b", b"x")
    assert caught.value.problem == "unwritable"
    assert everything(root) == []


@pytest.mark.parametrize("name", ["o" * 300, "/proc/stories"], ids=["too long", "read only"])
def test_a_folder_that_the_disk_refuses_is_unwritable(tmp_path: Path, name: str) -> None:
    """/proc refuses new files, to root as well."""
    assert refused(FileStore(tmp_path / name)) == "unwritable"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_an_error_and_keeps_the_old_value(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store = FileStore(root)
    store.put("a/b", b"before")

    def full(_: int) -> None:
        raise OSError(number, os.strerror(number))

    # Data meets the disk in fsync: the latest moment in which a disk may say that it is full.
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="is full") as caught:
        store.put("a/b", b"after")
    assert caught.value.problem == "disk-full"
    assert refused(store, "a/c") == "disk-full"
    assert everything(root) == ["a/b"]
    assert store.get("a/b") == b"before"


def test_a_write_that_the_system_stops_midway_leaves_nothing(root: Path) -> None:
    store = FileStore(root)
    with file_size_limit(4_000_000):
        store.put("small", b"x" * 4_000_000)
        assert refused(store, "large", 4_000_001) == "disk-full"
    assert everything(root) == ["small"]


_KILLED = """
import os, signal, sys
from pathlib import Path
from pipeline.engines.embedded import files

class KilledStore(files.FileStore):
    def _written(self, key, data):
        written = super()._written(key, data)
        written.__enter__()  # the data is on disk under its temporary name
        os.kill(os.getpid(), signal.SIGKILL)

getattr(KilledStore(Path(sys.argv[1])), sys.argv[2])("a/b", b"new")
"""


@pytest.mark.parametrize(
    ("verb", "before"), [("put", {}), ("put", {"a/b": b"old"}), ("put_if_absent", {"a/c": b"old"})]
)
def test_a_writer_killed_before_the_rename_changes_nothing_for_readers(
    root: Path, verb: str, before: dict[str, bytes]
) -> None:
    store = FileStore(root)
    for key, data in before.items():
        store.put(key, data)
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(root), verb], check=False)
    assert killed.returncode == -9
    assert len(everything(root)) == len(before) + 1  # a temporary file is left …
    assert {key: store.get(key) for key in store.list("")} == before  # … and is not listed
    store.put("a/b", b"newer")
    assert store.get("a/b") == b"newer"


def test_only_temporary_files_of_writers_that_ended_long_ago_are_removed(root: Path) -> None:
    store = FileStore(root)
    for key in ("a/b", "stories/1/fr/text.json"):
        store.put(key, b"data")
    days = {"a/.tmp-old": 2, "stories/1/fr/.tmp-older": 9, "a/.tmp-of-a-writer": 0, "a/old": 9}
    for name, age in days.items():
        (root / name).write_bytes(b"half")
        when = time.time() - age * 24 * 3600
        os.utime(root / name, (when, when))
    assert store.tidy() == 2
    assert everything(root) == ["a/.tmp-of-a-writer", "a/b", "a/old", "stories/1/fr/text.json"]
    assert FileStore(root / "never").tidy() == 0
