"""Notebook 02, head-less."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.story.prompt import current
from tests.notebooks.running import NotebookFailed, execute

NOTEBOOK = "02_prototype_prompts"
SMALL = {
    "profile": "fake",
    "prompts": ["short"],
    "samplings": {"own": {}},
    "contexts_limit": 2,
    "unseen_limit": 2,
    "locales": ["en"],
}


def run(folder: Path, **changed: Any) -> str:
    """All that its cells showed: text and HTML, in order."""
    made = execute(NOTEBOOK, {**SMALL, "out": str(folder / "store"), **changed}, folder)
    shown = []
    for output in (output for cell in made.cells for output in cell.get("outputs", [])):
        shown += [output.get("text", "")]
        shown += [text for kind, text in output.get("data", {}).items() if kind.startswith("text/")]
    return "\n".join(shown)


def calls(folder: Path) -> set[Path]:
    return set((folder / "store" / "cache").rglob("*.json"))


def test_it_runs_from_any_folder_decides_and_a_second_run_asks_nothing(tmp_path: Path) -> None:
    shown = run(tmp_path, promote=True)
    assert "KEEP story@1" in shown
    assert "2 unseen contexts: under 10" in shown
    assert "Nothing is promoted: fake stays with story@1." in shown
    assert "+++ b/pipeline/data/prompts/stories/short@1.toml" in shown
    assert '+fake = ["short@1"]' in shown
    assert "No marks: set judge_profile or judge_model" in shown
    assert "data:audio/mpeg;base64," in shown
    assert current("fake") == "story@1"
    paid = calls(tmp_path)
    again = run(tmp_path)
    assert calls(tmp_path) == paid
    (forecast,) = [line for line in again.splitlines() if line.startswith("together")]
    assert forecast.split()[1:4] == ["8", "8", "0"]  # drafts, cached, calls that are left


def test_hostile_ideas_are_shown_and_never_run(tmp_path: Path) -> None:
    path = tmp_path / "contexts.yaml"
    hostile = "a cat <script>alert(1)</script>"
    path.write_text(f"search: ['{hostile}', 'a cat who says I <3 you']\nunseen: ['a dog']", "utf-8")
    shown = run(tmp_path, contexts_file=str(path), judge_profile="fake")
    html = "\n".join(line for line in shown.splitlines() if "<" in line and ">" in line)
    assert ">a cat &lt;script&gt;alert(1)&lt;/script&gt;</td>" in html
    assert "a cat who says I &lt;3 you, variant 0" in html
    assert f">{hostile}" not in html
    assert "'grammar': 2, 'creativity': 2, 'consistency': 2" in shown


def test_a_bad_parameter_is_named_in_the_first_line(tmp_path: Path) -> None:
    with pytest.raises(NotebookFailed) as failed:
        run(tmp_path, prompts=["nobody"])
    assert failed.value.first_line == (
        "ConfigError: unknown prompt 'nobody': there are because, named, plain, short, wide in prompts/, and "
        "shipped ones by name and version, as in story@1"
    )
    assert not calls(tmp_path)


@pytest.mark.usefixtures("smollm2")
def test_it_runs_with_a_small_real_model(tmp_path: Path) -> None:
    shown = run(tmp_path, profile="draft", contexts_limit=1, unseen_limit=1)
    assert "llama.cpp/smollm2-135m/1 is asked with story@1 today." in shown
    assert "Nothing is promoted: smollm2-135m stays with story@1." in shown
