"""The rules that a draft must pass to be a story. They need no model; generate adds the judge's verdicts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

from pipeline.ports import LanguageDetector
from pipeline.story import heroes, plain_text
from pipeline.story.drafts import Draft
from pipeline.story.runs import copied, distinct
from pipeline.story.text import words
from pipeline.story.word_filter import WordFilter
from pipeline.types import Check

FEWEST_WORDS, MOST_WORDS = 80, 120
# Share of 4-word runs that occur once: good drafts lie above .9, drafts that loop below .7 (docs/quality.md).
_LEAST_DISTINCT = 0.8
# Runs of 5 words that also stand in a worked example: an original story has a few by chance.
_MOST_COPIED = 4
# Share of a line's words that the line before has: a line that only says it again has nearly all of them.
_MOST_REPEATED = 0.8
# Chat before the story; headings on a line of their own, or a sentence "The end." anywhere.
_CHATTER = re.compile(r"^\W*((sure|certainly|of course)[,!:.]|here(['’]s| is)( \w+){0,4} story\b)", re.I)
_HEADING = re.compile(
    r"^[^\w\n]{0,9}(title:|plan:|note:|once the plan)"
    r"|(^|[.!?][\"”]? )[^\w\n]{0,9}the end[^\w\n]{0,9}([.!…]|$)",
    re.I | re.M,
)
_MARKUP = re.compile(r"[*_#`<>{}\[\]|\\~]|^[^\S\n]*([-–•]|\d+[.)])\s", re.MULTILINE)
_NAME = re.compile(r"(?<![.!?\"“”] )(?<!^)\b[A-Z][a-z]+\b")
# Who hunts or sells animals is a danger to the very one that is looked for; a treasure hunter is not.
_HUNTER = re.compile(
    r"\b(?:poacher|trapper|huntsm[ae]n|butcher"
    r"|(?:an?|the|old|kind|young|brave|friendly|gentle|wise|named|rabbit|hare|bunny|bird|duck|goose|deer|fox|bear"
    r"|wolf|boar|whale|seal|lion|tiger|elephant|dragon) hunter)s?\b",
    re.I,
)
_SHORT_LINE = 4  # different words
# Words that follow a noun: in "Nora the brave snail was", not brave but snail is a kind.
_AFTER_A_KIND = "|".join(
    "was is had has and who that came went said saw sat told smiled felt helped wished loved lived in on "
    "with to".split()
)
_COMMON = frozenset(
    "a an and the of to in on at for with his her its their who that is are was has have from by be not "
    "cannot can't can could very one day first about into as it he she they story wants want".split()
)


class Prompted(Protocol):
    """A prompt with worked examples, from which a text may have been copied."""

    @property
    def spec(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """What differs between a story and a scene. fewest, most: words. named: how often the hero's name occurs
    at least. about: whether it must have a word of the idea.
    """

    fewest: int = FEWEST_WORDS
    most: int = MOST_WORDS
    named: int = 3
    about: bool = True


_STORY = Rules()


def story_checks(
    draft: Draft,
    idea: str,
    prompt: Prompted,
    language: LanguageDetector,
    word_filter: WordFilter,
    rules: Rules = _STORY,
) -> tuple[Check, ...]:
    """One check a rule, passed or not, in a fixed order. idea: the context in English."""
    text = " ".join(draft.lines)
    count = len(words(text))
    answers = [example["answer"] for example in prompt.spec["examples"]]
    unsafe = (*word_filter.story(f"{draft.title} {text}", "en"), *_hunters(f"{draft.title} {text}", idea))
    return (
        Check("words", rules.fewest <= count <= rules.most, count, f"{rules.fewest} to {rules.most}"),
        Check(
            "whole", draft.whole and bool(draft.title), len(draft.lines), "title and every line of the plan"
        ),
        Check(
            "named hero",
            (named := _hero(draft, text)) >= rules.named,
            named,
            f"a name at least {rules.named} times",
        ),
        Check(
            "on the idea",
            (shared := _shared(idea, f"{draft.title} {text}")) > 0 or not (rules.about and _keywords(idea)),
            shared,
            "a word of the idea",
        ),
        Check(
            "only the story",
            _only_story("\n".join(draft.lines)),
            None,
            "no chatter, no markup",
        ),
        Check(
            "no loops",
            distinct(text) >= _LEAST_DISTINCT,
            distinct(text),
            f"at least {_LEAST_DISTINCT} of 4-word runs occur once",
        ),
        Check(
            "no echoes",
            (echoed := _echoed(draft.lines)) <= _MOST_REPEATED,
            echoed,
            f"at most {_MOST_REPEATED} of a line's words stand in the line before",
        ),
        plain_text.check((draft.title, *draft.lines)),
        Check("quotes", _quotes(text), None, "each that opens is closed"),
        Check("one kind", len(kinds := _kinds(draft, text)) < 2, ", ".join(kinds) or None, "of hero"),
        Check(
            "its own",
            (taken := copied(text, answers)) <= _MOST_COPIED,
            taken,
            f"at most {_MOST_COPIED} runs of 5 words from an example",
        ),
        Check("English", (sure := round(language.confidence(text, "en"), 3)) >= 0.5, sure, "at least 0.5"),
        Check("gentle words", not unsafe, ", ".join(unsafe) or None, "none of the listed words"),
    )


def hero(draft: Draft, text: str) -> str:
    """The plan's hero; without one, the most frequent name inside sentences; "" where there is no name."""
    names = [draft.hero] if draft.hero else [name for name, _ in Counter(_NAME.findall(text)).most_common(1)]
    return names[0] if names else ""


def _hero(draft: Draft, text: str) -> int:
    """How often the hero's name occurs."""
    name = hero(draft, text)
    return heroes.count(text, name) if name else 0


def _shared(idea: str, text: str) -> int:
    """How many keywords of the idea the text has, by their first four letters (fly, flies)."""
    return len(_keywords(idea) & {word.lower()[:4] for word in words(text)})


def _keywords(idea: str) -> set[str]:
    return {word[:4] for word in map(str.lower, words(idea)) if word not in _COMMON}


def _echoed(lines: tuple[str, ...]) -> float:
    """The highest share of a line's words that the line before has, 0 to 1. Short lines may repeat."""
    shares = [0.0]
    for before, line in pairwise(set(map(str.lower, words(line))) for line in lines):
        if len(line) > _SHORT_LINE:
            shares.append(len(line & before) / len(line))
    return round(max(shares), 3)


def _quotes(text: str) -> bool:
    """Whether each quote that opens is closed. Straight quotes have no direction: their number is even."""
    depth = 0
    for mark in re.findall("[“”]", text):
        depth += 1 if mark == "“" else -1
        if depth not in (0, 1):
            return False
    return depth == 0 and text.count('"') % 2 == 0


def _hunters(text: str, idea: str) -> tuple[str, ...]:
    """Hunters of animals, where the idea names none: a model made one the friend of a lost rabbit's child."""
    if _HUNTER.search(f"a {idea}") or "hunt" in idea.lower():
        return ()
    return tuple(sorted({match.lower() for match in _HUNTER.findall(text)}))


def _kinds(draft: Draft, text: str) -> tuple[str, ...]:
    """What the hero is called after its name, "Nora the snail": one word, or none."""
    name = hero(draft, text)
    pattern = rf"\b{re.escape(name)},? the ((?:[a-z]+ ){{0,2}}?)([a-z]+)\b(?=[,.!?;:]| (?:{_AFTER_A_KIND})\b)"
    return tuple(sorted({kind.removesuffix("s") for _, kind in re.findall(pattern, text)})) if name else ()


def _only_story(lines: str) -> bool:
    return not (_CHATTER.match(lines) or _HEADING.search(lines) or _MARKUP.search(lines))
