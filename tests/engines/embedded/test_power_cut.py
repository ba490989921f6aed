"""The store of files after a power cut, by what POSIX promises; and its folders' errors."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from pathlib import Path

import pytest

from pipeline.engines.embedded.files import FileStore
from pipeline.errors import StoreError
from pipeline.steps.accept import accept
from pipeline.steps.run import run
from pipeline.storage import keys
from pipeline.storage.records import load_manifest
from tests.engines.embedded.power_cut import Disk
from tests.making import Listener, fake_app

RECORDS = ["stories/1/story.json", "stories/1/fr/accepted", "runs/1/run.json", "idempotency/1.json", "top"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "new" / "out"


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(tmp_path)
    disk.follow(monkeypatch)
    return disk


@pytest.mark.parametrize("verb", ["put", "put_if_absent"])
@pytest.mark.parametrize("key", RECORDS)
def test_a_record_is_on_disk_when_its_write_returns(root: Path, disk: Disk, verb: str, key: str) -> None:
    getattr(FileStore(root), verb)(key, b"data")
    assert disk.after_a_power_cut(root)[key] == b"data"


def test_a_replaced_record_is_on_disk(root: Path, disk: Disk) -> None:
    store = FileStore(root)
    store.put("a/b", b"old")
    store.put("a/b", b"new")
    assert disk.after_a_power_cut(root)["a/b"] == b"new"


def test_a_record_in_a_folder_that_another_process_created_is_on_disk(root: Path, disk: Disk) -> None:
    """It may not have come to syncing the folder's own name yet."""
    (root / "stories" / "1").mkdir(parents=True)
    FileStore(root).put("stories/1/story.json", b"data")
    assert disk.after_a_power_cut(root)["stories/1/story.json"] == b"data"


def test_a_record_that_another_process_is_writing_is_on_disk_once_it_is_found(root: Path, disk: Disk) -> None:
    FileStore(root).put("stories/other", b"")
    (root / "stories" / "1").mkdir()
    with (root / "stories" / "1" / "story.json").open("wb") as file:
        file.write(b"data")
        file.flush()
        os.fsync(file.fileno())
    assert FileStore(root).put_if_absent("stories/1/story.json", b"data") is False
    assert disk.after_a_power_cut(root)["stories/1/story.json"] == b"data"


def test_a_record_in_a_folder_that_was_deleted_is_on_disk_again(root: Path, disk: Disk) -> None:
    store = FileStore(root)
    store.put("stories/1/story.json", b"data")
    shutil.rmtree(root / "stories")
    disk.folders.clear()
    FileStore(root).put("other", b"")
    store.put("stories/1/story.json", b"data")
    assert disk.after_a_power_cut(root)["stories/1/story.json"] == b"data"


def test_what_was_deleted_is_gone_from_disk_when_the_call_returns(root: Path, disk: Disk) -> None:
    store = FileStore(root)
    gone = ["stories/1/fr/text.json", "stories/1/request.json", "cache/speak/ab/ab1.wav", "claims/a/1"]
    for key in (*gone, "stories/2/story.json"):
        store.put(key, b"data")
    store.put("stories/1/fr/text.json", b"newer")
    store.delete(gone)
    assert list(disk.after_a_power_cut(root)) == ["stories/2/story.json"]
    store.put("stories/1/fr/text.json", b"again")
    assert disk.after_a_power_cut(root)["stories/1/fr/text.json"] == b"again"


def test_what_a_record_rests_on_is_on_disk_before_it(root: Path, disk: Disk) -> None:
    store = FileStore(root)
    parts = [
        "stories/1/request.json",
        "cache/speak/ab/ab1.wav",
        "cache/speak/cd/cd1.wav",
        "stories/1/fr/01.mp3",
    ]
    for part in parts:
        store.put_if_absent(part, part.encode())
    assert not set(parts) & disk.after_a_power_cut(root).keys()
    store.put("runs/1/run.json", b"data")
    image = disk.after_a_power_cut(root)
    assert [image[part] for part in parts] == [part.encode() for part in parts]


def test_a_record_costs_its_file_its_folder_and_once_the_new_folders_above(root: Path, disk: Disk) -> None:
    store = FileStore(root)
    store.put("stories/1/story.json", b"data")
    costs = []
    for key in ("stories/2/story.json", "stories/2/fr/text.json", "stories/2/fr/manifest.json"):
        before = disk.syncs
        store.put(key, b"data")
        costs.append(disk.syncs - before)
    assert costs == [3, 3, 2]


def test_a_hint_costs_no_sync(root: Path, disk: Disk) -> None:
    store = FileStore(root)
    for number, key in enumerate((keys.status("1", "fr"), keys.claim("a", 1), keys.claim("a", 2))):
        (store.put if number % 2 else store.put_if_absent)(key, b"data")
        assert store.get(key) == b"data"
    assert disk.syncs == 0


def test_whenever_the_power_is_cut_a_manifest_has_all_that_it_names(
    root: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked at after each sync of a story in two languages."""
    sync, manifests = os.fsync, set()

    def looked_at(handle: int) -> None:
        sync(handle)
        image = disk.after_a_power_cut(root)
        for key in image:
            if key.endswith("/manifest.json"):
                manifest = load_manifest(image[key], key)
                assert image[manifest.mp3]
                assert all(image[segment.audio] for segment in manifest.segments)
                assert image[keys.text(manifest.story_id, manifest.locale)]
                manifests.add(manifest.locale)

    monkeypatch.setattr(os, "fsync", looked_at)
    app = fake_app(FileStore(root))
    story_id = accept(app, "a shy snail")
    for locale in ("en", "fr"):
        run(app, story_id, locale, Listener())
    assert manifests == {"en", "fr"}


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_without_synced_folders_is_used_all_the_same(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    _refuse_folders(monkeypatch, number)
    FileStore(root).put("a/b", b"data")
    assert FileStore(root).get("a/b") == b"data"


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_a_folder_that_cannot_be_synced_is_an_error(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store = FileStore(root)
    store.put_if_absent("cache/speak/ab/ab1.wav", b"sound")
    with monkeypatch.context() as broken:
        _refuse_folders(broken, number)
        for call in (store.put, store.put_if_absent, store.put_if_absent):  # the last finds it
            with pytest.raises(StoreError):
                call("a/b", b"data")
    store.put("a/b", b"data")


def _refuse_folders(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    sync = os.fsync

    def refused(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        sync(handle)

    monkeypatch.setattr(os, "fsync", refused)
