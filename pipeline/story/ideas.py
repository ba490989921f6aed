"""Validation of ideas: every idea is hostile until it has passed accept()."""

from __future__ import annotations

import re

from pipeline.errors import ContentRejectedError, RequestError
from pipeline.story.plain_text import unseen
from pipeline.story.text import MAX_CONTEXT, clean, words
from pipeline.story.word_filter import WordFilter

# Tags, comments and entities; "<3" and "2 < 3" stay allowed.
_MARKUP = re.compile(
    r"<\s*(?:[/!?]\s*)?[a-zA-Z][^<>]*>|<!--|]]>|&(#\d+|#x[0-9a-f]+|[a-z]{2,8});", re.IGNORECASE
)
_KEYCAP = re.compile("[0-9]\ufe0f?\u20e3")  # an emoji whose first character is a digit
_BLANKS = str.maketrans("\t\n\r\u2028\u2029", "     ")


def accept(context: str, word_filter: WordFilter) -> str:
    """The idea, cleaned. Raises RequestError, or ContentRejectedError where it is not for a child."""
    if sign := unseen(context.translate(_BLANKS)):
        raise RequestError(
            f"the idea holds a control character ({sign}): type it as plain text",
            problem="control-characters",
        )
    idea = clean(context)
    if not idea:
        raise RequestError(
            'the idea is empty: say in one line what the story is about, as in "a shy snail"',
            problem="empty-idea",
        )
    if len(idea) > MAX_CONTEXT:
        raise RequestError(
            f"the idea has {len(idea)} characters, {MAX_CONTEXT} at most: say it in one line",
            problem="long-idea",
        )
    if _MARKUP.search(idea):
        raise RequestError("the idea holds markup: type it as plain text, without tags", problem="markup")
    if not words(_KEYCAP.sub("", idea)):
        raise RequestError(
            "the idea holds no words: say in words what the story is about", problem="no-words"
        )
    if word_filter.instructions(idea) or word_filter.instructions(context):  # as one line, and line by line
        raise RequestError(
            "the idea reads like instructions to the model: say only what the story is about",
            problem="instructions",
        )
    refuse_unsafe(idea, word_filter)
    return idea


def refuse_unsafe(idea: str, word_filter: WordFilter, language: str = "en") -> None:
    """language: the primary subtag of the idea's language. Raises ContentRejectedError."""
    if matches := word_filter.idea(idea, language):
        raise ContentRejectedError(
            f"this idea is not for a children's story ({', '.join(matches)}): try a gentler one",
            problem="unsafe-idea",
        )
