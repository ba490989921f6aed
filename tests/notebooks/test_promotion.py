"""What notebook 02 promotes is what is made from then on: the very story that was heard in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.story.prompt import story_prompt
from tests.notebooks.running import execute
from tests.project import Project

IDEA = "a shy snail"
# Ideas enough to decide on, and the one that is heard is the first.
CONTEXTS = {
    "search": ["a brave button", "a sleepy moon"],
    "unseen": [IDEA, *(f"cat number {n}" for n in range(11))],
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Its fake writer is asked for eleven lines, and tells ten: no story of it is whole."""
    made = Project(tmp_path / "project")
    spec = story_prompt("story@1").spec
    lines = [*spec["lines"], {"job": "one more"}]
    made.call(
        "promote", "fake", {**spec, "name": "eleven", "lines": lines, "fewest": len(lines)}, {"why": "test"}
    )
    return made


def made(project: Project, out: str) -> dict[str, bytes]:
    """Of the idea, by `stories make`: its manifest."""
    done = project.stories("make", IDEA, "--profile", "fake", "--out", out)
    assert done.returncode == 0, done.stderr
    return manifests(project.folder / out)


def manifests(store: Path) -> dict[str, bytes]:
    return {
        path.relative_to(store).as_posix(): path.read_bytes()
        for path in (store / "stories").rglob("manifest.json")
    }


def test_a_winner_is_promoted_makes_the_story_that_was_heard_and_is_taken_back(project: Project) -> None:
    contexts = project.folder / "ideas.yaml"
    contexts.write_text(json.dumps(CONTEXTS), "utf-8")
    parameters = {
        "profile": "fake",
        "prompts": ["short"],
        "samplings": {"own": {}},
        "contexts_file": str(contexts),
        "out": "proto",
        "locales": ["en"],
        "promote": True,
    }
    assert project.stories("make", IDEA, "--profile", "fake").returncode == 50  # no good story
    notebook = execute("02_prototype_prompts", parameters, project.folder, project.environment)
    said = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    assert "PROMOTE short@1" in said
    assert "fake is asked with short@1 from now on" in said
    assert "stories prompts back --model fake" in said

    assert made(project, "after") == manifests(project.folder / "proto")
    promoted = project.texts()["stories/short@1.toml"]
    assert 'instead_of = "eleven@1"' in promoted

    assert project.stories("prompts", "back", "--model", "fake", "--profile", "fake").returncode == 0
    assert "fake is asked with eleven@1" in project.stories("prompts", "--profile", "fake").stderr
