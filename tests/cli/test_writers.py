"""`stories models try` and `use`, with fakes in place of the local models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from pipeline.bootstrap import build_store
from pipeline.cli import writers
from pipeline.config.settings import Settings
from pipeline.engines.embedded import models
from pipeline.engines.fake import FakeText
from pipeline.ports import OnText, ignore
from pipeline.types import Completion, Prompt
from tests.command import Stories
from tests.counting import CountingText
from tests.making import fake_app

OTHER = "./other.gguf"  # a path: the fakes stand in for its weights


class Rambling(FakeText):
    """Every story of it is cut, so that none passes."""

    fingerprint = "fake/rambling/1"

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        completion = super().complete(prompt, on_text)
        return completion if prompt.choices else replace(completion, text=completion.text[:200])


@contextmanager
def _engines(texts: dict[str, FakeText]) -> Iterator[dict[str, CountingText]]:
    """Instead of local models: a fake for each name; the profile's own writer is called `own`."""
    counted = {name: CountingText(text) for name, text in texts.items()}

    def build_app(settings: Settings) -> object:
        return fake_app(build_store(settings), text=counted[settings.model or "own"])

    with (
        patch.object(writers, "build_app", build_app),
        patch.object(writers, "weights", lambda settings, speech: ()),
        patch.object(writers, "writer", lambda settings: settings.model or "own"),
    ):
        yield counted


def _row(out: str, model: str) -> list[str]:
    return next(re.split(r"  +", line.strip()) for line in out.splitlines() if line.startswith(model))


def test_a_writer_is_tried_beside_this_machine_s_own(stories: Stories) -> None:
    with _engines({"own": FakeText(), OTHER: Rambling()}) as counted:
        done = stories("models", "try", OTHER)
        calls = {name: len(text.calls) for name, text in counted.items()}
        again = stories("models", "try", OTHER)
        assert (
            len(counted["own"].calls) == calls["own"]
        )  # its stories are read; those of `other` never passed
    assert done.status == again.status == 0
    assert _row(done.out, OTHER)[1:3] == ["0 of 5", "0"]
    assert re.fullmatch(r"\d+\.\d GB", _row(done.out, OTHER)[-1])
    assert _row(done.out, "own")[1:3] == ["5 of 5", "5"]
    assert _row(again.out, "own")[3] == "made before"
    assert done.out.count("[own]") == done.out.count("no story: ") == len(writers.IDEAS)
    assert f"stories models use {OTHER}" in done.err


def test_a_chosen_writer_stands_in_the_file_of_settings(stories: Stories) -> None:
    file = stories.directory / "own.env"
    file.write_text("STORIES_OUT=here\n", "utf-8")
    gguf = stories.directory / "mine.gguf"
    gguf.write_bytes(b"GGUF and more")
    done = stories("models", "use", str(gguf), env=stories.environment(STORIES_ENV_FILE=str(file)))
    assert done.status == 0
    assert str(file) in done.err
    lines = file.read_text("utf-8").splitlines()
    assert lines[0] == "STORIES_OUT=here"
    assert lines[1].replace("'", "") == f"STORIES_MODEL={gguf}"


def test_a_writer_that_is_not_here_is_not_chosen(stories: Stories) -> None:
    file = stories.directory / "own.env"
    done = stories("models", "use", "smollm3-3b", env=stories.environment(STORIES_ENV_FILE=str(file)))
    assert done.problem == "missing-weights"
    assert "stories models fetch smollm3-3b" in done.err
    assert not file.exists()


@pytest.mark.parametrize("action", ["try", "use"])
def test_a_voice_is_no_writer(stories: Stories, action: str) -> None:
    file = stories.directory / "own.env"
    done = stories("models", action, "kokoro-82m-int8", env=stories.environment(STORIES_ENV_FILE=str(file)))
    assert (done.problem, "is not a writer" in done.err) == ("unknown-weights", True)
    assert not file.exists()
    assert not stories.models.exists()


def test_without_a_file_of_settings_the_variable_is_named(stories: Stories) -> None:
    gguf = stories.directory / "mine.gguf"
    gguf.write_bytes(b"GGUF and more")
    done = stories("models", "use", str(gguf), env=stories.environment(STORIES_ENV_FILE=""))
    assert (done.problem, f"STORIES_MODEL={gguf}" in done.err) == ("config", True)


@pytest.mark.parametrize("names", [[], ["one", "two"]])
def test_only_one_writer_is_tried_at_a_time(stories: Stories, names: list[str]) -> None:
    assert stories("models", "try", *names).problem == "unknown-weights"


def test_ideas_are_in_no_prompt() -> None:
    prompts = "".join(path.read_text("utf-8") for path in Path("pipeline/data/prompts").rglob("*.toml"))
    assert not [idea for idea in writers.IDEAS if idea in prompts]


def test_every_writer_of_the_table_names_its_languages_or_that_it_is_small() -> None:
    for weights in models.table().values():
        if weights.use == "writer" and weights.sources[0].kind == "hub":
            assert " in en, " in weights.about or "languages" in weights.about
            assert "/resolve/main/" not in weights.sources[0].archives[0].name
