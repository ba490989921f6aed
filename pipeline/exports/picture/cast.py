"""Who and what is in a story: its hero, a friend, things."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.exports.picture import tables
from pipeline.exports.picture.english import words
from pipeline.exports.picture.reading import Mention, Token, mentions, tokens
from pipeline.types import Story

_IN_IDEA, _IN_TITLE = 3, 2
_MOST_THINGS = 3
# Words after which an idea tells what its hero does, has, or lacks.
_CLAUSE = frozenset({"who", "that", "which", "whose", "where", "when", "with", "and", "without"})


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
    in_idea = mentions([tokens(_uncapitalized(idea))], any_case=_is_title_case(idea))
    every = mentions(text)
    not_drawn = {mention.figure for mention in (*every, *in_idea) if mention.is_other_colour}
    in_text = [mention for mention in every if mention.figure not in not_drawn]
    named = _named(text, in_text)
    present = {mention.figure for mention in in_text}
    subject = _subject_of(idea)
    if subject and subject.figure in not_drawn:
        subject = None
    first = _first_name(text)
    hero = _hero(subject, present, {each.name: each for each in named}, first)
    friend = _friend(hero, named, in_text)
    shown = {each.figure for each in (hero, friend) if each}
    score = Counter(mention.figure for mention in in_text)
    for mention in in_idea:
        score[mention.figure] += _IN_IDEA
    for mention in mentions([tokens(story.title)], any_case=True):
        score[mention.figure] += _IN_TITLE if mention.figure in present else 0
    things = [
        figure
        for figure, points in score.most_common()
        if points > 1 and figure not in shown | not_drawn and _is_thing(figure)
    ]
    return Cast(hero, friend, tuple(things[:_MOST_THINGS]))


def _is_thing(name: str) -> bool:
    return not tables.figures()[name].is_character and name not in tables.scenery()


def _hero(
    subject: Character | None, present: set[str], named: Mapping[str, Character], first: str
) -> Character | None:
    """The idea's subject where the text has it, too, or says nothing else; else the text's first, where it
    says what that one is. named: by name. first: the first name of the text.
    """
    if subject and subject.figure in present:
        name = next((name for name, each in named.items() if each.figure == subject.figure), "")
        return replace(subject, name=name)
    return named.get(first, subject)


def _first_name(text: Sequence[Sequence[Token]]) -> str:
    names = (_name_of(token) for sentence in text for token in sentence)
    return next((name for name in names if name), "")


def _subject_of(idea: str) -> Character | None:
    sentence = tokens(_uncapitalized(idea))
    subject = _subject(sentence, mentions([sentence], any_case=_is_title_case(idea)))
    return Character(subject.figure, count=_count(sentence, subject)) if subject else None


def _subject(idea: Sequence[Token], in_idea: Sequence[Mention]) -> Mention | None:
    """The noun that an idea is about: the first that is no owner, before any clause."""
    clause = next((index for index, token in enumerate(idea) if token.word in _CLAUSE), len(idea))
    subjects = (mention for mention in in_idea if not mention.is_owner and mention.start < clause)
    first = next(subjects, None)
    if first is None or (_is_after_preposition(idea, first) and not _is_many(idea, first)):
        return None
    return first


def _is_after_preposition(idea: Sequence[Token], subject: Mention) -> bool:
    """As in "a fisherman in a boat": the boat is not the subject."""
    return any(token.word in words()["prepositions"] for token in idea[: subject.start])


def _is_many(idea: Sequence[Token], subject: Mention) -> bool:
    """As in "a family of ducks"."""
    before = [token.word for token in idea[max(0, subject.start - 2) : subject.start]]
    return len(before) == 2 and before[0] in words()["many"] and before[1] == "of"


def _count(idea: Sequence[Token], subject: Mention) -> int:
    if not subject.is_plural:
        return 1
    before = {token.word for token in idea[: subject.start]}
    return 3 if "three" in before or _is_many(idea, subject) else 2


def _friend(
    hero: Character | None, named: Sequence[Character], in_text: Sequence[Mention]
) -> Character | None:
    """Another whom the text names, else the animal or person that it speaks of most."""
    several = hero is not None and hero.count > 1
    for each in named:
        is_same = hero is not None and (each.name == hero.name or (several and each.figure == hero.figure))
        if not is_same and tables.figures()[each.figure].is_character:
            return each
    others = Counter(mention.figure for mention in in_text if hero is None or mention.figure != hero.figure)
    for figure, _ in others.most_common():
        if tables.figures()[figure].is_character:
            plural = all(mention.is_plural for mention in in_text if mention.figure == figure)
            return Character(figure, count=2 if plural else 1)
    return None


def _named(text: Sequence[Sequence[Token]], in_text: Sequence[Mention]) -> list[Character]:
    """Names with their kinds: "Nico was a young tortoise", "Noor the rabbit", "an owl called Luca"."""
    kinds: dict[str, str] = {}
    for mention in in_text:
        name = _name(text[mention.sentence], mention)
        if name and name not in kinds and not mention.is_owner:
            kinds[name] = mention.figure
    return [Character(figure, name) for name, figure in kinds.items()]


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
    others = idea.split()[1:]
    return bool(others) and sum(word[:1].isupper() for word in others) * 2 > len(others)


def _uncapitalized(idea: str) -> str:
    """Without the capital letter of a sentence, unless a name begins it: "Wanda the whale sings"."""
    first, _, rest = idea.partition(" ")
    is_common = first.lower() in words()["determiners"] | words()["adjectives"] or first[1:].isupper()
    return f"{first.lower()} {rest}" if is_common else idea
