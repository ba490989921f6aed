from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout

import pytest

from pipeline.cli import terminal
from pipeline.cli.terminal import TerminalProgress
from pipeline.types import Manifest, ManifestSegment


def manifest(**changed: object) -> Manifest:
    fields = {
        "story_id": "4f1c",
        "locale": "fr",
        "title": "Léa",
        "context": "une idée",
        "idea": "an idea",
        "variant": 0,
        "segments": (ManifestSegment("Un.", "a", 0, 500, ()), ManifestSegment("Deux.", "b", 500, 700, ())),
        "mp3": "stories/4f1c/fr/a.mp3",
        "duration_ms": 61_400,
        "labels": (),
        "engines": {},
    }
    return Manifest(**{**fields, **changed})  # type: ignore[arg-type]


def test_a_story_has_its_locale_labels_and_location() -> None:
    text = terminal.story(manifest(labels=("draft translation", "robotic voice")), "/out/a.mp3")
    assert text.split("\n") == [
        "",
        "Léa  [fr]",
        "---------",
        "Un. Deux.",
        "",
        "Made by AI (draft translation; robotic voice).",
        "/out/a.mp3  (61 s)",
        "",
    ]
    assert "Made by AI.\n" in terminal.story(manifest(), "x")


def test_a_story_is_wrapped() -> None:
    words = ManifestSegment("word " * 100, "a", 0, 1, ())
    assert all(len(line) <= 100 for line in terminal.story(manifest(segments=(words,)), "x").splitlines())


def test_columns_are_as_wide_as_their_longest_cells() -> None:
    assert terminal.table([("id", "title"), ("4f1c", "Léa"), ("b", "")]) == "id    title\n4f1c  Léa\nb"


def test_steps_are_printed_on_stderr_and_summed(capsys: pytest.CaptureFixture[str]) -> None:
    progress = TerminalProgress()
    for _ in range(2):
        with progress.step("speak", 3, "sentence") as advance:
            advance(1)
            advance(2)
    with progress.step("store", 1, "mp3") as advance:
        advance(1)
    progress.note("draft 1 refused: words 60")
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(" in ")[0] for line in err.splitlines()] == [
        "  speak     3 sentences",
        "  speak     3 sentences",
        "  store     1 mp3",
        "  draft 1 refused: words 60",
    ]
    assert set(progress.seconds) == {"speak", "store"}


# Of a store from before such texts were refused, or of a remote server's error: ECMA-48's CSI in both its
# forms, a bell, an override (UAX 9), a lone surrogate.
HOSTILE = "a\x1b[2Jb\x9b31mc\x07d\u202ee\ud800f\x7f"
ESCAPED = r"a\u001b[2Jb\u009b31mc\u0007d\u202ee\ud800f\u007f"


@pytest.mark.parametrize("show", [terminal.say, terminal.tell, TerminalProgress().note])
def test_signs_that_drive_a_terminal_are_shown_and_not_sent(
    show: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    show(HOSTILE)
    out, err = capsys.readouterr()
    assert (out + err).strip() == ESCAPED


@pytest.mark.parametrize("text", ["قال: \u200f«مرحبا!»", "👩\u200d👧", "می\u200cخواهم", "Zoë\ta\nb", "日本"])
def test_ordinary_text_is_printed_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say(text)
    assert capsys.readouterr().out == f"{text}\n"


def test_json_keeps_its_value_and_drives_no_terminal() -> None:
    value = {"title": "a\x9b31m\u202eb\U000e0041\x7fc \u200d"}
    with redirect_stdout(io.TextIOWrapper(io.BytesIO(), "utf-8")) as out:
        terminal.say_json(json.dumps(value, ensure_ascii=False).encode())
    line = out.buffer.getvalue().decode()
    assert json.loads(line) == value
    assert not {"\x9b", "\u202e", "\U000e0041", "\x7f"} & set(line)


def test_a_failed_step_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    progress = TerminalProgress()
    with pytest.raises(KeyError), progress.step("speak", 3, "sentence"):
        raise KeyError
    assert capsys.readouterr().err == ""
    assert progress.seconds == {}
