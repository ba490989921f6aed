"""Weights that a command fetches before its work: of the writer and of the voices that are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from pipeline.bootstrap import build_app
from pipeline.cli.weights import fetch_for
from pipeline.config.settings import Settings
from pipeline.engines.embedded import fetch as fetching
from tests.command import Stories

WRITER = "qwen2.5-coder-1.5b"
KOKORO = ("kokoro-82m-int8", "kokoro-voices")


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of a writer's and voices' weights that were asked for, instead of a download."""
    names: list[str] = []

    def ensure(wanted: Iterable[str], *_: object, **__: object) -> None:
        names.extend(name for name in wanted if not name.startswith("firefox"))

    monkeypatch.setattr(fetching, "ensure", ensure)
    return names


@pytest.mark.parametrize(
    ("editions", "voices"),
    [
        (("en",), ()),
        (("en-x-heart-p90",), ()),
        (("en-x-robot",), ()),
        (("nl",), ()),
        (("en-x-emma",), KOKORO),
        (("fr",), KOKORO),
        (("en", "pt", "de"), KOKORO),
    ],
)
def test_weights_of_a_voice_come_when_it_is_asked_for(
    tmp_path: Path, fetched: list[str], editions: tuple[str, ...], voices: tuple[str, ...]
) -> None:
    settings = Settings(profile="embedded", models=tmp_path, mirror=str(tmp_path / "none"))
    fetch_for(build_app(settings), settings, editions)
    assert fetched == [WRITER, *voices]


def test_a_voice_is_played_without_the_weights_of_others(stories: Stories, fetched: list[str]) -> None:
    assert stories("voices", "en", "--play").status == 0
    assert fetched == []


def test_all_is_fetched_by_name_of_the_command(stories: Stories, fetched: list[str]) -> None:
    env = stories.environment(STORIES_MODELS_MIRROR=str(stories.directory / "none"))
    assert stories("models", "fetch", "--profile", "embedded", env=env).status == 0
    assert fetched == [WRITER, *KOKORO]


def test_the_doctor_is_content_without_the_weights_of_a_voice(stories: Stories) -> None:
    out = stories("doctor", "--profile", "embedded").out
    assert f"NO  weights {WRITER}: not here (1.1 GB)\n" in out
    assert "?   weights kokoro-82m-int8: not here (63 MB, fetched when its voice is asked for)\n" in out
