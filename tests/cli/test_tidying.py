"""What killed writers left in the store goes away when somebody writes to it again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.api.calling import until
from tests.api.servers import serving
from tests.command import Stories


@pytest.fixture
def leftover(stories: Stories) -> Path:
    """A temporary file of a writer that was killed in 2001."""
    path = stories.out / "cache" / "speak" / "ab" / ".tmp-abcdefgh"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    os.utime(path, (1e9, 1e9))
    return path


def test_a_story_removes_it(stories: Stories, leftover: Path) -> None:
    assert stories("make", "a shy snail").status == 0
    until(lambda: not leftover.exists())


def test_a_run_of_a_catalog_removes_it(stories: Stories, leftover: Path) -> None:
    file = stories.directory / "tales.yaml"
    file.write_text("name: tales\npublish: {review: none}\nentries: [a shy snail]\n")
    assert stories("catalog", "run", str(file)).status == 0
    until(lambda: not leftover.exists())


def test_a_server_removes_it(stories: Stories, leftover: Path) -> None:
    with serving(stories):
        until(lambda: not leftover.exists())


def test_a_list_only_reads(stories: Stories, leftover: Path) -> None:
    assert stories("list").status == 0
    assert leftover.exists()
