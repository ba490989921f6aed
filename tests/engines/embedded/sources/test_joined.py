from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from pipeline.engines.embedded.sources.joined import Joined


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A folder in which one piece was joined."""
    Joined(tmp_path).append(io.BytesIO(b"first "))
    return tmp_path


def finish(folder: Path) -> tuple[int, bytes]:
    """How many pieces were found there, and the file after the rest."""
    joined = Joined(folder)
    found = joined.pieces
    for piece in (b"first ", b"second ", b"third")[found:]:
        joined.append(io.BytesIO(piece))
    return found, joined.path.read_bytes()


def test_an_empty_folder_starts_with_the_first_piece(tmp_path: Path) -> None:
    assert finish(tmp_path) == (0, b"first second third")


def test_what_was_joined_is_gone_on_from(begun: Path) -> None:
    assert finish(begun) == (1, b"first second third")


def test_a_piece_of_several_streams_counts_as_one(begun: Path) -> None:
    Joined(begun).append(io.BytesIO(b"sec"), io.BytesIO(b"ond "))
    assert finish(begun) == (2, b"first second third")


def test_half_a_piece_is_cut_off_before_the_next_is_joined(begun: Path) -> None:
    with (begun / "joined").open("ab") as file:
        file.write(b"secon and more than the second piece")
    assert finish(begun) == (1, b"first second third")


def test_a_piece_that_fails_midway_leaves_the_pieces_before_it(begun: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("the disk went away")

    with pytest.raises(OSError, match="went away"):
        Joined(begun).append(Broken())
    assert finish(begun) == (1, b"first second third")


@pytest.mark.parametrize("journal", ["", "{", "[]", '{"pieces": 1}', '{"pieces": "one", "size": null}'])
def test_a_damaged_journal_starts_anew(begun: Path, journal: str) -> None:
    (begun / "joined.json").write_text(journal)
    assert finish(begun) == (0, b"first second third")


def test_a_file_shorter_than_its_journal_says_starts_anew(begun: Path) -> None:
    os.truncate(begun / "joined", 3)
    assert finish(begun) == (0, b"first second third")


def test_a_journal_without_its_file_starts_anew(begun: Path) -> None:
    (begun / "joined").unlink()
    assert finish(begun) == (0, b"first second third")
