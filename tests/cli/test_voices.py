"""`stories voices`: what there is to choose from, and to hear."""

from __future__ import annotations

import os
import wave
from pathlib import Path

from tests.command import Stories


def test_the_voices_of_a_profile_are_listed_with_each_languages_own(stories: Stories) -> None:
    done = stories("voices", "--profile", "embedded")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "en heart * hibari heart good a woman, warm and calm" in lines
    assert any(line.startswith("it nicola kokoro im_nicola") for line in lines)
    assert not any("polly" in line for line in lines)


def test_the_voices_of_one_language_are_listed(stories: Stories) -> None:
    done = stories("voices", "fr-BE", "--profile", "fake")
    assert [line.split()[:2] for line in done.out.splitlines()[1:]] == [["fr", "fake"], ["fr", "low"]]


def test_a_language_that_is_not_there_is_refused_with_those_that_are(stories: Stories) -> None:
    done = stories("voices", "tlh")
    assert done.problem == "unknown-locale"
    assert "en, fr" in done.complaints[0]


def test_each_voice_says_one_sentence_once_and_where_it_lies_is_printed(stories: Stories) -> None:
    nowhere = {**stories.environment(), "PATH": ""}
    done = stories("voices", "fr", "--play", env=nowhere)
    sounds = [Path(line.partition(": ")[2]) for line in done.err.splitlines() if line.startswith("fr ")]
    assert len(sounds) == 2
    assert "no player here" in done.err
    for sound in sounds:
        with wave.open(str(sound)) as file:
            assert file.getnframes() > 0
    before = stories.files()
    assert stories("voices", "fr", "--play", env=nowhere).status == 0
    assert stories.files() == before


def test_a_player_of_this_machine_plays_each_voice(stories: Stories) -> None:
    programs = stories.directory / "bin"
    programs.mkdir()
    player = programs / "mpv"
    player.write_text('#!/bin/sh\necho "$2" >> "$(dirname "$0")/played"\n')
    player.chmod(0o755)
    done = stories(
        "voices", "en", "--play", env={**stories.environment(), "PATH": f"{programs}:{os.defpath}"}
    )
    played = (programs / "played").read_text().splitlines()
    assert [f"en {name}: {path}" for name, path in zip(("fake", "low"), played, strict=True)] == [
        line for line in done.err.splitlines() if line.startswith("en ")
    ]
