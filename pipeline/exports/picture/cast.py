"""Who and what is in a story: its hero, a friend, things."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.exports.picture import tables
from pipeline.exports.picture.reading import Mention, Token, mentions, tokens, words
from pipeline.types import Story

_IN_IDEA, _IN_TITLE = 3, 2
_MOST_THINGS = 3
# Words after which an idea tells what its hero does, has, or lacks.
_CLAUSE = frozenset({"who", "that", "which", "whose", "with", "and", "without"})


@dataclass(frozen=True, slots=True)
class Character:
    """name: "" where the text gives none. count: how many are drawn."""

    figure: str
    name: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Cast:
    """Names of figures; hero, friend: None where none is sure."""

    hero: Character | None
    friend: Character | None
    things: tuple[str, ...]


def cast(story: Story, idea: str) -> Cast:
    """story: the English text."""
    text = [tokens(segment) for segment in story.segments]
    in_text = mentions(text)
    in_idea = mentions([tokens(_uncapitalized(idea))], any_case=_is_title_case(idea))
    named = _named(text, in_text)
    present = {mention.figure for mention in in_text}
    hero = _hero(tokens(_uncapitalized(idea)), in_idea, present, named)
    friend = _friend(hero, named, in_text)
    shown = {each.figure for each in (hero, friend) if each}
    score = Counter(mention.figure for mention in in_text)
    for mention in in_idea:
        score[mention.figure] += _IN_IDEA
    for mention in mentions([tokens(story.title)], any_case=True):
        score[mention.figure] += _IN_TITLE if mention.figure in present else 0
    things = [figure for figure, _ in score.most_common() if figure not in shown and _is_thing(figure)]
    return Cast(hero, friend, tuple(things[:_MOST_THINGS]))


def _is_thing(name: str) -> bool:
    return not tables.figures()[name].is_character


def _hero(
    idea: Sequence[Token], in_idea: Sequence[Mention], present: set[str], named: Sequence[Character]
) -> Character | None:
    """The idea's subject where the text has it, too; else the first whom the text names."""
    subject = _subject(idea, in_idea)
    if subject and subject.figure in present:
        name = next((each.name for each in named if each.figure == subject.figure), "")
        return Character(subject.figure, name, _count(idea, subject))
    return named[0] if named else None


def _subject(idea: Sequence[Token], in_idea: Sequence[Mention]) -> Mention | None:
    """The noun that an idea is about: the first that is no owner, before any clause."""
    clause = next((index for index, token in enumerate(idea) if token.word in _CLAUSE), len(idea))
    subjects = (mention for mention in in_idea if not mention.is_owner and mention.start < clause)
    first = next(subjects, None)
    if first is None or any(token.word in words()["prepositions"] for token in idea[: first.start]):
        return None
    return first


def _count(idea: Sequence[Token], subject: Mention) -> int:
    if not subject.is_plural:
        return 1
    before = {token.word for token in idea[: subject.start]}
    return 3 if "three" in before else 2


def _friend(
    hero: Character | None, named: Sequence[Character], in_text: Sequence[Mention]
) -> Character | None:
    """Another whom the text names, else the animal or person that it speaks of most."""
    taken = hero.figure if hero else ""
    for each in named:
        if each.figure != taken and tables.figures()[each.figure].is_character:
            return each
    others = Counter(mention.figure for mention in in_text if mention.figure != taken)
    for figure, _ in others.most_common():
        if tables.figures()[figure].is_character:
            plural = all(mention.is_plural for mention in in_text if mention.figure == figure)
            return Character(figure, count=2 if plural else 1)
    return None


def _named(text: Sequence[Sequence[Token]], in_text: Sequence[Mention]) -> list[Character]:
    """Names with their kinds: "Nico was a young tortoise", "Noor the rabbit", "an owl called Luca"."""
    found: dict[str, str] = {}
    for mention in in_text:
        name = _name(text[mention.sentence], mention)
        if name and name not in found and not mention.is_owner:
            found[name] = mention.figure
    return [Character(figure, name) for name, figure in found.items()]


def _name(sentence: Sequence[Token], mention: Mention) -> str:
    """The name that the sentence gives the mentioned; "" where it gives none."""
    following = sentence[mention.end : mention.end + 3]
    if len(following) > 1 and following[0].word in {"called", "named"}:
        return _name_of(following[1])
    if following and _name_of(following[0]):
        return _name_of(following[0])
    preceding = sentence[: mention.before]
    if preceding and preceding[-1].word in {"was", "is", "were", "are", ","}:
        preceding = preceding[:-1]
    elif mention.before == mention.start or sentence[mention.before].word != "the":
        return ""
    return _name_of(preceding[-1]) if preceding else ""


def _name_of(token: Token) -> str:
    lists = words()
    common = lists["function"] | lists["determiners"] | lists["prepositions"] | lists["adjectives"]
    is_name = token.is_name and not token.is_possessive and token.word not in common
    return token.text if is_name else ""


def _is_title_case(idea: str) -> bool:
    """Whether most words are written with a capital letter, so that it says nothing."""
    first, *others = idea.split() or [""]
    return bool(others) and sum(word[:1].isupper() for word in others) * 2 > len(others)


def _uncapitalized(idea: str) -> str:
    """Without the capital letter of a sentence, unless a name begins it: "Wanda the whale sings"."""
    first, _, rest = idea.partition(" ")
    is_common = first.lower() in words()["determiners"] | words()["adjectives"] or first[1:].isupper()
    return f"{first.lower()} {rest}" if is_common else idea
