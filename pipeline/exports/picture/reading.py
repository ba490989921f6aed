"""Which nouns of an English text mean a thing that can be drawn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.exports.picture import tables
from pipeline.exports.picture.english import ambiguous, singulars, words

_TOKEN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|[^\w\s]")
_LONGEST = 4
# Words between the determiner and its noun.
_MOST_BETWEEN = 3


@dataclass(frozen=True, slots=True)
class Token:
    """word: in lower case, without a possessive ending. is_name: written with a capital letter."""

    text: str
    word: str
    is_name: bool
    is_possessive: bool
    is_word: bool


@dataclass(frozen=True, slots=True)
class Mention:
    """A noun with a figure. start, end: its tokens in the sentence, end exclusive. before: the index of its
    determiner, or its own start. is_owner: in the possessive, so that it is no sentence's subject.
    is_other_colour: the drawing has not the colour that the text gives it.
    """

    figure: str
    sentence: int
    start: int
    end: int
    before: int
    is_plural: bool
    is_owner: bool
    is_other_colour: bool


def tokens(sentence: str) -> tuple[Token, ...]:
    return tuple(_token(text) for text in _TOKEN.findall(sentence))


def _token(text: str) -> Token:
    stem = re.sub(r"['’]s$", "", text)
    return Token(text, stem.lower().replace("’", "'"), text[:1].isupper(), stem != text, text[:1].isalpha())


def mentions(sentences: Iterable[Sequence[Token]], any_case: bool = False) -> list[Mention]:
    """In order. Where not `any_case`, a word with a capital letter is a name: Rose, Robin, Olive."""
    return [
        mention
        for number, sentence in enumerate(sentences)
        for mention in _of_sentence(sentence, number, any_case)
    ]


def loose(sentence: Sequence[Token], any_case: bool = False) -> list[Token]:
    """Without the nouns of several words: a snow fox is no snow, a tree house no house."""
    rest, start = [], 0
    while start < len(sentence):
        length, _, _ = _match(sentence, start, any_case)
        if length < 2:
            rest.append(sentence[start])
        start += max(1, length)
    return rest


def _of_sentence(sentence: Sequence[Token], number: int, any_case: bool) -> Iterable[Mention]:
    start = 0
    while start < len(sentence):
        length, figure, is_plural = _match(sentence, start, any_case)
        end = start + max(1, length)
        if figure:
            before = _determiner(sentence, start)
            is_owner = sentence[end - 1].is_possessive
            if _is_meant(sentence, start, end, before, is_plural, any_case):
                first = start if before is None else before
                described = sentence[max(0, start - 2) if before is None else before : start]
                is_other = _is_other_colour(described, figure)
                yield Mention(figure, number, start, end, first, is_plural, is_owner, is_other)
        start = end


def _is_other_colour(described: Sequence[Token], figure: str) -> bool:
    """described: the words before the noun."""
    known = tables.read("words")["colours"]
    drawn = set(tables.read("colours")[figure].split())
    return any(not drawn & set(known[token.word].split()) for token in described if token.word in known)


def _match(sentence: Sequence[Token], start: int, any_case: bool) -> tuple[int, str, bool]:
    """The longest noun that begins here: its tokens (0: none), figure ("": none), whether plural."""
    for length in range(min(_LONGEST, len(sentence) - start), 0, -1):
        part = sentence[start : start + length]
        if any(token.is_possessive for token in part[:-1]) or (not any_case and any(t.is_name for t in part)):
            continue
        words = tuple(token.word for token in part)
        if words in tables.nouns():
            return length, tables.nouns()[words], False
        singular = (*words[:-1], singulars().get(words[-1], ""))
        if singular in tables.nouns():
            return length, tables.nouns()[singular], True
    return 0, "", False


def _determiner(sentence: Sequence[Token], start: int) -> int | None:
    """The index of the determiner, or owner, of the noun that begins at `start`; None where it has none."""
    lists = words()
    for index in range(start - 1, max(-1, start - 2 - _MOST_BETWEEN), -1):
        token = sentence[index]
        if token.word in lists["determiners"] or token.is_possessive or token.word in lists["negative"]:
            return index
        if not token.is_word or token.is_name or token.word in lists["function"] | lists["prepositions"]:
            return None
    return None


def _is_meant(
    sentence: Sequence[Token], start: int, end: int, before: int | None, is_plural: bool, opens: bool
) -> bool:
    """Whether the word is a noun here and the thing is there: no verb, no part of a compound, not "like a
    whale", not "no moon". opens: also the first word of an idea, "shy snail".
    """
    lists = words()
    previous = sentence[start - 1] if start else None
    following = sentence[end] if end < len(sentence) and not sentence[end - 1].is_possessive else None
    if following is not None and _is_compound(sentence, end, following):
        return False
    if before is not None and _is_absent(sentence, before):
        return False
    after_preposition = previous is not None and previous.word in lists["prepositions"]
    if sentence[end - 1].word in ambiguous() and end - start == 1:
        described = after_preposition and previous and previous.word not in {"and", "or"}
        described = described or (previous is not None and _describes(previous, before))
        ends = following is None or not following.is_word or following.is_name or _is_other(following)
        return (described or (opens and start == 0)) and ends
    if is_plural:
        return (
            previous is None or previous.word not in lists["function"] - lists["verbs"] or _is_verb(previous)
        )
    return before is not None or after_preposition or (opens and all(_is_plain(t) for t in sentence[:start]))


def _describes(token: Token, before: int | None) -> bool:
    """Whether only a noun can follow: a determiner, an owner, a known adjective."""
    lists = words()
    if token.is_possessive or token.word in lists["determiners"] | lists["adjectives"]:
        return True
    return before is not None and token.word.endswith(tuple(lists["endings"]))


def _is_plain(token: Token) -> bool:
    lists = words()
    return token.is_word and token.word not in lists["function"] | lists["prepositions"] | lists["verbs"]


def _is_compound(sentence: Sequence[Token], end: int, following: Token) -> bool:
    """Whether the next word belongs to the noun, as in "snail shell": a head, or another noun."""
    lists = words()
    if following.is_name or not following.is_word or following.word in lists["function"]:
        return False
    if following.word in lists["heads"]:
        return True
    length, _, _ = _match(sentence, end, any_case=False)
    return length > 0 and not (length == 1 and following.word in ambiguous())


def _is_absent(sentence: Sequence[Token], before: int) -> bool:
    lists = words()
    earlier = sentence[before - 1].word if before else ""
    if sentence[before].word in lists["negative"] or earlier in lists["negative"]:
        return True
    if earlier in lists["wishes"]:
        return True
    wishes = before > 1 and sentence[before - 2].word in {"i", "you", "we", "they", "would", "to"}
    return earlier in lists["comparing"] and not (earlier == "like" and wishes)


def _is_other(token: Token) -> bool:
    """Whether the word is no noun that the one before could describe."""
    lists = words()
    return token.word in lists["function"] | lists["prepositions"] or _is_verb(token)


def _is_verb(token: Token) -> bool:
    return token.word in words()["verbs"] or token.word.endswith(("ed", "ing"))
