"""Translators that come while a server works, from a folder and from a silent host."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import pytest

from pipeline.bootstrap import build_app
from pipeline.cli.background import fetching_translators
from pipeline.config.settings import Aws, Settings
from pipeline.engines.embedded import translators
from pipeline.engines.embedded.translators import PARTS, Translators
from tests.api.calling import until
from tests.engines.embedded.loopback import Loopback, Turn, serving
from tests.engines.embedded.test_translator_fetch import DIRECTIONS, content, location

CAME = "translators of fr, de are here: they count from the next start of this server"


@pytest.fixture(autouse=True)
def small_table(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Of small files, for French and German."""
    table = Translators(
        "http://127.0.0.1:9", "MPL-2.0", MappingProxyType({each.name: each for each in DIRECTIONS})
    )
    monkeypatch.setattr(translators, "table", lambda: table)
    caplog.set_level(logging.INFO, "pipeline")


@pytest.fixture
def silent() -> Iterator[Loopback]:
    """A host that accepts a request and does not answer."""
    with serving() as site:
        site.script = [Turn(hang=True)]
        yield site


def settings(tmp_path: Path, mirror: str) -> Settings:
    return Settings(profile="embedded", models=tmp_path / "models", mirror=mirror)


def threads() -> set[threading.Thread]:
    return set(threading.enumerate())


def test_what_comes_while_a_server_works_counts_from_its_next_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for direction in DIRECTIONS:
        for part in PARTS:
            pair = (direction.source, direction.target)
            (path := tmp_path / location(pair, part)).parent.mkdir(exist_ok=True)
            path.write_bytes(content(pair, part))
    mine = settings(tmp_path, str(tmp_path))
    running = build_app(mine)
    with fetching_translators(mine):
        until(lambda: CAME in caplog.messages)
    assert running.chains["fr"].labels == ("draft translation",)
    assert build_app(mine).chains["fr"].labels == ()
    caplog.clear()
    before = threads()
    with fetching_translators(mine):
        until(lambda: threads() == before)
    assert caplog.messages == []  # nothing is left to fetch


def test_a_silent_host_holds_neither_start_nor_end(
    tmp_path: Path, silent: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    before = threads()
    with fetching_translators(settings(tmp_path, f"{silent.url}/files")):
        until(lambda: bool(silent.gets()))
        (fetching,) = (each for each in threads() - before if each.daemon and each.name.endswith("(_fetch)"))
    assert fetching.is_alive()  # left alone: the process does not wait for a daemon
    silent.release()
    fetching.join(60)
    assert not fetching.is_alive()
    assert not any("no translator" in message for message in caplog.messages)
    assert not list((tmp_path / "models").glob("translators-unavailable.json"))


def test_nothing_is_fetched_where_a_workflow_translates(tmp_path: Path, silent: Loopback) -> None:
    mine = Settings(profile="embedded", models=tmp_path, mirror=silent.url, aws=Aws(workflow="arn"))
    before = threads()
    with fetching_translators(mine):
        assert threads() == before
