"""What a text engine is asked for a translation: stories from English, ideas into English. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import Template
from typing import Any, Protocol

from pipeline.engines.embedded.glossary import Found, Glossary
from pipeline.types import Prompt

ENGLISH = "en"


class Way(Protocol):
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
class StoryWay:
    spec: dict[str, Any]
    glossary: Glossary
    target: str
    source: str = ENGLISH

    @property
    def attempts(self) -> int:
        return len(self.spec["attempts"])

    def prompt(self, texts: tuple[str, ...], told: tuple[str, ...], attempt: int) -> Prompt:
        how, into = self.spec["attempts"][attempt], self.spec["languages"][self.target]
        at = len(told)
        turns = range(self._first(at), at) if how["turns"] else ()
        worked = [(self._user(one[ENGLISH]), one[self.target]) for one in self.spec["examples"]]
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
        return _asked(self.spec, self.glossary.find(sentence, self.target), sentence)


@dataclass(frozen=True)
class IdeaWay:
    spec: dict[str, Any]
    glossary: Glossary
    source: str
    target: str = ENGLISH

    @property
    def attempts(self) -> int:
        return len(self.spec["attempts"])

    def prompt(self, texts: tuple[str, ...], told: tuple[str, ...], attempt: int) -> Prompt:
        idea = texts[len(told)]
        return Prompt(
            name=f"{self.spec['name']}@{self.spec['version']}",
            system=_fill(self.spec["system"], language=self.spec["languages"][self.source]),
            user=self._user(idea),
            examples=tuple((self._user(one[self.source]), one[ENGLISH]) for one in self.spec["examples"]),
            max_tokens=self.spec["spare_tokens"] + len(idea),
            temperature=self.spec["attempts"][attempt]["temperature"],
            top_p=self.spec["top_p"],
            grammar=self.spec["grammar"],
            attempt=attempt,
        )

    def mend(self, answer: str) -> str:
        return answer

    def _user(self, idea: str) -> str:
        name = self.spec["languages"][self.source]
        return _asked(self.spec, self.glossary.find_english(idea, self.source), idea, language=name)


def _asked(spec: dict[str, Any], found: Found, sentence: str, **slots: str) -> str:
    told = "; ".join(f"{said} = {means}" for said, means in found)
    template = spec["with_words" if found else "without_words"]
    return _fill(template, words=told, sentence=_slot(sentence), **slots)


def _fill(template: str, **slots: str) -> str:
    # One pass: a "$" or brace in a slot is text.
    return Template(template).substitute(slots).strip()


def _slot(text: str) -> str:
    """Without what chat templates read as their own marks (<|im_end|>): they would end the turn."""
    return text.replace("<|", "<").replace("|>", ">")
