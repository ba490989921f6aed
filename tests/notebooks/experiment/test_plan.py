"""Candidates' files, ideas and parameters: what is wrong is named before any engine is called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.story_quality import CONTEXTS
from pipeline.app import App
from pipeline.engines.fake import FakeText, MemoryStore
from pipeline.errors import ConfigError, RequestError
from pipeline.notebooks.experiment import candidates
from pipeline.notebooks.experiment.candidates import Arm, arms
from pipeline.notebooks.experiment.plan import Contexts, Plan, plan
from pipeline.notebooks.experiment.yaml_input import load
from pipeline.notebooks.similarity import cosines
from pipeline.story.ideas import accept
from pipeline.story.prompt import story_prompt
from pipeline.story.word_filter import word_filter
from pipeline.types import Prompt, StoryRequest
from tests.command import ROOT
from tests.making import fake_app

FOLDER = ROOT / "notebooks" / "prompts"
CONTEXTS_FILE = ROOT / "notebooks" / "contexts.yaml"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
MINIMAL = {"name": "mine", "version": 2, "why": "a test", "based_on": "story@1"}
OWN: dict[str, Any] = {"own": {}}


def file(folder: Path, text: str = "", **changed: Any) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text or yaml.safe_dump({**MINIMAL, **changed}), "utf-8")
    return path


def sent(arm: Arm, variant: int = 0) -> Prompt:
    return arm.prompt.prompt(StoryRequest("a shy snail", variant), "a shy snail", 0)


@pytest.mark.parametrize("name", NAMES)
def test_the_candidates_beside_the_notebook_are_whole_prompts(name: str) -> None:
    (arm,) = arms([name], OWN, FOLDER)
    prompt = sent(arm)
    assert prompt.name == f"{name}@{arm.spec['version']}"
    assert prompt.grammar.startswith("root ::= " if arm.spec["plan"] else 'root ::=  "Title:')
    assert "$" not in prompt.system + prompt.user
    assert arm.why


def test_unset_fields_are_those_of_the_base_prompt(tmp_path: Path) -> None:
    arm = candidates.read(file(tmp_path, temperature=0.9, dry=0.8))
    base = dict(story_prompt("story@1").spec)
    assert arm.spec == {**base, "name": "mine", "version": 2, "temperature": 0.9, "dry": 0.8}
    assert (arm.id, sent(arm).dry) == ("mine@2", 0.8)


def test_a_sampling_makes_another_prompt_with_the_same_seed_and_names() -> None:
    samplings = {"own": {}, "cool": {"temperature": 0.2, "top_p": 0.5}}
    result = arms(["story@1", "short"], samplings, FOLDER)
    assert [arm.id for arm in result] == ["story@1", "story-cool@1", "short@1", "short-cool@1"]
    prompts = [sent(arm, 3) for arm in result]
    assert prompts[0] == story_prompt("story@1").prompt(StoryRequest("a shy snail", 3), "a shy snail", 0)
    assert (prompts[1].temperature, prompts[1].top_p) == (0.2, 0.5)
    assert len({(prompt.seed, prompt.user) for prompt in prompts}) == 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"temprature": 0.2}, "temprature: not known here; known: temperature"),
        ({"temperature": 3}, "temperature: Input should be less than or equal to 2"),
        ({"temperature": float("nan")}, "temperature: Input should be a finite number"),
        ({"version": True}, "version: Input should be a valid integer"),
        ({"name": "../mine"}, "small letters"),
        ({"why": " "}, "why: "),
        ({"why": False}, "why: is no text: put it in quotes"),
        ({"based_on": "story@99"}, "unknown story prompt 'story@99'"),
        ({"system": "You write $stories"}, "'stories' is no placeholder"),
        ({"user": "costs 5$"}, "is no placeholder"),
        ({"plan": ["Hero: x"]}, "plan.0: "),
        ({"plan": []}, "example 1 is not what the prompt asks for: its plan (none)"),
        ({"fewest": 11}, "fewest is more than the number of lines"),
        ({"lines": [{"job": "all", "grammar": "x"}]}, "lines.0.grammar: not known here"),
        ("name: [", "is no YAML"),
        ("- a list", "valid dictionary"),
        ("name: mine", "version: Field required"),
        ("!!python/object/apply:os.system [ls]", "is no YAML"),
    ],
)
def test_what_is_wrong_in_a_candidates_file_is_named_in_one_line(
    tmp_path: Path, changed: dict[str, Any] | str, message: str
) -> None:
    path = file(tmp_path, changed) if isinstance(changed, str) else file(tmp_path, **changed)
    with pytest.raises(ConfigError) as error:
        candidates.read(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_other_words_under_a_shipped_name_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "story.yaml"
    path.write_text(yaml.safe_dump({**MINIMAL, "name": "story", "version": 1, "temperature": 0.9}), "utf-8")
    with pytest.raises(ConfigError, match="story@1 is a shipped prompt with other words"):
        candidates.read(path)


def test_the_notebooks_ideas_are_accepted_and_unlike_every_worked_example() -> None:
    contexts = load(CONTEXTS_FILE, Contexts)
    ideas = [*contexts.search, *contexts.unseen]
    assert (len(contexts.search), len(contexts.unseen)) == (70, 40)
    assert all(accept(idea, word_filter()) == idea for idea in ideas)
    examples = {
        example["idea"] for arm in arms(["story@1", *NAMES], OWN, FOLDER) for example in arm.spec["examples"]
    }
    similarities = cosines([*ideas, *examples, *CONTEXTS])[: len(ideas), len(ideas) :]
    assert similarities.max() < 0.35  # two German ideas share "der ... will", and 0.30


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("search: [a]", "unseen: Field required"),
        ("search: [a]\nunseen: []", "unseen: List should have at least 1 item"),
        ("search: [a]\nunseen: [no]", "unseen.0: is no text: put it in quotes"),
        ("search: [a]\nunseen: ['']", "unseen.0: "),
        ("search: [a, b]\nunseen: [' b']", "'b' is listed twice"),
    ],
)
def test_a_wrong_file_of_ideas_is_explained(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(file(tmp_path, text), Contexts)
    assert message in str(error.value)


def planned(app: App | None = None, **changed: Any) -> Plan:
    parameters: dict[str, Any] = {
        "prompts": ["short"],
        "samplings": OWN,
        "contexts_file": CONTEXTS_FILE,
        "contexts_limit": 2,
        "unseen_limit": 3,
        "variants": 2,
    }
    return plan(app or fake_app(MemoryStore()), FOLDER, **{**parameters, **changed})


def test_the_plan_compares_with_the_models_prompt_of_today() -> None:
    result = planned(prompts=["story@1", "short"], samplings={"own": {}, "cool": {"temperature": 0.2}})
    assert result.baseline.id == "story@1"
    assert [arm.id for arm in result.candidates] == ["story-cool@1", "short@1", "short-cool@1"]
    confirmation = result.confirmation(result.candidate("short@1"))
    assert (len(result.search), len(confirmation)) == (4 * 2 * 2, 2 * 3 * 2)
    assert not {cell.context for cell in result.search} & {cell.context for cell in confirmation}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"prompts": ["nobody"]}, "unknown prompt 'nobody': there are because, named, plain, short, wide"),
        ({"prompts": ["../prompts/plain"]}, "unknown prompt"),
        ({"prompts": ["plain", "plain"]}, "listed twice: plain@1"),
        ({"prompts": []}, "nothing to try"),
        ({"prompts": ["story@1"]}, "nothing to compare story@1 with"),
        ({"samplings": {"hot": {"heat": 2}}}, "sampling 'hot': heat: not known here; known: temperature"),
        ({"samplings": {"Hot one": {}}}, "write it like"),
        ({"samplings": {"hot": 0.2}}, "write it like"),
        ({"samplings": {"dry": {"dry": 0.8}}}, "short-dry@1: only local models"),
        ({"contexts_limit": 0}, "contexts_limit = 0: a whole number from 1 on"),
        ({"variants": 1.5}, "variants = 1.5"),
        ({"budget": float("nan")}, "budget = nan"),
        ({"locales": ["xx"]}, "xx"),
        ({"contexts_file": Path("none.yaml")}, "cannot read none.yaml"),
    ],
)
def test_a_wrong_parameter_is_named(changed: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, RequestError)) as error:
        planned(**changed)
    assert message in str(error.value).splitlines()[0]


def test_a_local_model_may_use_dry_sampling() -> None:
    @dataclass
    class Local(FakeText):
        fingerprint: str = "llama.cpp/some/1"

    result = planned(fake_app(MemoryStore(), Local()), samplings={"dry": {"dry": 0.8}})
    assert [arm.id for arm in result.candidates] == ["short-dry@1"]
