"""stories edit: by options, in an editor, and taken back."""

from __future__ import annotations

import io
import json
import re
import shlex
from pathlib import Path

import pytest

from pipeline.cli.numbered import changes, numbered
from pipeline.errors import RequestError
from pipeline.types import Change, Story
from tests.command import Stories

NEW = "She sat in the warm sand."
STORY = Story("1" * 32, "en", "Mia", ("Mia was a snail.", "She hid.", "Mia smiled."))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (numbered(STORY), ((), "Mia")),
        ("title: Mia\n1. Mia was a snail.\n2. She sat.\n3. Mia smiled.\n", ((Change(1, "She sat."),), "Mia")),
        ("Title:  Lea \r\n3) Mia smiled.\r\n\n1: Mia was a snail.\r\n", ((Change(1, ""),), "Lea ")),
        ("1 Mia was a snail.\n2. She hid.\n3.\n", ((Change(2, ""),), "Mia")),
    ],
)
def test_numbered_lines_say_what_was_changed(text: str, expected: tuple[object, str]) -> None:
    assert changes(text, STORY) == expected


@pytest.mark.parametrize("text", ["She sat.", "4. More.", "0. More.", "1. One.\n1. Two.", "٢. More."])
def test_a_line_that_is_no_sentence_of_the_story_changes_nothing(text: str) -> None:
    with pytest.raises(RequestError, match="nothing is changed"):
        changes(text, STORY)


def test_a_sentence_is_changed_shown_and_taken_back(stories: Stories) -> None:
    (first,) = stories("make", "a shy snail", "--json").manifests
    before = first["segments"][2]["text"]
    done = stories("edit", first["story_id"][:8], "--segment", "3", "--text", NEW, "--json")
    (edited,) = done.manifests
    assert f"3\n    - {before}\n    + {NEW}\n1 of 10 sentences is spoken again" in done.err
    assert [part["text"] for part in edited["segments"]][2] == NEW
    assert (edited["revises"], edited["labels"]) == (first["story_id"], ["fake", "edited by a person"])
    assert f"stories edit {edited['story_id'][:8]} --undo" in done.err
    shown = stories("show", edited["story_id"][:8]).out
    assert "Made by AI (fake; edited by a person)." in shown
    assert re.search(r"^edited +yes +1 ", shown, re.MULTILINE)


REFUSED = [
    (("--segment", "11", "--text", NEW), "bad-edit"),
    (("--segment", "1"), "bad-edit"),
    (("--segment", "1", "--text", "She was dead."), "unsafe-idea"),
    (("--segment", "1", "--text", "Oui.", "--locale", "fr"), "not-found"),
    (("--undo",), "bad-edit"),
]


def test_what_cannot_be_done_is_said_and_changes_nothing(stories: Stories) -> None:
    (first,) = stories("make", "a shy snail", "--json").manifests
    files = stories.files()
    for options, problem in REFUSED:
        assert stories("edit", first["story_id"][:8], *options).problem == problem, options
    assert stories.files() == files


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_the_sentences_are_printed_and_at_one_an_editor_opens(
    stories: Stories, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = stories("make", "a shy snail", "--json").manifests
    command = ("edit", first["story_id"][:8], "--json")
    printed = stories(*command)
    assert f"\n3. {first['segments'][2]['text']}\n" in printed.out
    assert "--segment N" in printed.err

    editor, opened = stories.directory / "my editor", stories.directory / "opened"
    script = f'printf "%s" "$2" > {shlex.quote(str(opened))}\nsed -i "$1" "$2"\n'
    editor.write_text(f"#!/bin/sh\n{script}")
    editor.chmod(0o755)
    monkeypatch.setattr("sys.stdin", Terminal())

    def with_editor(expression: str) -> dict[str, str]:
        return stories.environment(VISUAL="", EDITOR=shlex.join([str(editor), expression]))

    assert "nothing is changed" in stories(*command, env=with_editor("s/x/x/")).err
    (edited,) = stories(*command, env=with_editor(f"s/^3.*/3. {NEW}/")).manifests
    assert edited["segments"][2]["text"] == NEW
    assert not Path(opened.read_text()).exists()
    refused = stories(*command, env=with_editor("s/^3.*/3. She was dead./"))
    assert refused.problem == "unsafe-idea"
    kept = Path(opened.read_text())
    assert f"what you wrote is kept in {kept}" in refused.err
    assert "3. She was dead.\n" in kept.read_text("utf-8")
    kept.unlink()
    assert json.loads(stories("make", "--id", first["story_id"], "--json").out) == first
