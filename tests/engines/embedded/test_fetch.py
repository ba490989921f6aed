"""Fetching, over real HTTP from a scripted server on loopback."""

from __future__ import annotations

import hashlib
import io
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipeline.engines.embedded.fetch import ensure, verify
from pipeline.engines.embedded.models import Weights, path_of
from pipeline.engines.embedded.progress import Bars, Lines, progress_on
from pipeline.engines.embedded.sources.connection import Patience
from pipeline.engines.embedded.sources.hub import HubFile
from pipeline.errors import ConfigError, EngineError, StoreError, StoriesError, UnavailableError
from tests.engines.embedded.loopback import Loopback, Turn, serving

SIZE = 3_000_000
CONTENT = b"GGUF" + random.Random(1).randbytes(SIZE - 4)
HASTE = Patience(connect=1, read=0.3, pauses=(0, 0.01, 0.01, 0.01))
ROOT = Path(__file__).parents[3]
MODEL = "/files/model.gguf"
# What a test does in a process of its own, where it is to be killed or bounded.
CHILD = """
import sys
from pathlib import Path
from tests.engines.embedded.test_fetch import weights
from pipeline.engines.embedded.fetch import ensure
from pipeline.engines.embedded.progress import Lines
from pipeline.errors import StoriesError
if len(sys.argv) > 3:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    ensure(["mine"], Path(sys.argv[2]), Lines(sys.stderr), known={"mine": weights(sys.argv[1])})
except StoriesError as error:
    sys.exit(f"{type(error).__name__} {error.problem}")
"""


def weights(url: str, content: bytes = CONTENT) -> Weights:
    digest = hashlib.sha256(content).hexdigest()
    source = HubFile(url + MODEL, len(content), digest, HASTE)
    return Weights("mine", "mine.gguf", len(content), digest, "Apache-2.0", "writer", "", source)


@dataclass
class Bench:
    site: Loopback
    directory: Path

    @property
    def known(self) -> dict[str, Weights]:
        return {"mine": weights(self.site.url)}

    def fetch(self, force: bool = False) -> Path:
        return ensure(["mine"], self.directory, force=force, known=self.known)["mine"]

    def fails(self, error: type[StoriesError], problem: str) -> str:
        with pytest.raises(error) as raised:
            self.fetch()
        assert raised.value.problem == problem
        assert "\n" not in str(raised.value)
        return str(raised.value)

    def partial(self) -> list[Path]:
        return [path for path in (self.directory / ".partial").rglob("*") if path.suffix != ".lock"]

    def child(self, *more: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", CHILD, self.site.url, str(self.directory), *more]
        return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with serving() as site:
        site.files[MODEL] = CONTENT
        yield Bench(site, tmp_path / "models")


def test_a_fetched_file_is_whole_and_nothing_partial_stays(bench: Bench) -> None:
    assert bench.fetch().read_bytes() == CONTENT
    assert bench.site.sent == SIZE
    assert bench.partial() == []


def test_a_second_start_asks_the_network_nothing_and_does_not_hash(bench: Bench) -> None:
    path = bench.fetch()
    asked = len(bench.site.seen)
    times = path.stat().st_mtime_ns
    path.write_bytes(b"!" * SIZE)  # only a hash could tell
    os.utime(path, ns=(times, times))
    assert bench.fetch() == path
    assert len(bench.site.seen) == asked


def test_verify_hashes_all_of_it(bench: Bench) -> None:
    path = bench.fetch()
    times = path.stat().st_mtime_ns
    assert verify("mine", bench.directory, bench.known) == path
    path.write_bytes(CONTENT[:-1] + b"!")
    os.utime(path, ns=(times, times))
    with pytest.raises(ConfigError) as raised:
        verify("mine", bench.directory, bench.known)
    assert raised.value.problem == "corrupt-weights"


def test_a_cut_download_goes_on_and_no_byte_comes_twice(bench: Bench) -> None:
    bench.site.script = [Turn(cut=1_000_000), Turn(cut=500_000)]
    assert bench.fetch().read_bytes() == CONTENT
    assert bench.site.gets() == [(MODEL, ""), (MODEL, "bytes=1000000-"), (MODEL, "bytes=1500000-")]
    assert bench.site.sent == SIZE


def test_a_line_that_is_always_cut_is_given_up_and_the_next_call_goes_on(bench: Bench) -> None:
    bench.site.script = [Turn(cut=250_000)] * 4
    said = bench.fails(UnavailableError, "download-cut")
    assert "1 of 3 MB are here" in said
    assert "goes on from there" in said
    assert not (bench.directory / "mine.gguf").exists()
    assert bench.fetch().read_bytes() == CONTENT
    assert bench.site.gets()[-1] == (MODEL, "bytes=1000000-")
    assert bench.site.sent == SIZE


def test_a_server_that_ignores_ranges_is_read_from_the_start(bench: Bench) -> None:
    bench.site.script = [Turn(cut=1_000_000), Turn(ignore_range=True)]
    assert bench.fetch().read_bytes() == CONTENT
    assert bench.site.sent == 1_000_000 + SIZE


@pytest.mark.parametrize("odd", [Turn(shift=7), Turn(unsaid=True)], ids=["another", "unsaid"])
def test_a_range_that_is_not_the_one_asked_for_is_not_joined(bench: Bench, odd: Turn) -> None:
    bench.site.script = [Turn(cut=1_000_000), odd]
    assert bench.fetch().read_bytes() == CONTENT


def test_a_redirect_keeps_the_range(bench: Bench) -> None:
    bench.site.files["/files/elsewhere"] = CONTENT
    moved = Turn(status=302, location="/files/elsewhere")
    bench.site.script = [moved, Turn(cut=1_000_000), moved]
    assert bench.fetch().read_bytes() == CONTENT
    assert bench.site.gets()[-1] == ("/files/elsewhere", "bytes=1000000-")
    assert bench.site.sent == SIZE


def test_wrong_bytes_are_an_error_and_nothing_is_kept(bench: Bench) -> None:
    bench.site.files[MODEL] = CONTENT[:-1] + b"!"
    bench.fails(EngineError, "hash-mismatch")
    assert bench.partial() == []
    assert not (bench.directory / "mine.gguf").exists()
    bench.site.files[MODEL] = CONTENT
    assert bench.fetch().read_bytes() == CONTENT


def test_a_partial_that_went_bad_is_dropped_so_that_the_next_try_is_clean(bench: Bench) -> None:
    bench.site.script = [Turn(cut=1_000_000)] + [Turn(status=503)] * 3
    bench.fails(UnavailableError, "download-cut")
    (partial,) = [path for path in bench.partial() if path.is_file()]
    partial.write_bytes(b"!" * 1_000_000)
    bench.fails(EngineError, "hash-mismatch")
    assert bench.partial() == []
    assert bench.fetch().read_bytes() == CONTENT


def test_a_partial_longer_than_the_file_is_started_anew(bench: Bench) -> None:
    bench.site.script = [Turn(cut=1_000_000)] + [Turn(status=503)] * 3
    bench.fails(UnavailableError, "download-cut")
    (partial,) = [path for path in bench.partial() if path.is_file()]
    partial.write_bytes(CONTENT + b"more")
    assert bench.fetch().read_bytes() == CONTENT


def test_another_file_is_refused_by_its_size(bench: Bench) -> None:
    bench.site.files[MODEL] = CONTENT + b"more"
    assert "3000004 bytes" in bench.fails(EngineError, "hash-mismatch")


def test_another_file_is_refused_by_the_hash_the_hub_states_before_it_comes(bench: Bench) -> None:
    bench.site.stated[MODEL] = "0" * 64
    bench.fails(EngineError, "hash-mismatch")
    assert bench.site.gets() == []


def test_the_hash_the_hub_states_may_be_the_pinned_one(bench: Bench) -> None:
    bench.site.stated[MODEL] = hashlib.sha256(CONTENT).hexdigest()
    assert bench.fetch().read_bytes() == CONTENT


def test_a_silent_server_is_left_after_the_timeout(bench: Bench) -> None:
    bench.site.script = [Turn(hang=15)] * 4
    started = time.monotonic()
    bench.fails(UnavailableError, "no-network")
    assert time.monotonic() - started < 15
    assert len(bench.site.gets()) == 4


def test_a_busy_server_is_asked_again(bench: Bench) -> None:
    bench.site.script = [Turn(status=503), Turn(status=429)]
    assert bench.fetch().read_bytes() == CONTENT
    assert len(bench.site.gets()) == 3


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_not_asked_again(bench: Bench, status: int) -> None:
    bench.site.script = [Turn(status=status)]
    assert str(status) in bench.fails(EngineError, "fetch-failed")
    assert len(bench.site.gets()) == 1


def test_nobody_there_is_no_network(tmp_path: Path) -> None:
    with serving() as site:
        gone = weights(site.url)
    with pytest.raises(UnavailableError, match="cannot be reached") as raised:
        ensure(["mine"], tmp_path, known={"mine": gone})
    assert raised.value.problem == "no-network"


def test_a_killed_fetch_goes_on_from_what_it_had(bench: Bench) -> None:
    bench.site.pause = 0.02
    child = bench.child()
    _wait(lambda: bench.site.sent > SIZE // 3)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert not (bench.directory / "mine.gguf").exists()
    (partial,) = [path for path in bench.partial() if path.is_file()]
    had = partial.stat().st_size
    assert 0 < had < SIZE
    bench.site.pause = 0
    assert bench.fetch().read_bytes() == CONTENT
    assert bench.site.gets()[-1] == (MODEL, f"bytes={had}-")


def test_two_processes_at_once_fetch_it_once(bench: Bench) -> None:
    bench.site.pause = 0.3  # so slow that the first is still fetching when the second comes
    first = bench.child()
    _wait(lambda: bench.site.sent > 0)
    second = bench.child()
    assert second.stderr is not None
    assert b"another process is fetching mine" in second.stderr.readline()
    bench.site.pause = 0
    for process in (first, second):
        process.communicate()
        assert process.returncode == 0
    assert bench.site.sent < 2 * SIZE  # once; a pause longer than the read timeout is resumed
    assert path_of("mine", bench.directory, bench.known).read_bytes() == CONTENT


def test_a_full_disk_keeps_what_came(bench: Bench) -> None:
    """The system refuses to write more than a million bytes to a file, as a full disk does."""
    child = bench.child("1000000")
    assert b"StoreError disk-full" in child.communicate()[1]
    assert child.returncode == 1
    (partial,) = [path for path in bench.partial() if path.is_file()]
    assert partial.stat().st_size == 1_000_000
    assert bench.fetch().read_bytes() == CONTENT
    assert bench.site.gets()[-1] == (MODEL, "bytes=1000000-")


def test_too_small_a_disk_is_said_before_anything_comes(bench: Bench) -> None:
    huge = replace(bench.known["mine"], size=10**18)
    with pytest.raises(StoreError, match=r"need 1000000000\.0 GB") as raised:
        ensure(["mine"], bench.directory, known={"mine": huge})
    assert raised.value.problem == "disk-full"
    assert bench.site.seen == []


def test_a_directory_that_cannot_be_written_is_said_plainly(bench: Bench) -> None:
    bench.directory.write_bytes(b"a file where the directory should be")
    assert "STORIES_MODELS" in bench.fails(StoreError, "unwritable")


def test_a_corrupt_file_is_not_replaced_unasked(bench: Bench) -> None:
    path = bench.fetch()
    path.write_bytes(CONTENT[:-1])
    asked = len(bench.site.seen)
    assert "stories models fetch mine --force" in bench.fails(ConfigError, "corrupt-weights")
    assert len(bench.site.seen) == asked
    assert bench.fetch(force=True).read_bytes() == CONTENT
    assert verify("mine", bench.directory, bench.known) == path


def test_a_forced_fetch_that_fails_leaves_the_old_file(bench: Bench) -> None:
    path = bench.fetch()
    bench.site.script = [Turn(status=404)]
    with pytest.raises(EngineError):
        bench.fetch(force=True)
    assert path.read_bytes() == CONTENT


def test_a_name_given_twice_is_fetched_once(bench: Bench) -> None:
    assert list(ensure(["mine", "mine"], bench.directory, known=bench.known)) == ["mine"]
    assert bench.site.sent == SIZE


def test_lines_tell_the_quarters(bench: Bench) -> None:
    bench.site.script = [Turn(cut=1_000_000)]
    heard = io.StringIO()
    progress = progress_on(heard)
    assert isinstance(progress, Lines)
    ensure(["mine"], bench.directory, progress, known=bench.known)
    lines = heard.getvalue().splitlines()
    assert lines[0] == "mine: 0 kB of 3 MB"
    assert lines[-1] == "mine: 3 MB of 3 MB"
    assert len(lines) <= 5


def test_a_bar_ends_at_the_whole(bench: Bench) -> None:
    heard = io.StringIO()
    ensure(["mine"], bench.directory, Bars(heard), known=bench.known)
    assert "3.00M/3.00M" in heard.getvalue()


def _wait(until: object, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not until():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)
