from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.engines.fake import FakeLanguage
from pipeline.story.checks import story_checks
from pipeline.story.drafts import Draft
from pipeline.story.prompt import story_prompt
from pipeline.story.runs import distinct
from pipeline.story.word_filter import word_filter

# 93 words, counted by hand line by line: 11 10 10 10 9 10 9 8 8 8.
GOOD = Draft(
    "Nora and the Tall Hill",
    (
        "Nora was a shy snail who lived under a mossy stone.",
        "She wished to see the sunrise from the tall hill.",
        "But the path was steep, and her shell felt heavy.",
        "She slid up a little way and slid down again.",
        '"I will never get there," she said and sighed.',
        "Then Milo the beetle came by with a dry leaf.",
        '"Sit on my leaf and hold tight," he said.',
        "Milo pulled hard, and Nora laughed all day.",
        "They sat together and watched the golden morning.",
        "That evening Nora dreamed of hills and sunshine.",
    ),
    True,
)
IDEA = "a shy snail"
PROMPT, LANGUAGE, SCREEN = story_prompt(), FakeLanguage(), word_filter()


def failed(draft: Draft, idea: str = IDEA) -> dict[str, object]:
    checks = story_checks(draft, idea, PROMPT, LANGUAGE, SCREEN)
    return {check.name: check.figure for check in checks if not check.passed}


def lines(**changed: str) -> Draft:
    """GOOD with line_3="…" and so on in place of its own."""
    changed_lines = list(GOOD.lines)
    for name, text in changed.items():
        changed_lines[int(name.removeprefix("line_")) - 1] = text
    return replace(GOOD, lines=tuple(changed_lines))


def test_a_good_story_passes_every_check() -> None:
    assert failed(GOOD) == {}


def test_each_check_has_its_figure_and_bound() -> None:
    checks = {check.name: check for check in story_checks(GOOD, IDEA, PROMPT, LANGUAGE, SCREEN)}
    assert list(checks) == [
        "words",
        "whole",
        "named hero",
        "on the idea",
        "only the story",
        "no loops",
        "no echoes",
        "plain text",
        "quotes",
        "one kind",
        "its own",
        "English",
        "gentle words",
    ]
    assert all(check.bound for check in checks.values())
    assert checks["words"].figure == 93
    assert checks["named hero"].figure == 3
    assert checks["on the idea"].figure == 2  # shy, snail
    assert checks["no loops"].figure == 1.0
    assert checks["its own"].figure == 0
    assert checks["English"].figure == 1.0


@pytest.mark.parametrize(("count", "passes"), [(79, False), (80, True), (120, True), (121, False)])
def test_a_story_has_80_to_120_words(count: int, passes: bool) -> None:
    spare = [f"word{n}" for n in range(count)]
    draft = replace(GOOD, lines=(" ".join(["Then Nora, Nora and Nora the snail", *spare[: count - 7]]),))
    assert ("words" not in failed(draft)) is passes


def test_a_story_cut_off_is_not_whole() -> None:
    assert "whole" in failed(replace(GOOD, whole=False))
    assert "whole" in failed(replace(GOOD, title=""))


def test_nameless_hero_fails() -> None:
    nameless = tuple(line.replace("Nora", "the snail").replace("Milo", "the beetle") for line in GOOD.lines)
    assert "named hero" in failed(replace(GOOD, lines=nameless))


@pytest.mark.parametrize("idea", ["a boy who flies to Mars", "pirates", "ein Drache", "一只猫"])
def test_story_off_the_idea_fails(idea: str) -> None:
    assert "on the idea" in failed(GOOD, idea)


@pytest.mark.parametrize(
    "idea", ["snails", "The Shyest of all", "about hills", "a sunrising day", "the story of one day"]
)
def test_single_word_of_the_idea_is_enough(idea: str) -> None:
    assert "on the idea" not in failed(GOOD, idea)


@pytest.mark.parametrize(
    "line",
    [
        "Sure, here is a bedtime tale about Nora.",
        "Certainly! Nora was a snail.",
        "Here is a short story about Nora the snail.",
        "Here's your story.",
        "Title: Nora and the hill.",
        "**Nora** was a shy snail.",
        "# Nora was a shy snail.",
        "Nora was a <b>shy</b> snail.",
        "1. Nora was a shy snail.",
        "- Nora was a shy snail.",
        "[Nora] was a shy snail.",
        "```Nora was a shy snail.",
    ],
)
def test_chatter_and_markup_in_the_first_line_fail(line: str) -> None:
    assert "only the story" in failed(lines(line_1=line))


@pytest.mark.parametrize(
    "line",
    [
        "The end.",
        "The End",
        "That evening Nora slept. The end.",
        'Nora said "Good night!" The End!',
        "Note: for children.",
        "Plan: a snail.",
    ],
)
def test_heading_or_the_end_in_the_last_line_fails(line: str) -> None:
    assert "only the story" in failed(lines(line_10=line))


@pytest.mark.parametrize(
    "line",
    [
        "Surely Nora was the shyest snail of all.",
        "Sure enough, Nora was a shy snail.",
        "Here is where Nora the shy snail lived.",
        "At the end of the garden lived Nora, a shy snail.",
        "The end of the garden was home to Nora, a shy snail.",
        "Of course Nora was a shy snail.",
        "Nora, a shy snail, took note of the sunny title.",
    ],
)
def test_harmless_beginnings_pass(line: str) -> None:
    assert "only the story" not in failed(lines(line_1=line))


def test_loop_fails() -> None:
    looped = replace(GOOD, lines=(*GOOD.lines[:5], *GOOD.lines[:5]))
    assert failed(looped)["no loops"] == 0.031  # of 97 runs only the 3 across the seam occur once


def test_story_copied_from_a_worked_example_fails() -> None:
    copied = PROMPT.spec["examples"][0]["answer"].splitlines()[5].split(". ", 1)[1]
    assert "its own" in failed(lines(line_1=copied))


def test_story_in_another_language_fails() -> None:
    assert failed(lines(line_1="[fr] Nora était un escargot timide."))["English"] == 0.0


def test_words_that_are_not_gentle_are_listed() -> None:
    assert failed(lines(line_4="She was dead tired, and there was blood."))["gentle words"] == "blood, dead"


def test_empty_draft_fails_without_an_exception() -> None:
    assert {"words", "whole", "named hero", "no loops"} <= set(failed(Draft("", (), False)))


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("a b c d e", 1.0),
        ("a b c d a b c d", 0.6),  # abcd bcda cdab dabc abcd: three of five occur once
        ("A b c d. a, B c d", 0.6),
        ("a b c", 0.0),
        ("", 0.0),
    ],
)
def test_distinct_is_the_share_of_runs_of_four_words_that_occur_once(text: str, share: float) -> None:
    assert distinct(text) == share


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"line_6": "She slid up a little way, and slid down again."}, None),
        ({"line_5": "She slid up a little way and she slid down."}, "no echoes"),
        ({"line_5": '"I will never get there," she said. "It is far'}, "quotes"),
        ({"line_5": "“I will never get there,” she said and sighed."}, None),
        ({"line_5": "”I will never get there,“ she said and sighed."}, "quotes"),
        ({"line_4": 'She said, "I slid up.', "line_5": 'I will never get there," and sighed.'}, None),
        ({"line_6": "The end. Then Milo the beetle came by with a leaf."}, "only the story"),
        ({"line_6": "She had reached the end of the path. Milo came by."}, None),
        (
            {"line_8": "Milo pulled hard, and Nora the snail laughed.", "line_9": "Nora the mouse sat."},
            "one kind",
        ),
        ({"line_8": "Milo pulled Nora the shy snail.", "line_9": "Nora the snail, who sat, was glad."}, None),
    ],
)
def test_faults_that_readers_found_are_refused(changed: dict[str, str], check: str | None) -> None:
    """And what only looks like them is not."""
    assert set(failed(lines(**changed))) & {"no echoes", "quotes", "one kind", "only the story"} == (
        {check} if check else set()
    )


@pytest.mark.parametrize(
    "friend",
    ["Otto the hunter", "Otto, a kind hunter,", "a rabbit hunter", "the old huntsman", "Otto the trapper"],
)
def test_who_hunts_animals_is_no_friend_of_a_lost_one(friend: str) -> None:
    """The Rabbit Hunter, the friend of a child who had lost her rabbit, passed every check."""
    draft = lines(line_6=f"Then {friend} came by and smiled.")
    assert "gentle words" in failed(draft, "a shy snail who lost her rabbit")
    assert "gentle words" not in failed(draft, "a shy snail and a hunter")


@pytest.mark.parametrize(
    "friend", ["Otto the treasure hunter", "a star hunter", "Otto, who hunted for the ball,"]
)
def test_who_hunts_for_treasures_is_a_friend(friend: str) -> None:
    assert "gentle words" not in failed(lines(line_6=f"Then {friend} came by and smiled."))
