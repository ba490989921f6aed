from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.bootstrap import build_app, models_dir, weights
from pipeline.config.profiles import profile, profiles
from pipeline.config.settings import Aws, Settings
from pipeline.engines.registry import REGISTRY, create
from pipeline.errors import ConfigError


def fingerprint(model: Path | str) -> str:
    return build_app(Settings(profile="fake", model=str(model))).text.fingerprint


def test_a_model_of_the_table_is_called_by_its_name() -> None:
    assert fingerprint("smollm2-135m") == "llama.cpp/smollm2-135m/1"


def test_two_files_of_one_name_are_two_models_and_one_file_by_two_paths_is_one(tmp_path: Path) -> None:
    for folder, content in (("a", b"GGUF" + b"1" * 5_000_000), ("b", b"GGUF" + b"1" * 4_999_999 + b"2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.gguf").write_bytes(content)
    one, other = (fingerprint(tmp_path / folder / "mine.gguf") for folder in "ab")
    assert one != other
    assert one.startswith("llama.cpp/mine.gguf-")
    assert fingerprint(tmp_path / "b" / ".." / "a" / "mine.gguf") == one


def test_a_file_that_is_not_there_is_no_fault_before_it_is_needed() -> None:
    assert fingerprint("/nowhere/mine.gguf") == "llama.cpp/mine.gguf/1"


@pytest.mark.parametrize("model", ["mine.gguf", "MINE.GGUF", "./mine", "/a/b"])
def test_a_model_by_path_needs_no_fetching(model: str) -> None:
    assert weights(Settings(profile="draft", model=model)) == ()


def test_a_profile_needs_its_writer_and_its_voices() -> None:
    assert weights(Settings(profile="fake")) == ()
    assert weights(Settings(profile="draft")) == ("smollm2-135m",)
    assert weights(Settings(profile="embedded"))[0] == "qwen2.5-coder-1.5b"


def test_options_go_before_the_environment_and_the_environment_before_the_defaults() -> None:
    environ = {"STORIES_PROFILE": "draft", "STORIES_OUT": "/e", "STORIES_MODELS": "~/m", "STORIES_MODEL": "x"}
    assert Settings.from_env({}) == Settings("embedded", Path("out"), None, "")
    assert Settings.from_env({}).aws == Aws()
    assert Settings.from_env(environ) == Settings("draft", Path("/e"), Path.home() / "m", "x")
    told = Settings.from_env(environ, profile="fake", out="/o", model="y")
    assert (told.profile, told.out, told.model) == ("fake", Path("/o"), "y")
    assert models_dir(Settings.from_env(environ)) == Path.home() / "m"


@pytest.mark.parametrize("name", profiles())
def test_each_profile_builds_without_weights_and_touches_no_disk(name: str, tmp_path: Path) -> None:
    app = build_app(Settings(profile=name, out=tmp_path / "out", models=tmp_path / "models"))
    assert set(app.chains) >= {"en", "fr", "it", "es", "de", "pt", "nl", "ar"}
    assert app.chains["en"].translation is None
    assert list(tmp_path.iterdir()) == []
    for chain in app.chains.values():
        assert chain.quality
        assert chain.labels or name in {"embedded", "aws"}


def test_the_cloud_is_asked_as_the_environment_says() -> None:
    told = Settings.from_env(
        {
            "STORIES_ENDPOINT": "falcon",
            "STORIES_COMPONENT": "falcon-1",
            "STORIES_BUCKET": "stories",
            "STORIES_CONTAINER": "chat",
            "STORIES_STREAMED": "0",
            "STORIES_URL_SECONDS": "300",
            "STORIES_FORMALITY": "formal",
            "STORIES_TERMINOLOGY": "names",
            "STORIES_VOICES": "/v.toml",
            "STORIES_CHECKS": "report",
        }
    )
    assert told.aws == Aws(
        "falcon", "falcon-1", "chat", False, "stories", 300, "FORMAL", ("names",), Path("/v.toml")
    )
    assert told.strict is False
    assert build_app(replace(told, profile="aws")).strict is False
    assert build_app(Settings(profile="aws")).strict is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("URL_SECONDS", "0"),
        ("URL_SECONDS", "604801"),
        ("URL_SECONDS", "5m"),
        ("URL_SECONDS", "٣"),
        ("CHECKS", "no"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"STORIES_{name}") as caught:
        Settings.from_env({f"STORIES_{name}": value})
    assert caught.value.problem == "bad-setting"


def test_what_is_fake_is_labelled_fake() -> None:
    for name in profiles():
        for told in profile(name)["locales"].values():
            for part in ("speech", "translation"):
                if told.get(part, "").startswith("fake"):
                    assert any("fake" in label for label in told["labels"]), told


def test_an_unknown_profile_and_an_unknown_engine_list_the_known() -> None:
    with pytest.raises(ConfigError, match="aws, draft, embedded, fake") as caught:
        build_app(Settings(profile="cloud"))
    assert caught.value.problem == "unknown-profile"
    with pytest.raises(ConfigError, match="fake-text, ") as caught:
        create("gpt")
    assert caught.value.problem == "unknown-engine"


@pytest.mark.parametrize("name", REGISTRY)
def test_the_registry_names_what_there_is(name: str) -> None:
    module, _, attribute = REGISTRY[name].partition(":")
    script = f"import {module} as m; m.{attribute}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_missing_package_is_named_with_what_to_do() -> None:
    script = """
import sys
from dataclasses import replace
sys.modules["numpy"] = None  # as if it were not installed
from pipeline.engines.registry import create
from pipeline.errors import ConfigError
try:
    create("lame")
except ConfigError as error:
    print(error.problem, error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "missing-package engine 'lame' needs the package 'numpy': run `make setup`\n", (
        done.stderr
    )
