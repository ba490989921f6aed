"""What engines that speak OpenAI's chat messages share."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pipeline.engines.chat import Odds, chosen, data, messages
from pipeline.types import Prompt


def logprobs(*tokens: dict[str, float]) -> dict[str, Any]:
    """Each token's candidates with their probabilities, in OpenAI's form."""
    return {
        "content": [
            {
                "top_logprobs": [
                    {"token": token, "logprob": math.log(odds)} for token, odds in candidates.items()
                ]
            }
            for candidates in tokens
        ]
    }


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        (" Yes, it is.", "yes"),
        ("yes", "yes"),
        ("The answer is NO!", "no"),
        ("no, not yes", "no"),
        ("not sure", "not sure"),
        ("", ""),
    ],
)
def test_a_choice_is_the_first_word_that_is_an_offer(text: str, choice: str) -> None:
    assert chosen(text, ("yes", "no")) == choice


def test_a_choice_is_given_as_it_was_offered() -> None:
    assert chosen("straße", ("STRASSE", "no")) == "STRASSE"


def test_odds_are_the_share_among_the_choices_whatever_case_and_blanks() -> None:
    odds = Odds(("yes", "no"))
    odds.add(logprobs({"Yes": 0.3, " yes": 0.3, "NO": 0.2, "Maybe": 0.1}))
    assert odds.best() == ("yes", 0.75)


def test_odds_are_those_of_the_first_token_that_could_be_a_choice() -> None:
    odds = Odds(("yes", "no"))
    odds.add(logprobs({"**": 0.9, "The": 0.1}, {"No": 0.9, "Yes": 0.1}, {"Yes": 1.0}))
    odds.add(logprobs({"Yes": 1.0}))
    assert odds.best() == ("no", 0.9)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"content": None},
        {"content": [None, {"top_logprobs": [3, {"token": None}, {"token": "yes"}]}]},
    ],
)
def test_without_log_probabilities_there_are_no_odds(value: Any) -> None:
    odds = Odds(("yes", "no"))
    odds.add(value)
    assert odds.best() == ("", 0.0)


def test_turns_are_system_examples_and_user() -> None:
    prompt = Prompt("p@1", "Be kind.", "Now you.", examples=(("A?", "a"),))
    assert [(turn["role"], turn["content"]) for turn in messages(prompt)] == [
        ("system", "Be kind."),
        ("user", "A?"),
        ("assistant", "a"),
        ("user", "Now you."),
    ]
    assert messages(Prompt("p@1", "", "Hello")) == [{"role": "user", "content": "Hello"}]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("data: {}", "{}"),
        ("data:[DONE]", "[DONE]"),
        (": ping", ""),
        ("event: x", ""),
        (" {} ", "{}"),
        ("", ""),
    ],
)
def test_data_of_a_line(line: str, text: str) -> None:
    assert data(line) == text
