from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.engines.aws.answers import Answer, Tidy, chosen
from pipeline.engines.aws.containers import Piece
from pipeline.types import Completion, Prompt

STOPS = ("\nUser:", "<|endoftext|>")
ECHO = "You tell stories.\n\nUser: a snail\n\nAssistant:"
PROMPT = Prompt("test@1", "You tell stories.", "a snail", max_tokens=8)
# Texts that are mostly what the tidying looks for.
TEXTS = st.lists(
    st.one_of(
        st.sampled_from(
            ["\nUser:", "<|endoftext|>", "<|end", "\nUse", "User:", ECHO, ECHO[:9], "\n", " ", "\n\n"]
        ),
        st.text(alphabet="Yo <|\nU.é雪", max_size=4),
    ),
    max_size=6,
).map("".join)


def pieces(text: str, cuts: Iterable[int]) -> list[str]:
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    return [text[start:end] for start, end in pairwise(places)]


def tidied(parts: Iterable[str]) -> str:
    tidy = Tidy(ECHO, STOPS)
    return "".join([tidy.feed(part) for part in parts] + [tidy.end()])


def as_said(text: str) -> str:
    """The same on a whole text, in the plainest way."""
    text = text.lstrip()
    if text.startswith(ECHO):
        text = text[len(ECHO) :].lstrip()
    for stop in STOPS:
        text = text.partition(stop)[0]
    return text.rstrip()


@given(TEXTS, st.lists(st.integers(0), max_size=12))
@example(ECHO + " Once\nUser: more", [3, 44, 52])
@example(ECHO, [1])
@example("You tell", [2])
def test_a_text_is_tidied_alike_however_it_is_split(text: str, cuts: list[int]) -> None:
    assert tidied(pieces(text, cuts)) == as_said(text)


@given(TEXTS)
def test_a_text_that_comes_letter_by_letter_is_tidied_alike(text: str) -> None:
    assert tidied(text) == as_said(text)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (" Once upon a time.\n", "Once upon a time."),
        ("Once.<|endoftext|>", "Once."),
        ("Once.\nUser: and then?", "Once."),
        (ECHO + " Once.", "Once."),
        ("You tell", "You tell"),
        ("Once.\nUse", "Once.\nUse"),
        ("The User: a tale", "The User: a tale"),
        ("<|endoftext|>", ""),
        (ECHO, ""),
        ("", ""),
    ],
)
def test_only_the_model_s_own_text_is_let_through(raw: str, text: str) -> None:
    assert tidied([raw]) == text


def test_a_text_is_heard_as_soon_as_it_is_certain() -> None:
    tidy = Tidy(ECHO, STOPS)
    assert [tidy.feed(part) for part in ("Once", " upon", "\nUs", "ers met")] == [
        "Once",
        " upon",
        "",
        "\nUsers met",
    ]


def completed(parts: Iterable[Piece], prompt: Prompt = PROMPT) -> Completion:
    answer = Answer(prompt, ECHO, STOPS)
    heard = "".join([answer.take(piece) for piece in parts] + [answer.end()])
    told = answer.completion()
    assert prompt.choices or heard == told.text
    return told


def test_what_the_container_tells_is_believed() -> None:
    told = completed(
        [
            Piece("Once", tokens=1),
            Piece(" more.", tokens=1, stop="eos_token", prompt_tokens=31, completion_tokens=3, final=True),
        ]
    )
    assert told == Completion("Once more.", 31, 3, "end")


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("eos_token", "end"),
        ("stop_sequence", "end"),
        ("stop", "end"),
        ("end_of_sequence", "end"),
        ("length", "length"),
    ],
)
def test_a_container_s_word_for_why_it_stopped_is_one_of_two(told: str, reason: str) -> None:
    assert completed([Piece("Once.", stop=told, final=True)]).stop_reason == reason


@pytest.mark.parametrize(("tokens", "reason"), [(7, "end"), (8, "length"), (9, "length")])
def test_who_does_not_say_why_it_stopped_was_cut_when_all_its_tokens_are_used(
    tokens: int, reason: str
) -> None:
    assert completed([Piece("x", tokens=1)] * tokens).stop_reason == reason


def test_a_stop_string_is_an_end_whatever_was_told() -> None:
    told = completed([Piece("Once.\nUser: x", stop="length", completion_tokens=8, final=True)])
    assert told.stop_reason == "end"


def test_tokens_that_nobody_counts_are_estimated_at_four_characters() -> None:
    told = completed([Piece(whole="Once upon a time.", final=True)])
    assert told.completion_tokens == 5  # 17 characters
    assert told.prompt_tokens == 11  # 44 characters


def test_events_of_a_token_each_are_counted() -> None:
    assert completed([Piece("a", tokens=1), Piece("b", tokens=1), Piece("", tokens=1)]).completion_tokens == 3


def test_the_whole_text_at_the_end_of_a_stream_is_not_heard_twice() -> None:
    assert completed([Piece("Once."), Piece("", whole="Once.", final=True)]).text == "Once."


def test_a_whole_text_alone_is_the_text() -> None:
    assert completed([Piece("", whole=f"{ECHO} Once.<|endoftext|>", final=True)]).text == "Once."


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        (" Yes, it is.", "yes"),
        ("yes", "yes"),
        ("The answer is NO!", "no"),
        ("no, not yes", "no"),
        ("nobody knows", "nobody knows"),
        ("", ""),
    ],
)
def test_a_choice_is_the_first_word_that_is_one(text: str, choice: str) -> None:
    assert chosen(text, ("yes", "no")) == choice


def test_a_choice_is_given_as_it_was_offered() -> None:
    assert chosen("straße", ("STRASSE", "no")) == "STRASSE"


def test_a_chosen_answer_has_full_confidence() -> None:
    told = completed([Piece(" Yes.", final=True)], replace(PROMPT, choices=("yes", "no")))
    assert (told.text, told.confidence) == ("yes", 1.0)
