"""A model gives a story marks from 1 to 10, a question at a time, in the manner of TinyStories."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING, Any

from pipeline.errors import EngineError
from pipeline.notebooks.experiment.measures import made
from pipeline.ports import TextEngine
from pipeline.types import Prompt

if TYPE_CHECKING:
    from pandas import DataFrame

# "8", "8.", "8/10", "Grade: 8": a mark, and then nothing that makes it another number.
_MARK = re.compile(r"\W*(?:(?:grade|mark|score|rating)\W+)?(10|[1-9])(?:\s*/\s*10)?(?![\w/]|[.,]\d)", re.I)
# Not Prompt.choices, which is one token: "10" is two to most models, and its first would be read as a 1.
_GRAMMAR = 'root ::= "10" | [1-9]'


@dataclass(frozen=True, slots=True)
class Grader:
    """engine: best another one than wrote, and a stronger one. spec: prompts/grades.toml."""

    engine: TextEngine
    spec: Mapping[str, Any]

    @property
    def questions(self) -> tuple[str, ...]:
        return tuple(question["name"] for question in self.spec["questions"])

    def prompts(self, idea: str, title: str, text: str) -> dict[str, Prompt]:
        """What is asked about a story, by question."""
        return {
            question["name"]: Prompt(
                name=f"grade-{question['name']}@{self.spec['version']}",
                system=self.spec["system"].strip(),
                user=Template(self.spec["user"])
                .substitute(idea=idea, title=title, text=text, question=question["ask"])
                .strip(),
                max_tokens=self.spec["max_tokens"],
                temperature=0.0,
                grammar=_GRAMMAR,
            )
            for question in self.spec["questions"]
        }

    def grade(self, idea: str, title: str, text: str) -> dict[str, int | None]:
        """A mark a question, 1 to 10; None where the answer was none. Raises ConfigError, as the engine
        does."""
        return {name: self._asked(prompt) for name, prompt in self.prompts(idea, title, text).items()}

    def _asked(self, prompt: Prompt) -> int | None:
        try:
            return mark(self.engine.complete(prompt).text)
        except EngineError:  # asked again by the next run: failures are not remembered
            return None


def mark(answer: str) -> int | None:
    found = _MARK.match(answer)
    return int(found.group(1)) if found else None


def graded(frame: DataFrame, grader: Grader) -> DataFrame:
    """The table with a column of marks a question; missing where there is no draft, or no mark."""
    from tqdm import tqdm

    rows = made(frame)
    stories = list(zip(rows.idea, rows.title, rows.text, strict=True))
    with ThreadPoolExecutor(grader.engine.parallel) as pool:
        marks = list(
            tqdm(
                pool.map(lambda one: grader.grade(*one), stories),
                "grade",
                len(stories),
                unit="draft",
                file=sys.stdout,
            )
        )
    told = frame.copy()
    for question in grader.questions:
        told[question] = float("nan")
        told.loc[rows.index, question] = [_number(one[question]) for one in marks]
    return told


def without(frame: DataFrame, grader: Grader) -> dict[str, int]:
    """How many drafts got no mark, a question each."""
    return {question: int(made(frame)[question].isna().sum()) for question in grader.questions}


def _number(told: int | None) -> float:
    return float("nan") if told is None else float(told)
