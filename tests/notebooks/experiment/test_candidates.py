from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.errors import ConfigError
from pipeline.notebooks.experiment import candidates
from pipeline.story.prompt import StoryPrompt, story_prompt
from pipeline.types import StoryRequest
from tests.command import ROOT

FOLDER = ROOT / "notebooks" / "prompts"
SHIPPED = sorted(path.stem for path in FOLDER.glob("*.yaml"))
BARE = {"name": "mine", "version": 2, "why": "a test", "based_on": "story@1"}


def wrote(folder: Path, text: str = "", **told: Any) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text or yaml.safe_dump({**BARE, **told}), "utf-8")
    return path


def refused(folder: Path, text: str = "", **told: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        candidates.read(wrote(folder, text, **told))
    return str(caught.value)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_files_beside_the_notebook_are_whole_prompts(name: str) -> None:
    (arm,) = candidates.arms([name], {"own": {}}, FOLDER)
    prompt = arm.prompt.prompt(StoryRequest("a shy snail"), "a shy snail", 0)
    assert prompt.name == f"{name}@{arm.spec['version']}"
    assert prompt.grammar.startswith("root ::= ")
    assert "$" not in prompt.system + prompt.user
    assert arm.why


def test_a_prompt_without_a_plan_begins_with_its_title() -> None:
    (arm,) = candidates.arms(["plain"], {"own": {}}, FOLDER)
    grammar = arm.prompt.prompt(StoryRequest("a shy snail"), "a shy snail", 0).grammar
    assert grammar.split("\n")[0].split()[:3] == ["root", "::=", '"Title:']


def test_what_a_file_does_not_say_is_that_of_the_prompt_it_is_based_on(tmp_path: Path) -> None:
    arm = candidates.read(wrote(tmp_path, temperature=0.9))
    told = dict(story_prompt("story@1").spec)
    assert arm.spec == {**told, "name": "mine", "version": 2, "temperature": 0.9}
    assert arm.id == "mine@2"


def test_a_file_may_ask_for_dry_sampling_though_its_base_does_not(tmp_path: Path) -> None:
    assert "dry" not in story_prompt("story@1").spec
    request = StoryRequest("a shy snail")
    sent = candidates.read(wrote(tmp_path, dry=0.8)).prompt.prompt(request, "a shy snail", 0)
    plain = candidates.read(wrote(tmp_path)).prompt.prompt(request, "a shy snail", 0)
    assert (sent.dry, plain.dry) == (0.8, 0.0)


def test_a_shipped_prompt_is_named_by_its_id() -> None:
    (arm,) = candidates.arms(["story@1"], {"own": {}}, FOLDER)
    request = StoryRequest("a shy snail")
    assert arm.prompt.prompt(request, "a shy snail", 0) == story_prompt("story@1").prompt(
        request, "a shy snail", 0
    )


def test_another_sampling_is_another_prompt_with_its_settings() -> None:
    found = candidates.arms(["story@1"], {"own": {}, "cool": {"temperature": 0.2, "top_p": 0.5}}, FOLDER)
    assert [arm.id for arm in found] == ["story@1", "story-cool@1"]
    sent = found[1].prompt.prompt(StoryRequest("a shy snail"), "a shy snail", 0)
    assert (sent.temperature, sent.top_p, sent.name) == (0.2, 0.5, "story-cool@1")


def test_arms_of_one_pair_have_the_same_seed_and_names() -> None:
    found = candidates.arms(["story@1", "short"], {"own": {}, "cool": {"temperature": 0.2}}, FOLDER)
    sent = [arm.prompt.prompt(StoryRequest("a shy snail", 3), "a shy snail", 0) for arm in found]
    assert len({(one.seed, one.user) for one in sent}) == 1


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"temprature": 0.2}, "unknown temprature"),
        ({"temperature": 3}, "temperature is to be a number from 0 to 2"),
        ({"temperature": "warm"}, "temperature is to be a number"),
        ({"dry": -1}, "dry is to be a number from 0 to 5"),
        ({"temperature": float("nan")}, "temperature is to be a number"),
        ({"version": 0}, "version is to be a whole number from 1"),
        ({"version": True}, "version is to be a whole number"),
        ({"name": "Mine"}, "small letters"),
        ({"name": "../mine"}, "small letters"),
        ({"why": " "}, "say in a sentence"),
        ({"based_on": "story@99"}, "unknown story prompt 'story@99'"),
        ({"system": "You write $stories"}, "'stories' is no placeholder"),
        ({"user": "costs 5$"}, "is no placeholder"),
        ({"system": "x" * 4001}, "a text of at most 4000 characters"),
        ({"plan": ["Hero: x"]}, "plan is to be"),
        ({"plan": []}, "example 1 is not what the prompt asks for: its plan (none)"),
        ({"fewest": 11}, "fewest is more than there are lines"),
        ({"lines": [{"job": "all", "grammar": "x"}]}, "lines is to be"),
        ({"examples": []}, "examples is to be a list of 1 to 6"),
        ({"promoted": []}, "unknown promoted"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_and_says_why(
    tmp_path: Path, told: dict[str, Any], says: str
) -> None:
    assert says in refused(tmp_path, **told)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: [", "is no YAML"),
        ("- a list", "names and their values"),
        ("name: mine", "does not say version, why, based_on"),
        ("a: &a [x]\nb: [*a, *a]", "anchors"),
        ("!!python/object/apply:os.system [ls]", "is no YAML"),
        ("why: " + "x" * 64_000, "larger than"),
    ],
)
def test_a_hostile_file_is_no_prompt(tmp_path: Path, text: str, says: str) -> None:
    assert says in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("names", "samplings", "says"),
    [
        (["nobody"], {"own": {}}, "unknown prompt 'nobody': there are because, named, plain, short, wide"),
        (["../prompts/plain"], {"own": {}}, "unknown prompt"),
        (["story@7"], {"own": {}}, "unknown story prompt 'story@7'"),
        (["plain"], {"hot": {"heat": 2}}, "sampling 'hot': unknown heat; known: temperature"),
        (["plain"], {"hot": {"temperature": 9}}, "sampling 'hot': temperature is to be a number"),
        (["plain"], {"Hot one": {}}, "say it like"),
        (["plain"], {"hot": 0.2}, "say it like"),
        (["plain", "plain"], {"own": {}}, "asked for twice: plain@1"),
        ([], {"own": {}}, "nothing to try"),
    ],
)
def test_what_the_notebook_asks_for_is_checked(
    names: list[str], samplings: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        candidates.arms(names, samplings, FOLDER)
    assert says in str(caught.value)


def test_other_words_under_a_shipped_name_are_refused_before_anything_is_paid(tmp_path: Path) -> None:
    path = tmp_path / "story.yaml"
    path.write_text(yaml.safe_dump({**BARE, "name": "story", "version": 1, "temperature": 0.9}), "utf-8")
    with pytest.raises(ConfigError, match="story@1 is a shipped prompt with other words"):
        candidates.read(path)


def test_plain_differs_from_what_is_shipped_by_the_plan_alone() -> None:
    (plain,) = candidates.arms(["plain"], {"own": {}}, FOLDER)

    def told(prompt: StoryPrompt) -> list[str]:
        return [one["answer"].strip().partition("Title: ")[2] for one in prompt.spec["examples"]]

    assert told(plain.prompt) == told(story_prompt("story@1"))
    theirs = str(story_prompt("story@1").spec["system"]).strip().split("\n\n")
    assert plain.spec["system"].split("\n\n")[0] == theirs[0]
