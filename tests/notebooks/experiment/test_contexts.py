from __future__ import annotations

from pathlib import Path

import pytest

from bench.story_quality import CONTEXTS
from pipeline.errors import ConfigError
from pipeline.notebooks.experiment.candidates import arms
from pipeline.notebooks.experiment.contexts import contexts
from pipeline.notebooks.similarity import cosines
from pipeline.story.ideas import accept
from pipeline.story.word_filter import word_filter
from tests.command import ROOT

FILE = ROOT / "notebooks" / "contexts.yaml"


def test_the_notebooks_ideas_may_all_be_asked() -> None:
    told = contexts(FILE, 70, 40)
    assert (len(told.search), len(told.unseen)) == (70, 40)
    for idea in (*told.search, *told.unseen):
        assert accept(idea, word_filter()) == idea


def test_no_idea_is_close_to_a_worked_example_or_to_the_bench() -> None:
    told = contexts(FILE, 70, 40)
    folder = ROOT / "notebooks" / "prompts"
    names = [path.stem for path in folder.glob("*.yaml")]
    known = {
        one["idea"] for arm in arms(["story@1", *names], {"own": {}}, folder) for one in arm.spec["examples"]
    }
    ideas = (*told.search, *told.unseen)
    alike = cosines([*ideas, *known, *CONTEXTS])[: len(ideas), len(ideas) :]
    assert alike.max() < 0.35  # two German ideas share "der ... will", and 0.30


def test_so_many_are_taken_as_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("search: [a b, c]\nunseen: [d, 'e  e', f]", "utf-8")
    told = contexts(path, 1, 2)
    assert (told.search, told.unseen) == (("a b",), ("d", "e e"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("search: [a]", "two lists"),
        ("search: [a]\nunseen: []", "unseen is to be a list"),
        ("search: [a]\nunseen: [no]", "'False' is no text: put it in quotes"),
        ("search: [a]\nunseen: ['']", "is no text"),
        ("search: [a, b]\nunseen: [' b']", "'b' is in both lists"),
        ("search: [a, a]\nunseen: [b]", "'a' is there twice"),
    ],
)
def test_a_file_of_ideas_that_cannot_be_meant_says_why(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        contexts(path, 5, 5)
    assert says in str(caught.value)


def test_no_such_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        contexts(tmp_path / "none.yaml", 1, 1)
