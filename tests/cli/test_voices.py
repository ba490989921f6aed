"""`stories voices`: what there is to choose from, and to hear."""

from __future__ import annotations

from tests.command import Stories


def test_the_voices_of_a_profile_are_listed_with_each_languages_own(stories: Stories) -> None:
    done = stories("voices", "--profile", "embedded")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "en heart * kokoro af_heart good a woman, warm and calm" in lines
    assert any(line.startswith("it nicola kokoro im_nicola") for line in lines)
    assert not any("polly" in line for line in lines)


def test_the_voices_of_one_language_are_listed(stories: Stories) -> None:
    done = stories("voices", "fr-BE", "--profile", "fake")
    assert [line.split()[:2] for line in done.out.splitlines()[1:]] == [["fr", "fake"], ["fr", "low"]]


def test_a_language_that_is_not_there_is_refused_with_those_that_are(stories: Stories) -> None:
    done = stories("voices", "tlh")
    assert done.problem == "unknown-locale"
    assert "en, fr" in done.complaints[0]
