from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pipeline.engines.fake import FakeLanguage
from pipeline.story.checks import FEWEST_WORDS, MOST_WORDS, story_checks
from pipeline.story.drafts import Draft
from pipeline.story.prompt import named, story_prompt
from pipeline.story.text import words
from pipeline.story.word_filter import word_filter
from pipeline.types import Completion, Prompt, StoryRequest

PROMPT = story_prompt()
EXAMPLES = PROMPT.spec["examples"]


def prompt_for(idea: str = "a shy snail", variant: int = 0, attempt: int = 0) -> Prompt:
    return PROMPT.prompt(StoryRequest(idea, variant), idea, attempt)


def draft_of(text: str, stop: str = "end") -> Draft:
    return PROMPT.parse(Completion(text, 1, 1, stop), MOST_WORDS)


# What is sent.


def test_a_prompt_is_named_with_its_version() -> None:
    assert re.fullmatch(r"story@\d+", PROMPT.id)
    assert prompt_for().name == PROMPT.id


def test_the_same_request_is_the_same_prompt_and_another_variant_or_attempt_another_seed() -> None:
    assert prompt_for() == prompt_for()
    seeds = {
        prompt_for(variant=variant, attempt=attempt).seed for variant in range(20) for attempt in range(3)
    }
    assert len(seeds) == 60
    assert all(0 <= seed < 2**32 for seed in seeds)


@pytest.mark.parametrize(
    "idea", ["a $hero and $idea ${x} $$", "100% {hero} {0}", "a\\nb \\1", "Idea: x Hero: y"]
)
def test_idea_is_inserted_literally(idea: str) -> None:
    assert idea in prompt_for(idea).user


def test_system_prompt_holds_every_job_and_the_audience() -> None:
    system = PROMPT.prompt(StoryRequest("x", audience="grown-up pirates"), "x", 0).system
    assert "grown-up pirates" in system
    for number, line in enumerate(PROMPT.spec["lines"], 1):
        assert f"{number}. {line['job']}" in system
    assert "$" not in system


def test_worked_examples_have_the_form_of_the_request() -> None:
    shape = re.sub(r": .*", ": …", prompt_for().user)
    for (user, answer), example in zip(prompt_for().examples, EXAMPLES, strict=True):
        assert re.sub(r": .*", ": …", user) == shape
        assert example["idea"] in user
        assert answer == example["answer"].strip()


def cast(idea: str, variant: int) -> tuple[str, str, str, str]:
    matches = re.findall(
        r"^(?:Hero|Friend).*?: (\w+) \((she|he)\)$", prompt_for(idea, variant).user, re.MULTILINE
    )
    (hero, its), (friend, their) = matches
    return hero, its, friend, their


def test_hero_and_friend_are_drawn_from_the_table_and_never_share_a_name() -> None:
    drawn = [cast("a shy snail", variant) for variant in range(200)]
    for hero, its, friend, their in drawn:
        assert hero in PROMPT.names[its]
        assert friend in PROMPT.names[their]
        assert hero != friend
    assert len({hero for hero, *_ in drawn}) > 20
    assert {its for _, its, *_ in drawn} == {their for *_, their in drawn} == {"she", "he"}


@pytest.mark.parametrize(
    ("idea", "kind"),
    [("a girl and her king", "she"), ("the king and a girl", "he"), ("my Grandma!", "she"), ("a BOY", "he")],
)
def test_a_hero_gets_a_name_that_fits_the_idea(idea: str, kind: str) -> None:
    assert {cast(idea, variant)[1] for variant in range(20)} == {kind}


NAMED = {
    "Emma and the shell": "Emma",
    "Wanda the whale sings": "Wanda",
    "Tom's lost tooth": "Tom",
    "Pia, a shy snail": "Pia",
    "Leo wants to fly": "Leo",
    "The owl and the moon": "",
    "A girl who sings": "",
    "My dog is lost": "",
    "a girl called Emma": "",
    "Pirates": "",
    "emma and the shell": "",
    "": "",
}


@pytest.mark.parametrize("idea", NAMED)
def test_an_idea_that_begins_with_a_name_keeps_it(idea: str) -> None:
    assert named(idea) == NAMED[idea]
    if NAMED[idea]:
        assert {cast(idea, variant)[0] for variant in range(5)} == {NAMED[idea]}


def test_names_are_plain_letters_and_pass_the_word_filter() -> None:
    names = [*PROMPT.names["she"], *PROMPT.names["he"]]
    assert len(set(names)) == len(names) > 40
    for name in names:
        assert re.fullmatch("[A-Z][a-z]+", name)
        assert word_filter().story(f"{name} sang.", "en") == ()


# What comes back.


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["idea"])
def test_worked_example_passes_the_checks(example: dict[str, str]) -> None:
    draft = draft_of(example["answer"])
    assert draft.whole
    assert len(draft.lines) == len(PROMPT.spec["lines"])
    assert FEWEST_WORDS <= len(words(" ".join(draft.lines))) <= MOST_WORDS
    checks = story_checks(draft, example["idea"], PROMPT, FakeLanguage(), word_filter())
    assert {check.name for check in checks if not check.passed} == {"its own"}


def numbered(
    *lines: str, title: str = "Title: A Tale\n", plan: str = "Hero: Nora, a snail\nWish: sun\n"
) -> str:
    return plan + title + "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


TEN = [f"Nora went to see number {number}." for number in range(1, 11)]


def test_plan_title_and_numbers_are_removed() -> None:
    draft = draft_of(numbered(*TEN))
    assert (draft.title, draft.hero, draft.lines, draft.whole) == ("A Tale", "Nora", tuple(TEN), True)


def test_chatter_around_the_lines_is_left_out() -> None:
    draft = draft_of("Sure! Here it is:\n\n" + numbered(*TEN) + "\n\nI hope you like it!")
    assert draft.lines == tuple(TEN)


def test_a_text_that_max_tokens_cut_is_not_whole() -> None:
    assert not draft_of(numbered(*TEN), "length").whole


@pytest.mark.parametrize("count", range(11))
def test_a_story_is_whole_from_the_fewest_lines_on(count: int) -> None:
    draft = draft_of(numbered(*TEN[:count]))
    assert draft.whole is (count >= PROMPT.spec["fewest"])
    assert len(draft.lines) == count


def test_missing_line_in_the_middle_makes_a_draft_incomplete() -> None:
    lines = numbered(*TEN).replace(f"3. {TEN[2]}\n", "")
    assert not draft_of(lines).whole


@pytest.mark.parametrize("text", ["", "No.", "1.", "Title:", "\n\n", "11. A line too many."])
def test_text_without_lines_is_an_empty_draft(text: str) -> None:
    assert draft_of(text) == Draft("", (), False)


def test_a_long_story_loses_its_spare_lines_first_to_last_and_no_more_than_it_must() -> None:
    spare = [number for number, line in enumerate(PROMPT.spec["lines"]) if line.get("spare")]
    assert len(spare) == 3

    def kept(words_a_line: int) -> list[int]:
        lines = [f"{number} " + "word " * (words_a_line - 2) + "end." for number in range(10)]
        return [int(line.split()[0]) for line in draft_of(numbered(*lines)).lines]

    everything = list(range(10))
    assert kept(12) == everything  # 120 words
    assert kept(13) == [number for number in everything if number != spare[0]]  # 117
    assert kept(15) == [number for number in everything if number not in spare[:2]]  # 120
    assert kept(17) == [number for number in everything if number not in spare]  # 119
    assert kept(30) == [number for number in everything if number not in spare]  # 210: too long all the same


def test_a_story_of_fewer_lines_keeps_them_all_however_long() -> None:
    long = ["word " * 20 + "end."] * 8
    assert len(draft_of(numbered(*long)).lines) == 8


def test_segments_are_the_sentences_of_the_lines() -> None:
    draft = replace(
        draft_of(numbered(*TEN)), lines=('"Who is it?" she asked. It was Mr. Owl!', "They slept.")
    )
    assert draft.segments == ('"Who is it?" she asked.', "It was Mr. Owl!", "They slept.")
