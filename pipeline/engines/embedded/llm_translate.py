"""Translates with a text engine: stories from English sentence by sentence, ideas into English.

A story is one conversation with a turn a sentence. Measured on two cores against the alternatives (a call
a sentence without or with the story so far, in parallel; all sentences in one numbered answer), it was as
fast as the fastest, and genders and names stayed the same. Each turn is a completion of its own, so that
what is finished is remembered.

A turn is checked; one that fails is tried once more, and if that fails too, the story is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from string import Template
from typing import Any, Protocol

from pipeline.engines import LanguageDetector, TextEngine
from pipeline.errors import EngineError
from pipeline.glossary import Glossary
from pipeline.locales import language
from pipeline.prompts import read
from pipeline.text import clean, words
from pipeline.translations import flaws, slips
from pipeline.types import Completion, Prompt

_ENGLISH = "en"


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

    def translate(self, texts: Sequence[str], source: str, target: str) -> tuple[str, ...]:
        """Raises EngineError: a pair that it has no prompt for ("unknown-pair"), or a text that came out
        wrong twice ("bad-translation")."""
        pair = language(source), language(target)
        if pair[0] == pair[1]:
            return tuple(texts)
        way = self._way(*pair)
        told: list[str] = []
        for text in texts:
            told.append(
                self._turn(way, tuple(map(clean, texts)), tuple(told)) if words(text) else clean(text)
            )
        return tuple(told)

    def _way(self, source: str, target: str) -> _Way:
        if source == _ENGLISH and target in self._story["languages"]:
            return _StoryWay(self._story, self._glossary, target)
        if target == _ENGLISH and source in self._idea["languages"]:
            return _IdeaWay(self._idea, source)
        known = ", ".join(self._story["languages"])
        raise EngineError(
            f"the local model translates from English to {known} and back, not {source}-{target}: "
            "choose another translation engine",
            engine=self._text.fingerprint,
            problem="unknown-pair",
        )

    def _turn(self, way: _Way, texts: tuple[str, ...], told: tuple[str, ...]) -> str:
        tried: list[_Answer] = []
        for attempt in range(way.attempts):
            completion = self._text.complete(way.prompt(texts, told, attempt))
            tried.append(self._judged(way, texts[len(told)], completion))
            if not tried[-1].flaws and not tried[-1].slips:
                break
        best = min(tried, key=lambda answer: (len(answer.flaws), len(answer.slips)))
        if best.flaws:
            raise EngineError(
                f"the local model could not translate sentence {len(told) + 1} from {way.source} to "
                f"{way.target} ({', '.join(best.flaws)}): try another story (--new) or another locale",
                engine=self._text.fingerprint,
                problem="bad-translation",
            )
        return best.text

    def _judged(self, way: _Way, source: str, completion: Completion) -> _Answer:
        text = way.mend(clean(completion.text))
        wrong = flaws(source, text, way.target, self._detector, way.source)
        cut = ("cut off",) if completion.stop_reason == "length" else ()
        return _Answer(text, wrong + cut, slips(source, text, way.target) if way.source == _ENGLISH else ())

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


class _Way(Protocol):
    """How one pair is asked for."""

    @property
    def source(self) -> str: ...

    @property
    def target(self) -> str: ...

    @property
    def attempts(self) -> int: ...

    def prompt(self, texts: tuple[str, ...], told: tuple[str, ...], attempt: int) -> Prompt:
        """Asks for texts[len(told)]; told: what the texts before it became."""
        ...

    def mend(self, answer: str) -> str:
        """Without the slips that the model makes again and again."""
        ...


@dataclass(frozen=True)
class _StoryWay:
    spec: dict[str, Any]
    glossary: Glossary
    target: str
    source: str = _ENGLISH

    @property
    def attempts(self) -> int:
        return len(self.spec["attempts"])

    def prompt(self, texts: tuple[str, ...], told: tuple[str, ...], attempt: int) -> Prompt:
        how, into = self.spec["attempts"][attempt], self.spec["languages"][self.target]
        at = len(told)
        turns = range(self._first(at), at) if how["turns"] else ()
        worked = [(self._user(one[_ENGLISH]), one[self.target]) for one in self.spec["examples"]]
        return Prompt(
            name=f"{self.spec['name']}@{self.spec['version']}",
            system=_fill(self.spec["system"], language=into["name"], address=into["address"]),
            user=self._user(texts[at]),
            examples=(*worked, *((self._user(texts[turn]), told[turn]) for turn in turns)),
            max_tokens=self.spec["spare_tokens"] + len(texts[at]),
            temperature=how["temperature"],
            top_p=self.spec["top_p"],
            grammar=self.spec["scripts"][into["script"]],
            attempt=attempt,
        )

    def mend(self, answer: str) -> str:
        for wrong, right in self.spec["mends"].get(self.target, ()):
            answer = re.sub(wrong, right, answer)
        return answer

    def _first(self, at: int) -> int:
        block, overlap = int(self.spec["block"]), int(self.spec["overlap"])
        return max(0, at - at % block - overlap)

    def _user(self, sentence: str) -> str:
        found = "; ".join(f"{said} = {means}" for said, means in self.glossary.find(sentence, self.target))
        return _fill(
            self.spec["with_words" if found else "without_words"], words=found, sentence=_slot(sentence)
        )


@dataclass(frozen=True)
class _IdeaWay:
    spec: dict[str, Any]
    source: str
    target: str = _ENGLISH

    @property
    def attempts(self) -> int:
        return len(self.spec["attempts"])

    def prompt(self, texts: tuple[str, ...], told: tuple[str, ...], attempt: int) -> Prompt:
        idea = texts[len(told)]
        return Prompt(
            name=f"{self.spec['name']}@{self.spec['version']}",
            system=_fill(self.spec["system"], language=self.spec["languages"][self.source]),
            user=self._user(idea),
            examples=tuple((self._user(one[self.source]), one[_ENGLISH]) for one in self.spec["examples"]),
            max_tokens=self.spec["spare_tokens"] + len(idea),
            temperature=self.spec["attempts"][attempt]["temperature"],
            top_p=self.spec["top_p"],
            grammar=self.spec["grammar"],
            attempt=attempt,
        )

    def mend(self, answer: str) -> str:
        return answer

    def _user(self, idea: str) -> str:
        return _fill(self.spec["user"], language=self.spec["languages"][self.source], sentence=_slot(idea))


def _fill(template: str, **slots: str) -> str:
    # One pass: a "$" or brace in a slot is text.
    return Template(template).substitute(slots).strip()


def _slot(text: str) -> str:
    """Without what chat templates read as their own marks (<|im_end|>): they would end the turn."""
    return text.replace("<|", "<").replace("|>", ">")
