"""Promotion, in a copy of the prompts: what it writes, who uses it, and how it is undone."""

from __future__ import annotations

import difflib
import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.__main__ import main
from pipeline.errors import ConfigError, RequestError, StoriesError
from pipeline.notebooks.experiment import promotion
from pipeline.story import prompt as story_prompts
from pipeline.story.prompt import current, story_prompt
from tests.command import ROOT

MODEL = "qwen2.5-coder-1.5b"
FALCON = "huggingface-llm-falcon-7b-instruct-bf16"
RECORD = {"date": "2026-11-28", "why": "accepted more often", "accepted": 0.9, "interval": [0.8, 1.0]}


@pytest.fixture(autouse=True)
def prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the copy, which this process reads and writes instead of the package's."""
    folder = tmp_path / "pipeline" / "data" / "prompts"
    shutil.copytree(ROOT / "pipeline" / "data" / "prompts", folder)
    for module in (promotion, story_prompts):
        monkeypatch.setattr(module, "files", lambda _: tmp_path / "pipeline")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORIES_PROFILE", "fake")
    return folder


def spec(name: str = "cosy", version: int = 1, **other: Any) -> dict[str, Any]:
    return {**story_prompt("story@1").spec, "name": name, "version": version, **other}


def texts(folder: Path) -> dict[str, str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}


def problem(function: Any, *arguments: Any) -> str:
    with pytest.raises(StoriesError) as error:
        function(*arguments)
    return error.value.problem


def test_a_promoted_prompt_is_read_back_as_it_was_with_its_record(prompts: Path) -> None:
    before = tomllib.loads((prompts / "current.toml").read_text("utf-8"))["models"]
    wanted = spec(temperature=0.2, system='Say "hello", \\ and $jobs\nin """quotes""" for $audience.')
    written = promotion.promote(MODEL, wanted, RECORD)
    assert [path.name for path in written] == ["cosy@1.toml", "current.toml"]
    promotion.promote(FALCON, wanted, RECORD)
    content = tomllib.loads((prompts / "stories" / "cosy@1.toml").read_text("utf-8"))
    assert content.pop("promoted") == [{"model": MODEL, **RECORD}, {"model": FALCON, **RECORD}]
    assert content == wanted
    models = tomllib.loads((prompts / "current.toml").read_text("utf-8"))["models"]
    assert models == {**before, MODEL: ["cosy@1"], FALCON: ["cosy@1"]}


def test_the_diff_is_what_promoting_changes_and_comments_stay(prompts: Path) -> None:
    before = texts(prompts)
    diff = promotion.diff(MODEL, spec(), RECORD)
    assert texts(prompts) == before
    promotion.promote(MODEL, spec(), RECORD)
    after = texts(prompts)
    added = [line[1:] for line in diff.splitlines() if line.startswith("+") and not line.startswith("+++")]
    changed = [
        line[2:]
        for name in sorted(after)
        for line in difflib.ndiff(before.get(name, "").splitlines(), after[name].splitlines())
        if line.startswith("+ ")
    ]
    assert sorted(added) == sorted(changed)
    assert "+++ b/pipeline/data/prompts/current.toml" in diff
    assert "--- /dev/null\n+++ b/pipeline/data/prompts/stories/cosy@1.toml" in diff
    comments = {line for line in before["current.toml"].splitlines() if line.startswith("#")}
    assert comments
    assert comments <= set(after["current.toml"].splitlines())


def test_other_words_or_a_wrong_name_write_nothing(prompts: Path) -> None:
    promotion.promote(MODEL, spec(), RECORD)
    before = texts(prompts)
    assert problem(promotion.promote, MODEL, spec(temperature=0.9), RECORD) == "prompt-taken"
    wrong: list[tuple[str, Any]] = [("../escape", 1), ("Cosy", 1), ("", 1), ("cosy", 0), ("cosy", "1/../2")]
    for name, version in wrong:
        assert problem(promotion.promote, MODEL, spec(name, version), RECORD) == "bad-id"
    assert problem(promotion.use, MODEL, "../../x@1") == "unknown-prompt"
    assert texts(prompts) == before


def test_each_promotion_is_undone_until_nothing_is_left(prompts: Path) -> None:
    original = (prompts / "current.toml").read_text()
    promotion.promote(MODEL, spec(), RECORD)
    first = (prompts / "current.toml").read_text()
    assert problem(promotion.use, MODEL, "cosy@1") == "already-so"
    assert problem(promotion.promote, MODEL, spec(), RECORD) == "already-so"
    promotion.promote(MODEL, spec(version=2), RECORD)
    promotion.back(MODEL)
    assert (prompts / "current.toml").read_text() == first
    promotion.back(MODEL)
    assert current(MODEL) == "story@1"
    assert (prompts / "current.toml").read_text() == original
    for model in (MODEL, "*"):
        assert problem(promotion.back, model) == "nothing-to-undo"


def test_make_uses_the_promoted_prompt_until_it_is_undone(
    prompts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def make(*more: str) -> tuple[str, str]:
        """The story's id and its prompt's."""
        assert main(["make", "a shy snail", "--json", *more]) == 0
        story_id = json.loads(capsys.readouterr().out)["story_id"]
        return story_id, json.loads(Path(f"out/stories/{story_id}/request.json").read_text())["prompt"]

    first = make()
    assert first[1] == "story@1"
    promotion.promote("fake", spec(), RECORD)
    promoted = make()
    assert promoted[1] == "cosy@1"
    assert promoted[0] != first[0]
    assert make("--prompt", "story@1") == first
    assert main(["prompts"]) == 0
    shown = capsys.readouterr()
    assert "fake uses cosy@1" in shown.err
    assert "fake 2026-11-28 accepted more often" in shown.out
    assert current(MODEL) == "story@1"
    assert main(["prompts", "back"]) == 0
    assert make() == first


def test_a_model_takes_the_prompt_of_the_longest_beginning_of_its_name_until_it_has_its_own(
    prompts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = '[models]\n"*" = ["story@1"]\n"ab-*" = ["falcon@1"]\n"ab-c*" = ["story@1"]\nab = ["falcon@1"]\n'
    (prompts / "current.toml").write_text(models, "utf-8")
    names = {"ab": "falcon@1", "abc": "story@1", "AB-d": "falcon@1", "ab-c-7b": "story@1", "": "story@1"}
    assert {name: current(name) for name in names} == names
    promotion.use("ab-d", "story@1")
    assert (current("ab-d"), current("ab-de")) == ("story@1", "falcon@1")
    promotion.back("ab-d")
    assert current("ab-d") == "falcon@1"
    assert main(["prompts", "list"]) == 0
    assert "falcon@1  models that begin with ab-, ab" in capsys.readouterr().out


def test_the_profile_aws_uses_falcons_prompt(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prompts", "--profile", "aws"]) == 0
    assert f"{FALCON} uses falcon@1" in capsys.readouterr().err
    assert main(["prompts", "show", "--profile", "aws"]) == 0
    assert tomllib.loads(capsys.readouterr().out)["name"] == "falcon"


def test_use_show_and_unknown_prompts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prompts", "use", "story@1"]) == 0
    assert main(["prompts", "use", "story@1", "--every-model"]) == RequestError.exit_status
    assert main(["prompts", "use", "story@9"]) == RequestError.exit_status
    capsys.readouterr()
    assert main(["prompts", "show", "story@1"]) == 0
    assert tomllib.loads(capsys.readouterr().out) == dict(story_prompt("story@1").spec)
    assert main(["make", "a shy snail", "--prompt", "story@99"]) == ConfigError.exit_status
    expected = "stories: unknown story prompt 'story@99': there are falcon@1, story@1 [unknown-prompt]"
    assert capsys.readouterr().err.strip() == expected


def test_files_that_cannot_be_read_or_written_are_explained(prompts: Path) -> None:
    (prompts / "current.toml").write_text("models = 3 = 4", "utf-8")
    with pytest.raises(ConfigError, match="git restore"):
        promotion.promote(MODEL, spec(), RECORD)
    assert not (prompts / "stories" / "cosy@1.toml").exists()
    with pytest.raises(RequestError, match="raise the version"):
        promotion.diff(MODEL, spec("story", 1, temperature=0.9), RECORD)
