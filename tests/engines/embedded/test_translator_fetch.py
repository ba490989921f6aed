"""Fetching translators, over real HTTP from a scripted server on loopback, and from a folder."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

import pytest

from pipeline.engines.embedded import translator_fetch, translators
from pipeline.engines.embedded.firefox import FirefoxTranslation
from pipeline.engines.embedded.progress import NoFetchProgress
from pipeline.engines.embedded.sources import attachment, hub
from pipeline.engines.embedded.translators import PARTS, Direction, Part, Translators
from tests.engines.embedded.limits import file_size_limit
from tests.engines.embedded.loopback import Loopback, Turn, serving

SIZE = 300_000
PAIRS = (("en", "fr"), ("fr", "en"), ("en", "de"), ("de", "en"))
DAY = 24 * 3600
PATIENCE = hub.Patience(connect=30, read=60, pauses=(0,))


def content(pair: tuple[str, str], part: str) -> bytes:
    return random.Random(f"{pair} {part}").randbytes(SIZE)


def location(pair: tuple[str, str], part: str) -> str:
    return f"models/{'-'.join(pair)}-{part}.bin"


def _direction(pair: tuple[str, str]) -> Direction:
    parts = {
        part: Part(location(pair, part), SIZE, hashlib.sha256(content(pair, part)).hexdigest())
        for part in PARTS
    }
    return Direction(*pair, "1", "", parts)


DIRECTIONS = tuple(map(_direction, PAIRS))


@dataclass
class Bench(NoFetchProgress):
    """site: a host with all files under /files. time: seconds since 1970."""

    site: Loopback
    directory: Path
    time: float = 1_800_000_000.0
    patience: hub.Patience = PATIENCE
    directions: tuple[Direction, ...] = DIRECTIONS
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def fetch(self, *languages: str, mirror: str = "", again: bool = False, force: bool = False) -> bool:
        self.notes.clear()
        return translator_fetch.fetch(
            languages,
            self.directory,
            mirror,
            self,
            again=again,
            force=force,
            known=Translators(
                f"{self.site.url}/files",
                "MPL-2.0",
                MappingProxyType({direction.name: direction for direction in self.directions}),
            ),
            fetchers={"attachment": partial(attachment.fetch, patience=self.patience)},
            now=lambda: self.time,
        )

    def has(self, language: str) -> bool:
        """Whether every file of both directions is here as pinned."""
        directions = [direction for direction in DIRECTIONS if direction.language == language]
        if not translators.are_here(tuple(directions), self.directory):
            return False
        return all(
            translators.read(direction, self.directory)[part]
            == content((direction.source, direction.target), part)
            for direction in directions
            for part in PARTS
        )

    @property
    def refusal(self) -> str:
        """The one line that a fetch without success said, after what it was going to fetch."""
        *_, last = self.notes
        assert "\n" not in last
        return last


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with serving() as site:
        for pair in PAIRS:
            for part in PARTS:
                site.files[f"/files/{location(pair, part)}"] = content(pair, part)
        yield Bench(site, tmp_path / "models")


def test_both_directions_of_a_language_are_fetched_once(bench: Bench) -> None:
    assert bench.fetch("fr", "fr")
    assert bench.has("fr")
    assert not bench.has("de")
    assert bench.site.sent == 6 * SIZE
    (announcement,) = bench.notes
    assert announcement.startswith(
        "Fetching firefox-en-fr, firefox-fr-en (2 MB, MPL-2.0) from http://127.0.0.1"
    )
    requests = len(bench.site.requests)
    assert not bench.fetch("fr")
    assert bench.notes == []
    assert len(bench.site.requests) == requests


def test_a_fetched_translator_translates(bench: Bench) -> None:
    """The real files of Portuguese, as if they were not installed."""
    installed = translators.of("pt")
    fetched = tuple(replace(direction, package="") for direction in installed)
    for direction in installed:
        for part, body in translators.read(direction, bench.directory).items():
            bench.site.files[f"/files/{direction.parts[part].location}"] = body
    bench.directions = fetched
    assert not translators.are_here(fetched, bench.directory)
    assert bench.fetch("pt")
    engine = FirefoxTranslation(fetched, partial(translators.read, directory=bench.directory))
    assert engine.translate(("Good night, little bear.",), "en", "pt") == ("Boa noite, pequeno urso.",)
    assert engine.translate(("um menino que perdeu o gato",), "pt-BR", "en") == ("a boy who lost the cat",)


def test_force_fetches_what_is_here(bench: Bench) -> None:
    bench.fetch("fr")
    path = DIRECTIONS[0].path("model", bench.directory)
    assert path is not None
    path.write_bytes(b"!" * SIZE)
    assert bench.fetch("fr", force=True)
    assert bench.has("fr")


def test_a_wrong_file_is_not_kept_and_other_languages_come_all_the_same(bench: Bench) -> None:
    bench.site.files[f"/files/{location(('fr', 'en'), 'model')}"] = b"!" * SIZE
    assert bench.fetch("fr", "de")
    assert not bench.has("fr")
    assert bench.has("de")
    (refusal,) = [note for note in bench.notes if not note.startswith("Fetching")]
    assert refusal.startswith("no translator for fr here, the language model drafts it: ")
    assert "SHA-256" in refusal


def test_a_missing_file_is_remembered_for_its_language_and_for_a_day(bench: Bench) -> None:
    missing = f"/files/{location(('en', 'fr'), 'model')}"
    body = bench.site.files.pop(missing)
    assert not bench.fetch("fr")
    assert "404" in bench.refusal
    bench.site.files[missing] = body
    assert bench.fetch("fr", "de")
    assert (bench.has("fr"), bench.has("de")) == (False, True)
    bench.time += DAY - 1
    assert not bench.fetch("fr")
    bench.time += 1
    assert bench.fetch("fr")
    assert bench.has("fr")


def test_a_host_out_of_reach_is_tried_once_and_remembered_for_every_language(bench: Bench) -> None:
    with serving() as gone:
        away = gone.url
    assert not bench.fetch("fr", "de", mirror=away)
    assert "cannot be reached" in bench.refusal
    assert len(bench.notes) == 2  # what was going to be fetched, and why it is not
    assert not bench.fetch("de", mirror=away)
    assert bench.notes == []
    assert not bench.fetch("de", mirror=away, again=True)
    assert "cannot be reached" in bench.refusal
    # Another host is another matter.
    assert bench.fetch("de")


def test_a_silent_host_is_left(bench: Bench) -> None:
    bench.site.script = [Turn(hang=True)]
    bench.patience = hub.Patience(connect=30, read=0.1, pauses=(0,))
    assert not bench.fetch("fr", "de")
    assert "no translator for fr here" in bench.refusal
    assert len(bench.site.gets()) == 1
    assert not bench.fetch("fr")
    assert bench.notes == []


def test_a_cut_download_is_resumed_by_the_next_story(bench: Bench) -> None:
    bench.site.script = [Turn(cut=100_000)]
    assert not bench.fetch("fr")
    assert "cut" in bench.refusal
    assert bench.fetch("fr")
    assert bench.has("fr")
    assert bench.site.sent == 6 * SIZE


def test_a_full_disk_is_no_reason_to_wait_a_day(bench: Bench) -> None:
    with file_size_limit(SIZE // 2):
        assert not bench.fetch("fr")
    assert "disk" in bench.refusal
    assert bench.fetch("fr")
    assert bench.has("fr")


def test_a_file_of_another_size_is_fetched_again_by_force(bench: Bench) -> None:
    bench.fetch("fr")
    path = DIRECTIONS[0].path("model", bench.directory)
    assert path is not None
    path.write_bytes(b"cut")
    assert not bench.fetch("fr")
    assert "stories models fetch firefox-en-fr --force" in bench.refusal
    assert bench.fetch("fr", force=True)
    assert bench.has("fr")


def test_a_folder_serves_as_mirror_and_is_looked_into_every_time(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "mirror"
    assert not bench.fetch("fr", mirror=str(folder))
    assert "STORIES_MODELS_MIRROR" in bench.refusal
    for pair in PAIRS:
        for part in PARTS:
            path = folder / location(pair, part)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content(pair, part))
    assert bench.fetch("fr", mirror=f"{folder}/")
    assert bench.has("fr")
    assert bench.site.requests == []


def test_a_full_disk_stops_a_copy_as_well(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / location(("en", "fr"), "model")
    path.parent.mkdir()
    path.write_bytes(content(("en", "fr"), "model"))
    with file_size_limit(SIZE // 2):
        assert not bench.fetch("fr", mirror=str(tmp_path))
    assert "is full" in bench.refusal


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"%s": 1}', '{"%s": {"fr": "today"}}', '{"%s": {"fr": 9e99}}']
)
def test_a_memory_that_cannot_be_read_is_none(bench: Bench, text: str) -> None:
    bench.directory.mkdir()
    host = f"{bench.site.url}/files"
    (bench.directory / "translators-unavailable.json").write_text(text.replace("%s", host))
    assert bench.fetch("fr")


def test_a_folder_that_cannot_be_written_is_said_and_no_more(bench: Bench) -> None:
    bench.directory.write_bytes(b"a file where the directory should be")
    assert not bench.fetch("fr")
    assert "STORIES_MODELS" in bench.refusal


def test_the_memory_is_of_one_host(bench: Bench) -> None:
    with serving() as gone:
        away = gone.url
    bench.fetch("fr", mirror=away)
    (memory,) = bench.directory.glob("*.json")
    assert json.loads(memory.read_bytes()) == {away: {"*": bench.time}}


def test_the_shipped_table_is_used_by_default(tmp_path: Path) -> None:
    notes = Bench(Loopback(), tmp_path)
    assert not translator_fetch.fetch(("pt", "zh"), tmp_path, str(tmp_path / "none"), notes)
    assert notes.notes == []
    assert not translator_fetch.fetch(("nl",), tmp_path, str(tmp_path / "none"), notes)
    assert "firefox-en-nl, firefox-nl-en (74 MB, MPL-2.0)" in notes.notes[0]
