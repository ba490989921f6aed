"""What a person changed of a story: one form, its bounds, and the text that comes of it."""

from __future__ import annotations

import pytest

from pipeline.errors import ContentRejectedError, RequestError
from pipeline.story.edits import aligned, applied, cleaned, refuse_unsafe
from pipeline.story.word_filter import word_filter
from pipeline.types import Change, Revision, Story

BEFORE = Story("1" * 32, "en", "Mia", ("Mia was a snail.", "She hid.", "A ladybug came.", "Mia smiled."))
FRENCH = Story("1" * 32, "fr", "Mia", ("Mia était un escargot.", "Elle se cachait.", "Oh !", "Mia sourit."))


def revision(*changes: tuple[int, str], title: str = "", locale: str = "en") -> Revision:
    return Revision(BEFORE.id, locale, tuple(Change(*change) for change in changes), title)


def after(edit: Revision, before: Story = BEFORE) -> Story:
    return applied(cleaned(edit, before), before, "2" * 32)


def test_sentences_are_replaced_and_taken_out_and_the_title_stays() -> None:
    story = after(revision((1, "She hid in her shell. It was dark."), (2, "")))
    assert story == Story(
        "2" * 32, "en", "Mia", ("Mia was a snail.", "She hid in her shell. It was dark.", "Mia smiled.")
    )
    assert after(revision(title="Mia the snail")).segments == BEFORE.segments


def test_equal_edits_have_one_form() -> None:
    first = cleaned(revision((2, " A  beetle\ncame. "), (0, BEFORE.segments[0]), (1, "She sat.")), BEFORE)
    assert first == revision((1, "She sat."), (2, "A beetle came."))
    assert cleaned(revision((1, "She sat."), title=" Mia "), BEFORE) == revision((1, "She sat."))


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (revision((4, "More.")), "bad-edit"),
        (revision((-1, "More.")), "bad-edit"),
        (revision((1, "She sat."), (1, "She ran.")), "bad-edit"),
        (revision((1, BEFORE.segments[1]), title="Mia"), "bad-edit"),
        (revision((1, "a" * 601)), "bad-edit"),
        (revision(*((number, "x") for number in range(201))), "bad-edit"),
        (revision((0, "She sat."), title="t" * 121), "bad-edit"),
        (revision((0, ""), (1, "")), "bad-edit"),
        (revision((1, "She \x1b[2Jsat.")), "control-characters"),
        (revision((1, "\u202eShe sat.")), "control-characters"),
        (revision((1, "She sat at www.example.com.")), "address"),
        (revision((1, "…!")), "no-words"),
    ],
)
def test_what_cannot_be_applied_or_spoken_is_refused(edit: Revision, problem: str) -> None:
    with pytest.raises(RequestError) as refused:
        after(edit)
    assert refused.value.problem == problem


def test_a_sentence_is_not_taken_out_of_one_language_alone() -> None:
    with pytest.raises(RequestError, match="English"):
        after(revision((1, ""), locale="fr"), FRENCH)


@pytest.mark.parametrize(
    ("text", "problem"), [("She was dead.", "unsafe-idea"), ("She saw a massacre.", "unsafe-violence")]
)
def test_new_words_that_are_not_for_a_child_are_refused(text: str, problem: str) -> None:
    with pytest.raises(ContentRejectedError) as refused:
        refuse_unsafe(BEFORE, after(revision((1, text))), word_filter())
    assert refused.value.problem == problem


def test_words_that_were_there_before_are_no_reason_to_refuse_another_sentence() -> None:
    harsh = Story("1" * 32, "en", "Mia", ("The tree was dead.", *BEFORE.segments))
    refuse_unsafe(harsh, after(revision((2, "She sat.")), harsh), word_filter())


def test_each_kept_sentence_has_its_place_also_where_one_is_said_twice() -> None:
    twice = Story("1" * 32, "en", "T", ("Oh.", "She ran.", "Oh.", "She sat.", "Oh."))
    edited = Story("2" * 32, "en", "T", ("Oh.", "She flew.", "Oh.", "Oh."))
    assert aligned(twice, edited) == (0, None, 2, 4)
