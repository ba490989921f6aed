"""Answers as a model gives them that no grammar holds to the shape of the example."""

from __future__ import annotations

import re

import pytest

from pipeline.engines.fake import FakeLanguage
from pipeline.story.checks import MOST_WORDS, story_checks
from pipeline.story.drafts import Draft, tidy
from pipeline.story.prompt import story_prompt
from pipeline.story.word_filter import word_filter
from pipeline.types import Completion

PROMPT = story_prompt("falcon@1")
IDEA = "a lighthouse that is afraid of the dark"
PLAN = """Hero: Mina, a small lighthouse
Wish: to shine
Problem: the dark frightens her
Help: Otis the gull counts the stars with her"""
TITLE = "Mina Counts the Stars"
LINES = (
    "Mina was a small white lighthouse on a rocky island.",
    "She wished to shine for the ships like the big towers.",
    "But every evening the dark came, and Mina shut her light tight.",
    "She tried to hum a song, and the waves were louder.",
    "Mina felt cold and a little ashamed.",
    "Then Otis the gull landed softly on her railing.",
    '"Look up, and count the stars with me," he said.',
    "They counted to twenty, and her light came on all by itself.",
    "The fishing boats blew their horns to thank Mina.",
    "That night she glowed gently until the morning came.",
)
NUMBERED = [f"{number}. {line}" for number, line in enumerate(LINES, 1)]
ANSWER = "\n".join([PLAN, f"Title: {TITLE}", *NUMBERED])
WHOLE = Draft(TITLE, LINES, True, "Mina")


def draft(text: str, stop: str = "end") -> Draft:
    return PROMPT.parse(Completion(text, 1, 1, stop), MOST_WORDS)


def without(number: int) -> str:
    """The answer with that line's number left out."""
    return ANSWER.replace(f"\n{number}. ", "\n")


ANSWERS = {
    "as in the example": ANSWER,
    "blank lines": ANSWER.replace("\n", "\n\n"),
    "line ends of Windows": ANSWER.replace("\n", "\r\n"),
    "blanks before": "\n".join(f"  {line}" for line in ANSWER.splitlines()),
    "another mark after the number": re.sub(r"^(\d+)\.", r"\1)", ANSWER, flags=re.MULTILINE),
    "two digits": re.sub(r"^(\d)\.", r"0\1.", ANSWER, flags=re.MULTILINE),
    "Markdown": re.sub(r"^(\w+:)", r"**\1**", re.sub(r"^(\d+\.)", r"**\1**", ANSWER, flags=re.M), flags=re.M),
    "a missing number": without(4),
    "two missing numbers": without(4).replace("\n5. ", "\n"),
    "no full stop": ANSWER.replace("a little ashamed.", "a little ashamed"),
    "a line over two lines": ANSWER.replace("rocky island", "rocky\nisland"),
    "the label of the request": ANSWER.replace("Hero: ", "Hero's name: "),
    "the whole label of the request": ANSWER.replace("Hero: ", "Hero's name, unless the idea gives one: "),
    "small letters": ANSWER.replace("Title:", "title:"),
    "a title in quotes": ANSWER.replace(TITLE, f'"{TITLE}"'),
    "chatter before": f"Sure! Here is your story:\n\n{ANSWER}",
    "chatter after": f"{ANSWER}\n\nI hope you like it!",
    "another's turn": f"{ANSWER}\n\nUser: Idea: a shy snail\nHero's name, unless the idea gives one: Pia",
    "a trailing User:": f"{ANSWER}\nUser:",
    "another story": f"{ANSWER}\n\nTitle: The Snail\n1. A snail.\n2. It slept.",
    "more lines": f"{ANSWER}\n11. And the moon said good night.\n12. The end.",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_good_story_is_read_however_it_is_set(name: str) -> None:
    assert draft(ANSWERS[name]) == WHOLE
    checks = story_checks(draft(ANSWERS[name]), IDEA, PROMPT, FakeLanguage(), word_filter())
    assert [check.name for check in checks if not check.passed] == []


@pytest.mark.parametrize("name", ["another's turn", "another story", "more lines", "chatter after"])
def test_a_text_that_was_cut_after_its_last_line_is_whole(name: str) -> None:
    assert draft(ANSWERS[name], "length").whole


BROKEN = {
    "cut in the last line": (ANSWER, "length"),
    "cut before it": ("\n".join(ANSWER.splitlines()[:-2]) + "\nUser:", "length"),
    "a line is missing": (ANSWER.replace(NUMBERED[3] + "\n", ""), "end"),
    "more loose lines than are missing": (without(4).replace("\n5. ", "\nOh!\n5. "), "end"),
    "no numbers at all": (re.sub(r"^\d+\. ", "", ANSWER, flags=re.MULTILINE), "end"),
    "only the plan": (PLAN, "end"),
    "too few lines": ("\n".join(ANSWER.splitlines()[:-3]), "end"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_missing_makes_a_draft_incomplete(name: str) -> None:
    assert not draft(*BROKEN[name]).whole


def test_chatter_does_not_become_the_missing_end_of_a_story() -> None:
    eight = "\n".join(ANSWER.splitlines()[:-2])
    assert draft(f"{eight}\n\nI hope you like it!\nGood night!").lines == LINES[:8]


@pytest.mark.parametrize(
    ("line", "hero"),
    [
        ("Hero: Mina the lighthouse", "Mina"),
        ("Hero: Jean-Luc", "Jean-Luc"),
        ("**Hero:** Mina", "Mina"),
        ("Hero: A young lighthouse named Mina", ""),  # the checks take the name that the story uses most
        ("Hero: the lighthouse", ""),
        ("Heroes: Mina", ""),
    ],
)
def test_the_hero_is_the_name_in_the_plan(line: str, hero: str) -> None:
    assert draft(ANSWER.replace(PLAN.splitlines()[0], line)).hero == hero


@pytest.mark.parametrize(
    ("line", "tidied"),
    [
        ('"Come in, " said Nora.', '"Come in," said Nora.'),
        ('"Come in. "', '"Come in."'),
        ('She said, "Come in." Then she left.', 'She said, "Come in." Then she left.'),
        ("  two   blanks\u00a0here.", "two blanks here."),
        ('Nora! "Yes," said Milo.', 'Nora! "Yes," said Milo.'),
        ("no end", "no end."),
        ("", ""),
    ],
)
def test_a_line_is_tidied(line: str, tidied: str) -> None:
    assert tidy(line) == tidied
