from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from pipeline.bootstrap import build_app, build_grader
from pipeline.config.settings import Settings
from pipeline.engines.fake import FakeText, MemoryStore
from pipeline.errors import ConfigError, UnavailableError
from pipeline.notebooks.experiment.grading import Grader, graded, mark, without
from pipeline.ports import OnText, ignore
from pipeline.storage.cache import CachedText
from pipeline.story.prompt import read
from pipeline.types import Completion, Prompt
from tests.notebooks.experiment.tables import rows, table


@dataclass
class Teacher:
    """Says what a test wrote down for each question."""

    answers: dict[str, str]
    asked: list[Prompt] = field(default_factory=list)
    fingerprint: str = "teacher/1"
    parallel: int = 2

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        self.asked.append(prompt)
        said = self.answers[prompt.name.removeprefix("grade-").split("@")[0]]
        if said == "away":
            raise UnavailableError("the endpoint is away", engine=self.fingerprint)
        return Completion(said, 100, 1, "end")


GOOD = {"grammar": "9", "creativity": "4", "consistency": "10"}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("7", 7), ("10", 10), (" 8.\n", 8), ("9/10", 9), ("9 / 10", 9), ("**6**", 6), ("Grade: 5", 5),
        ("", None), ("0", None), ("11", None), ("100", None), ("7.5", None), ("good", None), ("1st", None),
        ("Once upon a time 3 bears", None), ("9/100", None), ("-", None),
    ],
)  # fmt: skip
def test_an_answer_is_a_mark_from_1_to_10_or_none(answer: str, expected: int | None) -> None:
    assert mark(answer) == expected


def test_each_question_is_asked_alone_and_last() -> None:
    teacher = Teacher(GOOD)
    marks = Grader(teacher, read("grades")).grade("a shy snail", "Nora", "She slid.")
    assert marks == {"grammar": 9, "creativity": 4, "consistency": 10}
    for prompt, question in zip(teacher.asked, GOOD, strict=True):
        assert prompt.name == f"grade-{question}@1"
        assert prompt.temperature == 0
        assert "Nora\nShe slid." in prompt.user
        assert prompt.user.index("She slid.") < prompt.user.index(question[:7])
        assert prompt.user.endswith("Answer with a number from 1 to 10.")
        assert '"10"' in prompt.grammar


def test_dollars_in_a_story_are_only_text() -> None:
    teacher = Teacher(GOOD)
    Grader(teacher, read("grades")).grade("a $text", "$title", "costs $5 ${x}")
    assert "$title\ncosts $5 ${x}" in teacher.asked[0].user


def test_what_is_no_mark_is_counted() -> None:
    frame = table(rows("old", [1.0, 0.0]), rows("new", [1.0], failure="away"))
    grader = Grader(Teacher({**GOOD, "grammar": "fine", "creativity": "away"}), read("grades"))
    told = graded(frame, grader)
    assert list(told.consistency.fillna(-1)) == [10, 10, -1]
    assert without(told, grader) == {"grammar": 2, "creativity": 2, "consistency": 0}


def test_marks_are_remembered_as_all_calls_are() -> None:
    teacher, store = Teacher(GOOD), MemoryStore()
    grader = Grader(CachedText(teacher, store), read("grades"))
    frame = table(rows("old", [1.0]))
    graded(frame, grader)
    graded(frame, grader)
    assert len(teacher.asked) == 3


def test_who_marks_is_what_the_parameters_say() -> None:
    app = build_app(Settings(profile="fake"), MemoryStore())
    assert build_grader(app, {}, "", "") is None
    other = build_grader(app, {"STORIES_MODEL": "mine.gguf"}, "draft", "")
    assert other is not None
    assert other.fingerprint == "llama.cpp/smollm2-135m/1"
    named = build_grader(app, {}, "", "smollm2-135m")
    assert named is not None
    assert named.fingerprint == other.fingerprint


def test_the_model_that_writes_is_not_loaded_twice_to_mark() -> None:
    app = build_app(Settings(profile="fake"), MemoryStore())
    assert build_grader(app, {}, "fake", "") is app.text


def test_an_endpoint_that_marks_is_another_than_the_one_that_writes() -> None:
    environ = {"STORIES_ENDPOINT": "writes", "STORIES_JUDGE_ENDPOINT": "marks"}
    settings = Settings.from_env(environ, profile="aws")
    app = build_app(settings, MemoryStore())
    grader = build_grader(app, environ, "aws", "")
    assert isinstance(grader, CachedText)
    assert grader.engine._endpoint == "marks"  # type: ignore[attr-defined]


def test_a_profile_that_is_not_there_says_so() -> None:
    with pytest.raises(ConfigError, match="unknown profile 'judge'"):
        build_grader(build_app(Settings(profile="fake"), MemoryStore()), {}, "judge", "")


def test_a_model_that_tells_a_story_instead_of_a_mark_gives_none() -> None:
    marks = Grader(FakeText(), read("grades")).grade("a snail", "Nora", "She slid.")
    assert set(marks.values()) == {None}
