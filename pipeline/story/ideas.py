"""Validation of ideas: every idea is hostile until it has passed accept()."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from pipeline.errors import ContentRejectedError, RequestError
from pipeline.story.locales import names
from pipeline.story.plain_text import has_address, unseen
from pipeline.story.text import MAX_CONTEXT, clean, words
from pipeline.story.word_filter import WordFilter

# Tags, comments and entities; "<3" and "2 < 3" stay allowed.
_MARKUP = re.compile(
    r"<\s*(?:[/!?]\s*)?[a-zA-Z][^<>]*>|<!--|]]>|&(#\d+|#x[0-9a-f]+|[a-z]{2,8});", re.IGNORECASE
)
_KEYCAP = re.compile("[0-9]\ufe0f?\u20e3")  # an emoji whose first character is a digit
_FEWEST_LETTERS = 2  # of an alphabet
_BLANKS = str.maketrans("\t\n\r\u2028\u2029", "     ")


# Of data/unsafe_words.toml: what the idea is about, in gentle words, and something that works.
UNSAFE = {
    "violence": "somebody is hurt in it: let nobody be hurt, or let somebody help",
    "fear": "it is too frightening: let it end safe and warm",
    "grown-up": "it is about grown-up matters: choose something from a child's world",
    "self-harm": "in it somebody hurts themselves: if you feel like that, talk to someone you trust; "
    "a story may be about being sad and comforted",
    "hate": "it is unkind to a group of people: let all kinds of people be friends",
    "danger": "it shows something dangerous that a child might copy: choose a safe adventure",
    "rude": "it holds a rude word: say it kindly",
}


def english(_: str) -> tuple[str, ...]:
    return ("en",)


def accept(context: str, word_filter: WordFilter, languages: Callable[[str], Iterable[str]] = english) -> str:
    """The idea, cleaned. Raises RequestError, or ContentRejectedError where it is not for a child.

    languages: those that an idea may be in, as primary subtags; may raise RequestError.
    """
    if sign := unseen(context.translate(_BLANKS)):
        raise RequestError(
            f"the idea holds a control character ({sign}): type it as plain text",
            problem="control-characters",
        )
    idea = clean(context)
    _check_form(idea)
    if word_filter.instructions(idea) or word_filter.instructions(context):  # as one line, and line by line
        raise RequestError(
            "the idea reads like instructions to the model: say only what the story is about",
            problem="instructions",
        )
    for language in languages(idea):
        refuse_unsafe(idea, word_filter, language)
    return idea


def _check_form(idea: str) -> None:
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
    if not (idea_words := words(_KEYCAP.sub("", idea))):
        raise RequestError(
            "the idea holds no words: say in words what the story is about", problem="no-words"
        )
    if len("".join(idea_words)) < _FEWEST_LETTERS and idea_words[0].isascii():
        raise RequestError(
            'one letter is not yet an idea: say what the story is about, as in "a shy snail"',
            problem="short-idea",
        )
    if has_address(idea):
        raise RequestError(
            "the idea holds an address of the web or of mail: leave it out, and say what the story is about",
            problem="address",
        )


def foreign(languages: Iterable[str]) -> RequestError:
    """The error for an idea that is in none of these languages, primary subtags."""
    return RequestError(
        f"the idea is in a language that is not understood here: say it in {names(languages)}",
        problem="unknown-idea-language",
    )


def refuse_unsafe(idea: str, word_filter: WordFilter, language: str = "en") -> None:
    """language: the primary subtag of the idea's language. Raises ContentRejectedError."""
    if unsafe := word_filter.idea(idea, language):
        raise ContentRejectedError(
            f"this idea is not for a young child ({', '.join(unsafe.words)}): {UNSAFE[unsafe.kind]}",
            problem=f"unsafe-{unsafe.kind}",
        )


def unsafe_meaning(kind: str) -> ContentRejectedError:
    """The error for an idea that no list names, and that is of this kind of data/unsafe_words.toml."""
    return ContentRejectedError(
        f"this idea is not for a young child: {UNSAFE[kind]}", problem=f"unsafe-{kind}"
    )
