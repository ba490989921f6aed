"""Fetching, over real HTTP from a scripted server on loopback."""

from __future__ import annotations

import hashlib
import io
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest

from pipeline.engines.embedded.fetch import ensure
from pipeline.engines.embedded.models import Weights, verify
from pipeline.engines.embedded.progress import Bars, FetchProgress, Lines, NoFetchProgress, progress_on
from pipeline.engines.embedded.sources import Source, hub
from pipeline.errors import ConfigError, EngineError, StoreError, UnavailableError
from tests.engines.embedded.limits import file_size_limit
from tests.engines.embedded.loopback import Turn, serving
from tests.engines.embedded.origin import Origin, archive_of, weights_of

SIZE = 3_000_000
CONTENT = b"GGUF" + random.Random(1).randbytes(SIZE - 4)
PATIENCE = hub.Patience(connect=30, read=60, pauses=(0, 0, 0, 0))
ROOT = Path(__file__).parents[3]
MODEL = "/files/model.gguf"
OTHER = "/files/mirror/model.gguf"
# A fetch in a process of its own, which is to be killed.
CHILD = """
import sys
from pathlib import Path
from tests.engines.embedded.test_fetch import weights
from pipeline.engines.embedded.fetch import ensure
ensure(["mine"], Path(sys.argv[2]), known={"mine": weights(sys.argv[1])})
"""


def weights(url: str, *paths: str) -> Weights:
    """With one source for each path."""
    return weights_of(
        CONTENT, *(Source("hub", (archive_of(url + path, CONTENT),)) for path in paths or (MODEL,))
    )


@dataclass
class Bench(Origin):
    paths: tuple[str, ...] = (MODEL,)
    patience: hub.Patience = PATIENCE

    @property
    def weights(self) -> Weights:
        return weights(self.site.url, *self.paths)

    def fetch(self, force: bool = False, progress: FetchProgress | None = None) -> bytes:
        path = ensure(
            ["mine", "mine"],
            self.directory,
            progress,
            force=force,
            known={"mine": self.weights},
            fetchers={"hub": partial(hub.fetch, patience=self.patience)},
        )["mine"]
        assert path == self.path
        return path.read_bytes()

    def partial(self) -> list[Path]:
        paths = (self.directory / ".partial").rglob("*")
        return [path for path in paths if path.is_file() and path.suffix != ".lock"]

    def leave_partial(self, content: bytes) -> None:
        """A download that stopped after a million bytes; content: what became of them on the disk."""
        self.site.script = [Turn(cut=1_000_000)] + [Turn(status=503)] * 3
        self.fails(UnavailableError, "download-cut")
        (path,) = self.partial()
        assert path.stat().st_size == 1_000_000
        path.write_bytes(content)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with serving() as site:
        site.files[MODEL] = CONTENT
        yield Bench(site, tmp_path / "models")


def test_a_fetched_file_is_whole_and_no_partial_file_stays(bench: Bench) -> None:
    assert bench.fetch() == CONTENT
    assert bench.site.sent == SIZE
    assert [path.name for path in (bench.directory / ".partial").iterdir()] == ["mine.lock"]


def test_a_present_file_is_neither_fetched_nor_hashed_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.fetch()
    requests = len(bench.site.requests)
    monkeypatch.setattr("pipeline.engines.embedded.models.sha256_of", lambda _: 1 / 0)
    assert bench.fetch() == CONTENT
    assert len(bench.site.requests) == requests


def test_a_present_file_with_other_bytes_under_the_old_time_is_noticed(bench: Bench) -> None:
    bench.fetch()
    damage(bench.path, b"!" * SIZE)
    assert "--force" in bench.fails(ConfigError, "corrupt-weights")


def test_verify_hashes_the_whole_file(bench: Bench) -> None:
    bench.fetch()
    assert verify(bench.weights, bench.directory) == bench.path
    damage(bench.path, CONTENT[:-1] + b"!")
    with pytest.raises(ConfigError) as raised:
        verify(bench.weights, bench.directory)
    assert raised.value.problem == "corrupt-weights"


def damage(path: Path, content: bytes) -> None:
    """Other content, which only a hash can detect."""
    times = path.stat().st_mtime_ns
    path.write_bytes(content)
    os.utime(path, ns=(times, times))


def test_a_cut_download_is_resumed_and_no_byte_is_sent_twice(bench: Bench) -> None:
    bench.site.script = [Turn(cut=1_000_000), Turn(cut=500_000)]
    assert bench.fetch() == CONTENT
    assert bench.site.gets() == [(MODEL, ""), (MODEL, "bytes=1000000-"), (MODEL, "bytes=1500000-")]
    assert bench.site.sent == SIZE


def test_a_connection_that_is_always_cut_is_given_up_and_the_next_call_resumes(bench: Bench) -> None:
    bench.site.script = [Turn(cut=250_000)] * 4
    message = bench.fails(UnavailableError, "download-cut")
    assert "1 of 3 MB are here" in message
    assert "run the same command again" in message
    assert not bench.path.exists()
    assert bench.fetch() == CONTENT
    assert bench.site.gets()[-1] == (MODEL, "bytes=1000000-")
    assert bench.site.sent == SIZE


@pytest.mark.parametrize("turn", [Turn(ignore_range=True), Turn(shift=7), Turn(unnamed=True)])
def test_a_range_that_was_not_requested_is_not_joined(bench: Bench, turn: Turn) -> None:
    bench.site.script = [Turn(cut=1_000_000), turn]
    assert bench.fetch() == CONTENT


def test_a_redirect_keeps_the_range(bench: Bench) -> None:
    bench.site.files[OTHER] = CONTENT
    moved = Turn(status=302, location=OTHER)
    bench.site.script = [moved, Turn(cut=1_000_000), moved]
    assert bench.fetch() == CONTENT
    assert bench.site.gets()[-1] == (OTHER, "bytes=1000000-")
    assert bench.site.sent == SIZE


def test_wrong_bytes_are_an_error_and_nothing_is_kept(bench: Bench) -> None:
    bench.site.files[MODEL] = CONTENT[:-1] + b"!"
    bench.fails(EngineError, "hash-mismatch")
    assert bench.partial() == []
    assert not bench.path.exists()
    bench.site.files[MODEL] = CONTENT
    assert bench.fetch() == CONTENT


def test_a_damaged_partial_file_is_dropped_so_that_the_next_fetch_is_clean(bench: Bench) -> None:
    bench.leave_partial(b"!" * 1_000_000)
    bench.fails(EngineError, "hash-mismatch")
    assert bench.partial() == []
    bench.leave_partial(CONTENT + b"more")
    assert bench.fetch() == CONTENT


def test_another_file_is_refused_by_its_size(bench: Bench) -> None:
    bench.site.files[MODEL] = CONTENT + b"more"
    assert "3000004 bytes" in bench.fails(EngineError, "hash-mismatch")


def test_another_file_is_refused_by_the_hash_that_the_hub_states_before_it_is_sent(bench: Bench) -> None:
    bench.site.stated[MODEL] = "0" * 64
    bench.fails(EngineError, "hash-mismatch")
    assert bench.site.gets() == []
    bench.site.stated[MODEL] = hashlib.sha256(CONTENT).hexdigest()
    assert bench.fetch() == CONTENT


def test_a_silent_server_is_left_after_the_timeout(bench: Bench) -> None:
    bench.site.script = [Turn(hang=True)] * 2
    bench.patience = hub.Patience(connect=30, read=0.1, pauses=(0, 0))
    bench.fails(UnavailableError, "no-network")
    assert len(bench.site.gets()) == 2


def test_a_busy_server_is_called_again(bench: Bench) -> None:
    bench.site.script = [Turn(status=503), Turn(status=429)]
    assert bench.fetch() == CONTENT
    assert len(bench.site.gets()) == 3


@pytest.mark.parametrize("status", [401, 404])
def test_a_refusal_is_not_called_again(bench: Bench, status: int) -> None:
    bench.site.script = [Turn(status=status)]
    assert str(status) in bench.fails(EngineError, "fetch-failed")
    assert len(bench.site.gets()) == 1


def test_a_server_out_of_reach_is_no_network(bench: Bench) -> None:
    with serving() as gone:
        bench.site = gone
    assert "cannot be reached" in bench.fails(UnavailableError, "no-network")


@dataclass
class Notes(NoFetchProgress):
    """Keeps the notes; `noted` is set at the first."""

    texts: list[str] = field(default_factory=list)
    noted: threading.Event = field(default_factory=threading.Event)

    def note(self, text: str) -> None:
        self.texts.append(text)
        self.noted.set()


@pytest.mark.parametrize("failure", [Turn(status=404), Turn(cut=10)])
def test_where_a_source_fails_the_next_one_is_tried(bench: Bench, failure: Turn) -> None:
    bench.paths = (MODEL, OTHER)
    bench.site.files[OTHER] = CONTENT
    bench.site.script = [failure] * (1 if failure.status == 404 else 4)
    notes = Notes()
    assert bench.fetch(progress=notes) == CONTENT
    assert bench.site.gets()[-1] == (OTHER, "")
    assert [text.partition("; trying ")[2] for text in notes.texts] == ["another source of mine"]
    assert bench.partial() == []


def test_where_every_source_fails_the_error_is_of_the_preferred_one(bench: Bench) -> None:
    bench.paths = (MODEL, OTHER)
    bench.site.script = [Turn(cut=250_000)] * 4
    bench.fails(UnavailableError, "download-cut")
    assert bench.site.gets()[-1] == (OTHER, "")
    assert bench.fetch() == CONTENT
    assert bench.site.gets()[-1] == (MODEL, "bytes=1000000-")


def test_a_killed_fetch_is_resumed(bench: Bench) -> None:
    bench.site.hold = (MODEL, SIZE // 2)
    child = subprocess.Popen([sys.executable, "-c", CHILD, bench.site.url, str(bench.directory)], cwd=ROOT)
    assert bench.site.held.wait(60)
    end = time.monotonic() + 60
    while not any(path.stat().st_size for path in bench.partial()):
        assert time.monotonic() < end
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    bench.site.release()
    assert not bench.path.exists()
    (path,) = bench.partial()
    size = path.stat().st_size
    assert 0 < size < SIZE
    assert bench.fetch() == CONTENT
    assert bench.site.gets()[-1] == (MODEL, f"bytes={size}-")


def test_two_fetches_at_once_download_it_once(bench: Bench) -> None:
    bench.site.hold = (MODEL, SIZE // 2)
    notes = Notes()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(bench.fetch)
        assert bench.site.held.wait(60)
        second = pool.submit(bench.fetch, progress=notes)
        assert notes.noted.wait(60)
        bench.site.release()
        assert first.result() == second.result() == CONTENT
    assert notes.texts == ["another process is fetching mine: waiting for it"]
    assert bench.site.sent == SIZE


def test_a_full_disk_keeps_what_was_downloaded(bench: Bench) -> None:
    with file_size_limit(1_000_000):
        bench.fails(StoreError, "disk-full")
    assert [path.stat().st_size for path in bench.partial()] == [1_000_000]
    assert bench.fetch() == CONTENT
    assert bench.site.gets()[-1] == (MODEL, "bytes=1000000-")


def test_too_small_a_disk_is_reported_before_the_download(bench: Bench) -> None:
    huge = replace(bench.weights, size=10**18)
    with pytest.raises(StoreError, match=r"need 1000000000\.0 GB") as raised:
        ensure(["mine"], bench.directory, known={"mine": huge})
    assert raised.value.problem == "disk-full"
    assert bench.site.requests == []


def test_a_directory_that_cannot_be_written_is_an_error(bench: Bench) -> None:
    bench.directory.write_bytes(b"a file where the directory should be")
    assert "STORIES_MODELS" in bench.fails(StoreError, "unwritable")


def test_a_corrupt_file_is_replaced_only_by_force(bench: Bench) -> None:
    bench.fetch()
    bench.path.write_bytes(CONTENT[:-1])
    requests = len(bench.site.requests)
    assert "stories models fetch mine --force" in bench.fails(ConfigError, "corrupt-weights")
    assert len(bench.site.requests) == requests
    assert bench.fetch(force=True) == CONTENT
    assert verify(bench.weights, bench.directory) == bench.path


def test_a_forced_fetch_that_fails_leaves_the_old_file(bench: Bench) -> None:
    bench.fetch()
    bench.site.script = [Turn(status=404)]
    with pytest.raises(EngineError):
        bench.fetch(force=True)
    assert bench.path.read_bytes() == CONTENT


def test_lines_report_the_quarters(bench: Bench) -> None:
    bench.site.script = [Turn(cut=1_000_000)]
    output = io.StringIO()
    progress = progress_on(output)
    assert isinstance(progress, Lines)
    bench.fetch(progress=progress)
    lines = output.getvalue().splitlines()
    assert lines[0] == "mine: 0 kB of 3 MB"
    assert lines[-1] == "mine: 3 MB of 3 MB"
    assert len(lines) <= 5


def test_a_bar_ends_at_the_whole(bench: Bench) -> None:
    output = io.StringIO()
    bench.fetch(progress=Bars(output))
    assert "3.00M/3.00M" in output.getvalue()
