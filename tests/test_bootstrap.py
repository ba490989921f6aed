from __future__ import annotations

import importlib
import logging
import operator
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.bootstrap import build_app, build_grader, models_dir, translated_languages, weights
from pipeline.config.profiles import profile, profiles
from pipeline.config.settings import Aws, Settings
from pipeline.engines.embedded import fetch, translators
from pipeline.engines.registry import REGISTRY, create
from pipeline.errors import ConfigError, UnavailableError
from tests.engines.embedded.test_translators import place


def fingerprint(model: Path | str) -> str:
    return build_app(Settings(profile="fake", model=str(model))).text.fingerprint


def test_model_of_the_table_has_its_name_in_the_fingerprint() -> None:
    assert fingerprint("smollm2-135m") == "llama.cpp/smollm2-135m/1"


def test_fingerprint_of_a_file_depends_on_its_content_not_its_path(tmp_path: Path) -> None:
    for folder, content in (("a", b"GGUF" + b"1" * 5_000_000), ("b", b"GGUF" + b"1" * 4_999_999 + b"2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.gguf").write_bytes(content)
    first, second = (fingerprint(tmp_path / folder / "mine.gguf") for folder in "ab")
    assert first != second
    assert first.startswith("llama.cpp/mine.gguf-")
    assert fingerprint(tmp_path / "b" / ".." / "a" / "mine.gguf") == first


def test_missing_model_file_is_no_error_before_its_use() -> None:
    assert fingerprint("/nowhere/mine.gguf") == "llama.cpp/mine.gguf/1"


@pytest.mark.parametrize("model", ["mine.gguf", "MINE.GGUF", "./mine", "/a/b"])
def test_a_model_by_path_needs_no_fetching(model: str) -> None:
    assert weights(Settings(profile="draft", model=model)) == ()


def test_a_profile_needs_its_writer_and_its_voices() -> None:
    assert weights(Settings(profile="fake")) == ()
    assert weights(Settings(profile="draft")) == ("smollm2-135m",)
    assert weights(Settings(profile="embedded"))[0] == "qwen2.5-coder-1.5b"


def test_weights_of_a_voice_are_fetched_at_its_first_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unreachable(names: tuple[str, ...], directory: Path, *_: object) -> None:
        raise UnavailableError(f"{names} for {directory}: check the network", problem="no-network")

    monkeypatch.setattr(fetch, "ensure", unreachable)
    caplog.set_level(logging.INFO, "pipeline")
    chain = build_app(Settings(profile="embedded", out=tmp_path / "out", models=tmp_path)).chains["fr"]
    with pytest.raises(UnavailableError, match=r"kokoro-82m-int8.*check the network"):
        chain.speech.synthesize("Il dort.", chain.voice)
    assert caplog.messages == [
        f"Fetching 1 model, 63 MB in all: kokoro-82m-int8 (63 MB, Apache-2.0); into {tmp_path}"
    ]


def test_options_override_the_environment_and_the_environment_the_defaults() -> None:
    environ = {"STORIES_PROFILE": "draft", "STORIES_OUT": "/e", "STORIES_MODELS": "~/m", "STORIES_MODEL": "x"}
    assert Settings.from_env({}) == Settings("embedded", Path("out"), None, "")
    assert Settings.from_env({}).aws == Aws()
    assert Settings.from_env(environ) == Settings("draft", Path("/e"), Path.home() / "m", "x")
    settings = Settings.from_env(environ, profile="fake", out="/o", model="y")
    assert (settings.profile, settings.out, settings.model) == ("fake", Path("/o"), "y")
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


def test_files_of_a_translator_decide_who_translates_when_the_app_is_built(tmp_path: Path) -> None:
    settings = Settings(profile="embedded", models=tmp_path)
    before = build_app(settings)
    place(tmp_path, *translators.of("fr"), translators.of("de")[0])
    after = build_app(settings)
    draft, real, half = before.chains["fr"], after.chains["fr"], after.chains["de"]
    assert draft.translation is not None
    assert real.translation is not None
    assert draft.translation.fingerprint.startswith("llama.cpp/qwen2.5-coder-1.5b/")
    assert (draft.labels, draft.quality) == (("draft translation",), "fair")
    assert real.translation.fingerprint == "firefox/en-fr-6322e296+fr-en-15f997bc/1"
    assert (real.labels, real.quality) == ((), "unmeasured")
    assert half.labels == ("draft translation", "foreign accent")
    assert before.chains["it"].labels == after.chains["it"].labels == ("draft translation",)


def test_each_language_has_a_translator_of_its_own(tmp_path: Path) -> None:
    place(tmp_path, *translators.of("fr"), *translators.of("es"))
    chains = build_app(Settings(profile="embedded", models=tmp_path)).chains
    names = {chains[locale].translation.fingerprint for locale in ("fr", "es", "pt")}  # type: ignore[union-attr]
    assert len(names) == 3


def test_labels_are_of_the_engine_that_translated(tmp_path: Path) -> None:
    draft = build_app(Settings(profile="embedded", models=tmp_path)).chains["de"]
    place(tmp_path, *translators.of("de"))
    real = build_app(Settings(profile="embedded", models=tmp_path)).chains["de"]
    for chain in (draft, real):
        assert chain.labels_of("llama.cpp/another-model/1/translate@9") == (
            "draft translation",
            "foreign accent",
        )
        assert chain.labels_of("firefox/en-de-00000000/1") == ("foreign accent",)
        assert chain.labels_of("bergamot/older/1") == chain.labels


def test_languages_to_fetch_translators_for() -> None:
    assert translated_languages(Settings(profile="embedded")) == ("fr", "it", "es", "pt", "de", "nl", "ar")
    assert translated_languages(Settings(profile="draft")) == ("pt",)
    assert (
        translated_languages(Settings(profile="fake")) == translated_languages(Settings(profile="aws")) == ()
    )


def test_aws_settings_come_from_the_environment() -> None:
    settings = Settings.from_env(
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
    assert settings.aws == Aws(
        "falcon", "falcon-1", "chat", False, "stories", 300, "FORMAL", ("names",), Path("/v.toml")
    )
    assert settings.strict is False
    assert build_app(replace(settings, profile="aws")).strict is False
    assert build_app(Settings(profile="aws")).strict is True


@pytest.mark.parametrize("name", profiles())
def test_a_server_of_one_s_own_choice_writes_for_every_profile_and_needs_no_weights(name: str) -> None:
    environ = {
        "STORIES_PROFILE": name,
        "STORIES_WRITER_URL": "http://127.0.0.1:11434/v1",
        "STORIES_WRITER_KEY": "sk-very-secret-0123",
        "STORIES_MODEL": "qwen2.5:7b",
    }
    settings = Settings.from_env(environ)
    app = build_app(settings)
    assert app.text.fingerprint == "openai/qwen2.5-7b/1"
    assert app.prompt.id == "story@1"
    assert "sk-very-secret" not in repr(settings) + repr(app)
    without = {key: value for key, value in environ.items() if "WRITER" not in key and key != "STORIES_MODEL"}
    profile_weights = weights(Settings.from_env(without))
    assert set(weights(settings)) == {weight for weight in profile_weights if weight.startswith("kokoro")}


@pytest.mark.parametrize("name", profiles())
def test_a_model_of_bedrock_writes_for_every_profile_and_needs_no_weights(name: str) -> None:
    environ = {
        "STORIES_PROFILE": name,
        "STORIES_WRITER": "bedrock",
        "STORIES_MODEL": "eu.amazon.nova-lite-v1:0",
        "STORIES_GUARDRAIL": "abc1:2",
    }
    settings = Settings.from_env(environ)
    app = build_app(settings)
    assert app.text.fingerprint == "bedrock/amazon.nova-lite-v1-0/abc1-2/1"
    assert app.prompt.id == "story@1"
    assert weights(settings, ()) == ()
    with pytest.raises(ConfigError, match="STORIES_MODEL") as caught:
        build_app(Settings.from_env({**environ, "STORIES_MODEL": ""}))
    assert caught.value.problem == "no-model"


def test_a_grader_by_profile_is_that_profile_s_own_writer() -> None:
    """And not the app's, which the environment names."""
    environ = {"STORIES_WRITER": "bedrock", "STORIES_MODEL": "amazon.nova-lite-v1:0"}
    app = build_app(Settings.from_env({**environ, "STORIES_PROFILE": "fake"}))
    grader = build_grader(app, environ, "fake", "")
    assert grader is not None
    assert grader.fingerprint.startswith("fake/")


def test_a_server_without_a_model_or_with_a_public_http_address_is_refused_before_any_work() -> None:
    for url, problem in (("http://127.0.0.1:1/v1", "no-model"), ("http://example.com/v1", "plain-http")):
        model = "m" if problem == "plain-http" else ""
        with pytest.raises(ConfigError) as caught:
            build_app(Settings.from_env({"STORIES_PROFILE": "fake", "STORIES_WRITER_URL": url}, model=model))
        assert caught.value.problem == problem
    allowed = {
        "STORIES_PROFILE": "fake",
        "STORIES_WRITER_URL": "http://example.com",
        "STORIES_WRITER_HTTP": "1",
    }
    assert build_app(Settings.from_env(allowed, model="m")).text.fingerprint == "openai/m/1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("URL_SECONDS", "0"),
        ("URL_SECONDS", "604801"),
        ("URL_SECONDS", "5m"),
        ("URL_SECONDS", "٣"),
        ("CHECKS", "no"),
        ("WRITER", "claude"),
    ],
)
def test_invalid_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"STORIES_{name}") as caught:
        Settings.from_env({f"STORIES_{name}": value})
    assert caught.value.problem == "bad-setting"


def test_fake_engines_are_labelled() -> None:
    for name in profiles():
        for locale in profile(name)["locales"].values():
            for part in ("speech", "translation"):
                if locale.get(part, "").startswith("fake"):
                    assert any("fake" in label for label in locale["labels"]), locale


def test_unknown_profile_and_engine_list_the_known() -> None:
    with pytest.raises(ConfigError, match="aws, draft, embedded, fake") as caught:
        build_app(Settings(profile="cloud"))
    assert caught.value.problem == "unknown-profile"
    with pytest.raises(ConfigError, match="fake-text, ") as caught:
        create("gpt")
    assert caught.value.problem == "unknown-engine"


@pytest.mark.parametrize("name", REGISTRY)
def test_registry_paths_can_be_imported(name: str) -> None:
    module, _, attribute = REGISTRY[name].partition(":")
    assert operator.attrgetter(attribute)(importlib.import_module(module))


def test_missing_package_is_named_with_its_remedy() -> None:
    script = """
import sys
from dataclasses import replace
sys.modules["numpy"] = None  # as if it were not installed
from pipeline.engines.registry import create
from pipeline.errors import ConfigError
from tests.engines.embedded.test_translators import place
try:
    create("lame")
except ConfigError as error:
    print(error.problem, error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "missing-package engine 'lame' needs the package 'numpy': run `make setup`\n", (
        done.stderr
    )
