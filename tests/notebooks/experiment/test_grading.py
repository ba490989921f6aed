from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest

from pipeline.bootstrap import build_app, build_grader
from pipeline.config.settings import Settings
from pipeline.engines.fake import MemoryStore
from pipeline.errors import ConfigError, UnavailableError
from pipeline.notebooks.experiment.grading import Grader, graded, mark
from pipeline.ports import OnText, ignore
from pipeline.storage.cache import CachedText
from pipeline.story.prompt import read
from pipeline.types import Completion, Prompt
from tests.engines.openai.recorded import LM_STUDIO, chunk, events
from tests.engines.openai.serving import ModelServer, streamed
from tests.notebooks.experiment.frames import rows, table


@dataclass
class Teacher:
    """Completes each question with a given text; "away" fails."""

    completions: dict[str, str]
    prompts: list[Prompt] = field(default_factory=list)
    fingerprint: str = "teacher/1"
    parallel: int = 2

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        self.prompts.append(prompt)
        text = self.completions[prompt.name.removeprefix("grade-").split("@")[0]]
        if text == "away":
            raise UnavailableError("the endpoint is away", engine=self.fingerprint)
        return Completion(text, 100, 1, "end")


GOOD = {"grammar": "9", "creativity": "4", "consistency": "10"}


@pytest.mark.parametrize(
    ("completions", "expected"),
    [
        (["7", "7.", " 7\n", "7/10", "7 / 10", "**7**", "Grade: 7"], 7),
        (["10", "10/10"], 10),
        (["", "0", "11", "100", "7.5", "good", "1st", "Once upon a time 3 bears", "9/100", "-"], math.nan),
    ],
)
def test_a_mark_is_a_number_from_1_to_10_or_missing(completions: list[str], expected: float) -> None:
    marks = [mark(completion) for completion in completions]
    assert marks == pytest.approx([expected] * len(completions), nan_ok=True)


def test_each_question_has_a_prompt_of_its_own_with_the_story_as_plain_text() -> None:
    teacher = Teacher(GOOD)
    marks = Grader(teacher, read("grades")).grade("a $text", "$title", "costs $5 ${x}")
    assert marks == {"grammar": 9, "creativity": 4, "consistency": 10}
    for prompt, question in zip(teacher.prompts, GOOD, strict=True):
        assert (prompt.name, prompt.temperature) == (f"grade-{question}@1", 0)
        assert "$title\ncosts $5 ${x}" in prompt.user
        assert prompt.user.index("costs") < prompt.user.index(question[:7])
        assert prompt.user.endswith("Answer with a number from 1 to 10.")
        assert '"10"' in prompt.grammar


def test_a_mark_that_cannot_be_had_is_missing_and_the_others_are_cached() -> None:
    frame = table(rows("old", [1.0, 0.0], text="A text."), rows("new", [1.0], failure="away"))
    teacher = Teacher({**GOOD, "grammar": "fine", "creativity": "away"})
    grader = Grader(CachedText(teacher, MemoryStore()), read("grades"))
    result = graded(frame, grader)
    assert list(result.consistency.fillna(-1)) == [10, 10, -1]
    assert result[["grammar", "creativity"]].isna().all(axis=None)
    teacher.prompts.clear()
    graded(frame, grader)
    assert {prompt.name for prompt in teacher.prompts} == {"grade-creativity@1"}


def test_the_grader_is_the_model_of_the_parameters() -> None:
    app = build_app(Settings(profile="fake"), MemoryStore())
    assert build_grader(app, {}, "", "") is None
    assert build_grader(app, {}, "fake", "") is app.text
    by_profile = build_grader(app, {"STORIES_MODEL": "mine.gguf"}, "draft", "")
    by_model = build_grader(app, {}, "", "smollm2-135m")
    assert by_profile
    assert by_model
    assert by_profile.fingerprint == by_model.fingerprint == "llama.cpp/smollm2-135m/1"
    with pytest.raises(ConfigError, match="unknown profile 'judge'"):
        build_grader(app, {}, "judge", "")


def test_a_server_that_writes_grades_too_with_a_model_of_its_own() -> None:
    sevens = streamed(events(chunk({"content": "7"}), chunk({}, "stop")))
    with ModelServer(LM_STUDIO.models, sevens) as server:
        environ = {
            "STORIES_WRITER_URL": server.url,
            "STORIES_WRITER_KEY": "sk-secret",
            "STORIES_MODEL": "small",
        }
        app = build_app(Settings.from_env(environ, profile="fake"), MemoryStore())
        grader = build_grader(app, environ, "", "large")
        assert grader
        assert grader.fingerprint == "openai/large/1"
        marks = Grader(grader, read("grades")).grade("an owl", "The Owl", "Olga yawned.")
    assert marks == {"grammar": 7, "creativity": 7, "consistency": 7}
    assert {body["model"] for body in server.bodies} == {"large"}
    assert {each.headers["authorization"] for each in server.completions} == {"Bearer sk-secret"}
    assert build_grader(app, environ, "", "small") is app.text


def test_a_profile_grades_with_its_own_engine_beside_a_server_that_writes() -> None:
    environ = {"STORIES_WRITER_URL": "http://127.0.0.1:9/v1", "STORIES_MODEL": "small"}
    app = build_app(Settings.from_env(environ, profile="fake"), MemoryStore())
    graders = [
        build_grader(app, environ, *names) for names in (("draft", ""), ("draft", "qwen2.5-coder-1.5b"))
    ]
    assert [grader.fingerprint for grader in graders if grader] == [
        "llama.cpp/smollm2-135m/1",
        "llama.cpp/qwen2.5-coder-1.5b/1",
    ]


def test_the_grading_endpoint_is_another_than_the_writing_one() -> None:
    environ = {"STORIES_ENDPOINT": "writes", "STORIES_JUDGE_ENDPOINT": "marks"}
    app = build_app(Settings.from_env(environ, profile="aws"), MemoryStore())
    grader = build_grader(app, environ, "aws", "")
    assert isinstance(grader, CachedText)
    assert grader.engine._endpoint == "marks"  # type: ignore[attr-defined]
