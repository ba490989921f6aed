"""The model as a yes/no judge of a story: one constrained token a question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

from pipeline.ports import TextEngine
from pipeline.types import Check, Completion, Prompt, Usage

_CHOICES = ("yes", "no")


@dataclass(frozen=True, slots=True)
class Judge:
    """spec: data/prompts/judge.toml, with a system text, and questions with the wanted answer and odds."""

    engine: TextEngine
    spec: Mapping[str, Any]

    def judge(
        self, idea: str, title: str, text: str, least: Mapping[str, float] | None = None
    ) -> tuple[tuple[Check, ...], Usage]:
        """One Check a question: figure is the probability of the wanted answer.

        least: only these questions, at these odds; None: all, at their own.
        """
        checks: list[Check] = []
        usage = Usage()
        for question in self.spec["questions"]:
            name = question["name"]
            if least is not None and name not in least:
                continue
            bound = question["least"] if least is None else least[name]
            answer = self.engine.complete(self._prompt(question, idea, title, text))
            odds = _odds(answer, question["wanted"])
            checks.append(Check(f"judge: {name}", odds >= bound, round(odds, 3), f"at least {bound}"))
            usage += Usage(1, answer.prompt_tokens, answer.completion_tokens)
        return tuple(checks), usage

    def _prompt(self, question: Mapping[str, Any], idea: str, title: str, text: str) -> Prompt:
        # The question comes last, so that an engine may reuse what it read of the story.
        user = Template(self.spec["user"]).substitute(
            title=title, text=text, question=Template(question["ask"]).substitute(idea=idea)
        )
        return Prompt(
            name=f"judge-{question['name']}@{self.spec['version']}",
            system=self.spec["system"].strip(),
            user=user.strip(),
            max_tokens=1,
            temperature=0.0,
            choices=_CHOICES,
        )


def _odds(answer: Completion, wanted: str) -> float:
    """The probability of the wanted answer, 0 to 1; 0 where the model gave neither."""
    given = answer.text.strip().casefold()
    if given not in _CHOICES:
        return 0.0
    return answer.confidence if given == wanted else 1 - answer.confidence
