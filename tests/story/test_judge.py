from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from pipeline.ports import OnText, ignore
from pipeline.story.judge import Judge
from pipeline.story.prompt import read
from pipeline.types import Completion, Prompt, Usage

SPEC = {
    "version": 7,
    "system": "You check stories.",
    "user": "Story: $title\n$text\n\nQuestion: $question",
    "questions": [
        {"name": "about", "ask": "Is it about $idea?", "wanted": "yes", "least": 0.7},
        {"name": "gentle", "ask": "Is it frightening?", "wanted": "no", "least": 0.8},
    ],
}


@dataclass
class Oracle:
    """Answers in turn; keeps what it was asked."""

    answers: list[tuple[str, float]]
    prompts: list[Prompt] = field(default_factory=list)
    fingerprint: str = "oracle/1"
    parallel: int = 1

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        self.prompts.append(prompt)
        text, confidence = self.answers[len(self.prompts) - 1]
        return Completion(text, 10, 1, "length", confidence)


def judged(*answers: tuple[str, float], idea: str = "a snail") -> list[tuple[bool, object]]:
    checks, _ = Judge(Oracle(list(answers)), SPEC).judge(idea, "Title", "Text.")
    return [(check.passed, check.figure) for check in checks]


def test_the_wanted_answer_passes_when_it_is_likely_enough() -> None:
    assert judged(("yes", 0.9), ("no", 0.95)) == [(True, 0.9), (True, 0.95)]
    assert judged(("yes", 0.7), ("no", 0.8)) == [(True, 0.7), (True, 0.8)]
    assert judged(("yes", 0.69), ("no", 0.79)) == [(False, 0.69), (False, 0.79)]


def test_other_answer_counts_by_the_remaining_probability() -> None:
    assert judged(("no", 0.9), ("yes", 1.0)) == [(False, 0.1), (False, 0.0)]


def test_answers_case_and_blanks_do_not_matter() -> None:
    assert judged((" Yes\n", 0.9), ("NO", 0.9)) == [(True, 0.9), (True, 0.9)]


@pytest.mark.parametrize("answer", [("", 0.0), ("maybe", 1.0), ("", 1.0), ("yes and no", 0.2)])
def test_answer_that_is_neither_yes_nor_no_fails(answer: tuple[str, float]) -> None:
    assert judged(answer, answer) == [(False, 0.0), (False, 0.0)]


def test_each_question_is_a_single_constrained_token_at_temperature_0() -> None:
    oracle = Oracle([("yes", 1.0), ("no", 1.0)])
    checks, usage = Judge(oracle, SPEC).judge("a snail", "Nora", "She slid.")
    assert [check.name for check in checks] == ["judge: about", "judge: gentle"]
    assert [check.bound for check in checks] == ["at least 0.7", "at least 0.8"]
    assert usage == Usage(2, 20, 2)
    assert [prompt.name for prompt in oracle.prompts] == ["judge-about@7", "judge-gentle@7"]
    assert oracle.prompts[0].user == "Story: Nora\nShe slid.\n\nQuestion: Is it about a snail?"
    for prompt in oracle.prompts:
        assert (prompt.choices, prompt.max_tokens, prompt.temperature) == (("yes", "no"), 1, 0.0)


def test_dollar_signs_are_not_substituted() -> None:
    oracle = Oracle([("yes", 1.0), ("no", 1.0)])
    Judge(oracle, SPEC).judge("a $text of $idea ${x} $$5", "$question", "$title costs $5")
    assert "about a $text of $idea ${x} $$5?" in oracle.prompts[0].user
    assert "Story: $question\n$title costs $5" in oracle.prompts[0].user


def test_shipped_questions_cover_idea_completeness_ending_and_gentleness() -> None:
    spec = read("judge")
    assert {question["name"] for question in spec["questions"]} >= {
        "about",
        "complete",
        "ends well",
        "gentle",
    }
    assert all(question["wanted"] in {"yes", "no"} for question in spec["questions"])
    assert all(0.5 < question["least"] < 1 for question in spec["questions"])
