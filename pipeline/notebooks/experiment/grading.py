"""Marks from 1 to 10 that a model gives a story, a question a call, in the manner of TinyStories."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

from pandas import DataFrame

from pipeline.errors import EngineError
from pipeline.notebooks.experiment.grid import in_parallel
from pipeline.notebooks.experiment.measures import drafts
from pipeline.ports import TextEngine
from pipeline.types import Prompt

# "8", "8.", "8/10", "Grade: 8": a mark, followed by nothing that makes it another number.
_MARK = re.compile(r"\W*(?:(?:grade|mark|score|rating)\W+)?(10|[1-9])(?:\s*/\s*10)?(?![\w/]|[.,]\d)", re.I)
# Not Prompt.choices, which is one token: "10" is two to most models, and its first would be read as a 1.
_GRAMMAR = 'root ::= "10" | [1-9]'


@dataclass(frozen=True, slots=True)
class Grader:
    """engine: preferably a stronger one than the writer. spec: prompts/grades.toml."""

    engine: TextEngine
    spec: Mapping[str, Any]

    @property
    def questions(self) -> tuple[str, ...]:
        return tuple(question["name"] for question in self.spec["questions"])

    def prompts(self, idea: str, title: str, text: str) -> dict[str, Prompt]:
        """The prompts about a story, by question."""
        user = Template(self.spec["user"])
        return {
            question["name"]: Prompt(
                name=f"grade-{question['name']}@{self.spec['version']}",
                system=self.spec["system"].strip(),
                user=user.substitute(idea=idea, title=title, text=text, question=question["ask"]).strip(),
                max_tokens=self.spec["max_tokens"],
                temperature=0.0,
                grammar=_GRAMMAR,
            )
            for question in self.spec["questions"]
        }

    def grade(self, idea: str, title: str, text: str) -> dict[str, float]:
        """A mark for each question, 1 to 10; NaN where the completion is none, or the call failed. Raises
        ConfigError, as the engine does."""
        return {name: self._mark(prompt) for name, prompt in self.prompts(idea, title, text).items()}

    def _mark(self, prompt: Prompt) -> float:
        try:
            return mark(self.engine.complete(prompt).text)
        except EngineError:  # repeated by the next run: failures are not cached
            return float("nan")


def mark(completion: str) -> float:
    """1 to 10; NaN where the completion is no mark."""
    match = _MARK.match(completion)
    return float(match.group(1)) if match else float("nan")


def graded(frame: DataFrame, grader: Grader) -> DataFrame:
    """The table with a column of marks for each question; missing where there is no draft, or no mark."""
    rows = drafts(frame)
    stories = list(zip(rows.idea, rows.title, rows.text, strict=True))
    marks = in_parallel(lambda story: grader.grade(*story), stories, grader.engine.parallel, "grade")
    return frame.join(DataFrame(marks, index=rows.index, columns=list(grader.questions), dtype=float))
