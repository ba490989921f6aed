"""A path of any setting may begin with "~", also where no shell has replaced it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config import env_file
from pipeline.config.paths import path
from pipeline.config.settings import Settings
from pipeline.engines.embedded import models
from pipeline.errors import ConfigError
from tests.command import Stories


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """$HOME is what "~" means: POSIX, 2.6.1 Tilde Expansion."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_every_path_of_the_environment_is_expanded(home: Path) -> None:
    names = ("STORIES_OUT", "STORIES_MODELS", "STORIES_VOICES")
    settings = Settings.from_env(dict.fromkeys(names, "~/a b"))
    assert {settings.out, settings.models, settings.aws.voices} == {home / "a b"}
    assert Settings.from_env({}, out="~/x", models="~").out == home / "x"
    assert Settings.from_env({}).out == Path("out")


def test_a_model_given_as_a_file_is_expanded(home: Path) -> None:
    (home / "w.gguf").write_bytes(b"GGUF" + bytes(100))
    assert models.path_of("~/w.gguf", home) == home / "w.gguf"


def test_a_file_of_settings_is_expanded_and_so_are_its_paths(home: Path) -> None:
    (home / "mine.env").write_text("STORIES_OUT=~/x\n")
    environ = {env_file.VARIABLE: "~/mine.env"}
    env_file.fill(environ, home / "elsewhere")
    assert Settings.from_env(environ).out == home / "x"


@pytest.mark.parametrize("arguments", [["--out=~/x"], ["--out", "~/x"]])
def test_the_option_makes_no_folder_named_like_a_tilde(
    stories: Stories, home: Path, arguments: list[str]
) -> None:
    environ = stories.environment(HOME=str(home))
    assert stories("make", "a shy snail", *arguments, env=environ).status == 0
    assert (home / "x" / "stories").is_dir()
    assert not (stories.directory / "~").exists()


def test_a_catalog_and_a_home_that_is_not_there(stories: Stories, home: Path) -> None:
    (home / "c.csv").write_text("context\na shy snail\n")
    environ = stories.environment(HOME=str(home))
    assert stories("catalog", "check", "~/c.csv", env=environ).status == 0
    assert stories("list", "--out=~nobody-of-this-name/x", env=environ).problem == "bad-setting"
    with pytest.raises(ConfigError, match="no such home"):
        path("~nobody-of-this-name/x")
