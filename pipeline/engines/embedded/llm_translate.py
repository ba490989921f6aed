"""Translates with a text engine: stories from English sentence by sentence, ideas into English.

A story is one conversation with a turn a sentence. Measured on two cores against the alternatives (a call
a sentence without or with the story so far, in parallel; all sentences in one numbered answer), it was as
fast as the fastest, and genders and names stayed the same. Each turn is a completion of its own, so that
what is finished is remembered.

A turn is checked; one that fails is tried once more, and if that fails too, the story is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from textwrap import shorten
from typing import Any

from pipeline.engines.embedded.glossary import Glossary
from pipeline.engines.embedded.translation_prompts import ENGLISH, IdeaWay, StoryWay, Way
from pipeline.errors import EngineError
from pipeline.ports import LanguageDetector, OnText, TextEngine, ignore, pass_on
from pipeline.story.locales import language
from pipeline.story.prompt import read
from pipeline.story.text import clean, words
from pipeline.story.translation_checks import flaws, slips
from pipeline.types import Completion


class LlmTranslation:
    """TranslationEngine for en -> fr es it de nl ar pt, and each of them -> en for one-line ideas.

    text: a remembering engine, else nothing is kept. detector: tells English that stayed.
    """

    def __init__(self, text: TextEngine, detector: LanguageDetector) -> None:
        self._text = text
        self._detector = detector

    @property
    def fingerprint(self) -> str:
        names = "+".join(f"{spec['name']}@{spec['version']}" for spec in (self._story, self._idea))
        return f"{self._text.fingerprint}/{names}"

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        """Raises EngineError: a pair that it has no prompt for ("unknown-pair"), or a text that came out
        wrong twice ("bad-translation")."""
        pair = language(source), language(target)
        if pair[0] == pair[1]:
            return pass_on(texts, on_text)
        way = self._way(*pair)
        tidied = tuple(map(clean, texts))
        told: list[str] = []
        for text in tidied:
            told.append(self._turn(way, tidied, tuple(told)) if words(text) else text)
            on_text(told[-1])
        return tuple(told)

    def _way(self, source: str, target: str) -> Way:
        if source == ENGLISH and target in self._story["languages"]:
            return StoryWay(self._story, self._glossary, target)
        if target == ENGLISH and source in self._idea["languages"]:
            return IdeaWay(self._idea, self._glossary, source)
        known = ", ".join(self._story["languages"])
        raise EngineError(
            f"the local model translates from English to {known} and back, not {source}-{target}: "
            "choose another translation engine",
            engine=self._text.fingerprint,
            problem="unknown-pair",
        )

    def _turn(self, way: Way, texts: tuple[str, ...], told: tuple[str, ...]) -> str:
        tried: list[_Answer] = []
        for attempt in range(way.attempts):
            completion = self._text.complete(way.prompt(texts, told, attempt))
            tried.append(self._judged(way, texts[len(told)], completion))
            if not tried[-1].flaws and not tried[-1].slips:
                break
        best = min(tried, key=lambda answer: (len(answer.flaws), len(answer.slips)))
        if best.flaws:
            raise EngineError(
                f'the local model could not translate "{shorten(texts[len(told)], 50)}" from {way.source} to '
                f"{way.target} ({', '.join(best.flaws)}): try another story (--new) or another locale",
                engine=self._text.fingerprint,
                problem="bad-translation",
            )
        return best.text

    def _judged(self, way: Way, source: str, completion: Completion) -> _Answer:
        text = way.mend(clean(completion.text))
        wrong = flaws(source, text, way.target, self._detector, way.source)
        cut = ("cut off",) if completion.stop_reason == "length" else ()
        return _Answer(text, wrong + cut, slips(source, text, way.target) if way.source == ENGLISH else ())

    @cached_property
    def _story(self) -> dict[str, Any]:
        return read("translate")

    @cached_property
    def _idea(self) -> dict[str, Any]:
        return read("idea")

    @cached_property
    def _glossary(self) -> Glossary:
        return Glossary(read("glossary"))


@dataclass(frozen=True, slots=True)
class _Answer:
    text: str
    flaws: tuple[str, ...]
    slips: tuple[str, ...]
