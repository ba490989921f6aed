"""What the campaign takes for a partial object, and what for a whole one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.campaign import stores
from tests.command import Stories


@pytest.fixture
def root(stories: Stories) -> Path:
    assert stories("make", "a shy snail", "--locale", "fr").status == 0
    return stories.out


def test_a_whole_store_has_no_faults_and_a_file_being_written_is_none_of_it(root: Path) -> None:
    (root / "stories" / ".tmp-1").write_bytes(b"{")
    assert list(stores.faults(root)) == []
    assert stores.leftovers(root) == 1
    assert stores.paid(root) == sum(path.is_file() for path in (root / "cache").rglob("*"))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


@pytest.mark.parametrize(
    ("pattern", "damage", "fault"),
    [
        ("stories/*/fr/*.mp3", _cut, "is not the sound that its name promises"),
        ("cache/speak/*/*.wav", _cut, "is a part of a sound"),
        ("stories/*/story.json", _cut, "is a part of a record"),
        ("stories/*/fr/*.mp3", Path.unlink, "which is missing"),
    ],
)
def test_parts_and_missing_objects_are_faults(
    root: Path, pattern: str, damage: Callable[[Path], None], fault: str
) -> None:
    damage(next(root.glob(pattern)))
    faults = list(stores.faults(root))
    assert len(faults) == 1
    assert fault in faults[0]


def test_other_bytes_than_an_undisturbed_runs_are_a_fault(root: Path) -> None:
    reference = stores.Reference(stores.published(root), stores.calls(), 0, 0)
    assert list(stores.faults(root, reference)) == []
    path = next(root.glob("stories/*/story.json"))
    path.write_text(json.dumps(json.loads(path.read_bytes()), indent=2), "utf-8")
    key = path.relative_to(root).as_posix()
    assert list(stores.faults(root, reference)) == [f"{key} is not what an undisturbed run wrote"]
    assert reference.files[key] != hashlib.sha256(path.read_bytes()).hexdigest()
