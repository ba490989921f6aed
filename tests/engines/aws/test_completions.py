from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.engines.aws.completions import PartialCompletion, TextFilter
from pipeline.engines.aws.containers import Piece
from pipeline.types import Completion, Prompt

STOPS = ("\nUser:", "<|endoftext|>")
ECHO = "You tell stories.\n\nUser: a snail\n\nAssistant:"
PROMPT = Prompt("test@1", "You tell stories.", "a snail", max_tokens=8)
# Texts that are mostly what the filter looks for.
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


def filtered(parts: Iterable[str]) -> str:
    text_filter = TextFilter(ECHO, STOPS)
    return "".join([text_filter.feed(part) for part in parts] + [text_filter.end()])


def expected(text: str) -> str:
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
@example(ECHO + " Once\nUser: more", list(range(1, 60)))
def test_a_text_is_filtered_alike_however_it_is_split(text: str, cuts: list[int]) -> None:
    assert filtered(pieces(text, cuts)) == expected(text)


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
    assert filtered([raw]) == text


def test_a_text_comes_through_as_soon_as_it_is_certain() -> None:
    text_filter = TextFilter(ECHO, STOPS)
    fed = [text_filter.feed(part) for part in ("Once", " upon", "\nUs", "ers met")]
    assert fed == ["Once", " upon", "", "\nUsers met"]


def completed(parts: Iterable[Piece], prompt: Prompt = PROMPT) -> Completion:
    partial = PartialCompletion(prompt, ECHO, STOPS)
    text = "".join([partial.add(piece) for piece in parts] + [partial.end()])
    completion = partial.completion()
    assert prompt.choices or text == completion.text
    return completion


def test_the_container_s_own_counts_are_used() -> None:
    last = Piece(" more.", tokens=1, stop="eos_token", prompt_tokens=31, completion_tokens=3, final=True)
    assert completed([Piece("Once", tokens=1), last]) == Completion("Once more.", 31, 3, "end")


def test_a_container_s_stop_reason_becomes_one_of_two() -> None:
    for stop in ("eos_token", "stop_sequence", "stop", "end_of_sequence", "length"):
        reason = completed([Piece("Once.", stop=stop, final=True)]).stop_reason
        assert reason == ("length" if stop == "length" else "end")


@pytest.mark.parametrize(("tokens", "reason"), [(7, "end"), (8, "length"), (9, "length")])
def test_without_a_stop_reason_a_text_of_all_its_tokens_was_cut(tokens: int, reason: str) -> None:
    assert completed([Piece("x", tokens=1)] * tokens).stop_reason == reason


def test_a_stop_string_is_an_end_whatever_the_container_says() -> None:
    completion = completed([Piece("Once.\nUser: x", stop="length", completion_tokens=8, final=True)])
    assert completion.stop_reason == "end"


def test_tokens_without_a_count_are_estimated_at_four_characters() -> None:
    completion = completed([Piece(whole="Once upon a time.", final=True)])
    assert completion.completion_tokens == 5  # 17 characters
    assert completion.prompt_tokens == 11  # 44 characters


def test_the_whole_text_at_the_end_of_a_stream_does_not_come_twice() -> None:
    assert completed([Piece("Once."), Piece("", whole="Once.", final=True)]).text == "Once."


def test_a_choice_is_given_as_it_was_offered_with_full_confidence() -> None:
    completion = completed([Piece(" Yes.", final=True)], replace(PROMPT, choices=("yes", "no")))
    assert (completion.text, completion.confidence) == ("yes", 1.0)
