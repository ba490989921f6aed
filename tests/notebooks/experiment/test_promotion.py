"""Promotion, in a copy of the project: what it writes, who uses it, and the way back."""

from __future__ import annotations

import difflib
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pipeline.story.prompt import story_prompt
from tests.project import Project

MODEL = "qwen2.5-coder-1.5b"
RECORD = {"date": "2026-11-28", "why": "accepted more often", "accepted": 0.9, "interval": [0.8, 1.0]}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def spec(name: str = "cosy", version: int = 1, **other: Any) -> dict[str, Any]:
    return {**story_prompt("story@1").spec, "name": name, "version": version, **other}


def test_a_promoted_prompt_is_read_back_as_it_was_with_its_record(project: Project) -> None:
    wanted = spec(temperature=0.2, system='Say "hello", \\ and $jobs\nin """quotes""" for $audience.')
    written = project.call("promote", MODEL, wanted, RECORD)
    assert [Path(path).name for path in written] == ["cosy@1.toml", "current.toml"]
    told = tomllib.loads((project.prompts / "stories" / "cosy@1.toml").read_text("utf-8"))
    assert told.pop("promoted") == [{"model": MODEL, **RECORD}]
    assert told == wanted
    current = tomllib.loads((project.prompts / "current.toml").read_text("utf-8"))
    assert current["models"] == {"*": ["story@1"], MODEL: ["cosy@1"]}


def test_the_diff_is_what_promoting_changes(project: Project) -> None:
    before = project.texts()
    told = project.call("diff", MODEL, spec(), RECORD)
    assert project.texts() == before
    project.call("promote", MODEL, spec(), RECORD)
    after = project.texts()
    added = [line for line in told.splitlines() if line.startswith("+") and not line.startswith("+++")]
    changed = [
        line
        for name in sorted(after)
        for line in difflib.ndiff(before.get(name, "").splitlines(), after[name].splitlines())
        if line.startswith("+ ")
    ]
    assert sorted(line[1:] for line in added) == sorted(line[2:] for line in changed)
    assert "+++ b/pipeline/data/prompts/current.toml" in told
    assert "--- /dev/null\n+++ b/pipeline/data/prompts/stories/cosy@1.toml" in told


def test_what_people_wrote_around_the_settings_stays(project: Project) -> None:
    comments = [line for line in project.texts()["current.toml"].splitlines() if line.startswith("#")]
    project.call("promote", MODEL, spec(), RECORD)
    assert comments
    assert set(comments) <= set(project.texts()["current.toml"].splitlines())


def test_other_words_under_the_same_name_and_version_are_refused(project: Project) -> None:
    project.call("promote", MODEL, spec(), RECORD)
    before = project.texts()
    refused = project.call("promote", MODEL, spec(temperature=0.9), RECORD)
    assert refused["problem"] == "prompt-taken"
    assert "raise the version" in refused["said"]
    assert project.texts() == before


def test_the_same_prompt_is_promoted_for_another_model_beside_the_first(project: Project) -> None:
    project.call("promote", MODEL, spec(), RECORD)
    project.call("promote", "huggingface-llm-falcon-7b-instruct-bf16", spec(), RECORD)
    told = tomllib.loads(project.texts()["stories/cosy@1.toml"])
    assert [one["model"] for one in told["promoted"]] == [MODEL, "huggingface-llm-falcon-7b-instruct-bf16"]


@pytest.mark.parametrize(
    ("name", "version"), [("../escape", 1), ("Cosy", 1), ("", 1), ("cosy", 0), ("cosy", "1/../2")]
)
def test_a_name_that_is_none_writes_nothing(project: Project, name: str, version: Any) -> None:
    before = project.texts()
    assert project.call("promote", MODEL, spec(name, version), RECORD)["problem"] == "bad-id"
    assert project.texts() == before


def test_each_step_is_undone_and_then_there_is_nothing_to_undo(project: Project) -> None:
    before = project.texts()["current.toml"]
    project.call("promote", MODEL, spec(), RECORD)
    once = project.texts()["current.toml"]
    project.call("promote", MODEL, spec(version=2), RECORD)
    assert project.call("back", MODEL) == "cosy@1"
    assert project.texts()["current.toml"] == once
    assert project.call("back", MODEL) == "story@1"
    assert project.texts()["current.toml"] == before
    for model in (MODEL, "*"):
        assert project.call("back", model)["problem"] == "nothing-to-undo"


def test_promotion_changes_what_stories_make_uses_and_one_command_goes_back(project: Project) -> None:
    def asked(*more: str) -> set[str]:
        done = project.stories("make", "a shy snail", "--profile", "fake", "--json", *more)
        assert done.returncode == 0, done.stderr
        story_id = json.loads(done.stdout)["story_id"]
        return {
            story_id,
            json.loads((project.folder / f"out/stories/{story_id}/request.json").read_text())["prompt"],
        }

    first = asked()
    assert "story@1" in first
    project.call("promote", "fake", spec(), RECORD)
    promoted = asked()
    assert "cosy@1" in promoted
    assert not first & promoted  # another prompt, another story
    assert asked("--prompt", "story@1") == first
    assert "fake is asked with cosy@1" in project.stories("prompts", "--profile", "fake").stderr
    assert "accepted more often" in project.stories("prompts", "--profile", "fake").stdout
    assert project.stories("prompts", "back", "--profile", "fake").returncode == 0
    assert asked() == first


def test_another_model_goes_on_with_its_own_prompt(project: Project) -> None:
    project.call("promote", MODEL, spec(), RECORD)
    assert "fake is asked with story@1" in project.stories("prompts", "--profile", "fake").stderr
    assert f"{MODEL} is asked with cosy@1" in project.stories("prompts").stderr


def test_use_takes_a_prompt_that_is_there_and_no_other(project: Project) -> None:
    for unknown in ("story@9", "../../x@1"):
        assert project.stories("prompts", "use", unknown).stderr.rstrip().endswith(" [unknown-prompt]")
    assert project.stories("prompts", "use", "story@1").returncode == 0
    again = project.stories("prompts", "use", "story@1", "--every-model")
    assert again.stderr.rstrip().endswith(" [already-so]")


def test_a_use_of_what_is_in_use_leaves_nothing_to_undo(project: Project) -> None:
    project.call("promote", MODEL, spec(), RECORD)
    assert project.call("use", MODEL, "cosy@1")["problem"] == "already-so"
    assert project.call("promote", MODEL, spec(), RECORD)["problem"] == "already-so"
    assert project.call("back", MODEL) == "story@1"


def test_a_prompt_shown_is_its_file(project: Project) -> None:
    shown = project.stories("prompts", "show", "story@1").stdout
    assert tomllib.loads(shown) == dict(story_prompt("story@1").spec)


def test_an_unknown_prompt_is_a_plain_error(project: Project) -> None:
    done = project.stories("make", "a shy snail", "--profile", "fake", "--prompt", "story@99")
    complaint = "unknown story prompt 'story@99': there are story@1 [unknown-prompt]"
    assert done.stderr.strip() == f"stories: {complaint}"


def test_a_checkout_that_cannot_be_written_is_told_what_to_do(project: Project) -> None:
    (project.prompts / "current.toml").write_text("models = 3 = 4", "utf-8")
    refused = project.call("promote", MODEL, spec(), RECORD)
    assert refused["problem"] == "unwritable"
    assert "git restore" in refused["said"]
    assert not (project.prompts / "stories" / "cosy@1.toml").exists()
