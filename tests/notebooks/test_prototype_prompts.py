"""Notebook 02, head-less: a run that promotes a winner, and one with a real model that promotes nothing.

That a second run calls no engine is tested where each call is made: the grid, its marks, the recordings.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.story.prompt import story_prompt
from tests.notebooks.running import execute
from tests.project import Project

NOTEBOOK = "02_prototype_prompts"
IDEA = "a shy snail"
HOSTILE = "a cat <script>alert(1)</script>"
# Ideas enough to decide on; the story of the first unseen one is played.
CONTEXTS = {
    "search": [HOSTILE, "a cat who says I <3 you"],
    "unseen": [IDEA, *(f"cat number {n}" for n in range(11))],
}
# A real model reads and writes this in a second.
TINY = {
    **story_prompt("story@1").spec,
    "name": "tiny",
    "max_tokens": 30,
    "plan": [],
    "lines": [{"job": "who the hero is"}],
    "fewest": 1,
    "examples": [
        {
            "idea": "a shy snail",
            "hero": "Nora (she)",
            "friend": "Leo (he)",
            "answer": "Title: The Shy Snail\n1. Nora was a shy snail.",
        }
    ],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Its fake model's prompt wants eleven lines, and the fake writes ten: no story is complete."""
    project = Project(tmp_path_factory.mktemp("prompts") / "project")
    spec = story_prompt("story@1").spec
    lines = [*spec["lines"], {"job": "one more"}]
    eleven = {**spec, "name": "eleven", "lines": lines, "fewest": len(lines)}
    project.call("promote", "fake", eleven, {"why": "test"})
    project.call("promote", "smollm2-135m", TINY, {"why": "test"})
    (project.folder / "ideas.yaml").write_text(json.dumps(CONTEXTS), "utf-8")
    return project


def run(project: Project, **changed: Any) -> dict[str, str]:
    parameters = {
        "profile": "fake",
        "prompts": ["short"],
        "samplings": {"own": {}},
        "contexts_file": "ideas.yaml",
        "out": "proto",
        "locales": ["en"],
        "judge_profile": "fake",
        "mlflow_uri": "off",
    }
    return execute(NOTEBOOK, parameters | changed, project.folder, project.environment)


@pytest.fixture(scope="module")
def promoted(project: Project) -> dict[str, str]:
    """The cells of a run that promotes, from another folder than the notebook's."""
    return run(project, promote=True)


def manifests(store: Path) -> dict[str, bytes]:
    paths = (store / "stories").rglob("manifest.json")
    return {path.relative_to(store).as_posix(): path.read_bytes() for path in paths}


def test_a_winner_is_promoted_as_a_change_of_files(promoted: dict[str, str], project: Project) -> None:
    assert "PROMOTE short@1" in promoted["decision"]
    assert "+++ b/pipeline/data/prompts/stories/short@1.toml" in promoted["difference"]
    assert "fake uses short@1 from now on" in promoted["promotion"]
    assert "stories prompts back --model fake" in promoted["promotion"]
    assert 'instead_of = "eleven@1"' in project.texts()["stories/short@1.toml"]


def test_make_then_gives_the_story_that_the_notebook_played(
    promoted: dict[str, str], project: Project
) -> None:
    assert "data:audio/mpeg;base64," in promoted["recordings"]
    done = project.stories("make", IDEA, "--profile", "fake", "--out", "after")
    assert done.returncode == 0, done.stderr
    assert manifests(project.folder / "after") == manifests(project.folder / "proto")


def test_hostile_ideas_are_escaped(promoted: dict[str, str]) -> None:
    assert ">a cat &lt;script&gt;alert(1)&lt;/script&gt;</td>" in promoted["search"]  # a refused idea
    assert "a cat who says I &lt;3 you, variant 0" in promoted["stories"]
    assert not [cell for cell, text in promoted.items() if "<script" in text and cell != "difference"]


def test_the_forecast_counts_drafts_that_are_not_cached(promoted: dict[str, str]) -> None:
    figures = re.findall("<td>([^<]*)", promoted["forecast"].partition("together")[2])
    assert figures[:2] == ["28", "0"]  # two prompts and 14 ideas; none is cached


def test_marks_that_are_none_are_counted(promoted: dict[str, str]) -> None:
    assert "'grammar': 2, 'creativity': 2, 'consistency': 2" in promoted["marks"]


@pytest.mark.usefixtures("smollm2")
def test_a_small_real_model_writes_and_nothing_is_promoted(project: Project) -> None:
    small = {
        "contexts_file": "notebooks/contexts.yaml",
        "contexts_limit": 1,
        "unseen_limit": 1,
        "locales": [],
    }
    samplings = {"warm": {"temperature": 0.9}}
    cells = run(project, profile="draft", prompts=["tiny@1"], samplings=samplings, judge_profile="", **small)
    assert "llama.cpp/smollm2-135m/1 uses tiny@1 today." in cells["setting-up"]
    assert "KEEP tiny@1" in cells["decision"]
    assert "1 unseen contexts: under 10" in cells["decision"]
    assert "No draft of it was accepted" in cells["recordings"]
    assert "Nothing is promoted: smollm2-135m stays with tiny@1." in cells["promotion"]
    assert "No marks" in cells["marks"]
