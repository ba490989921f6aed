"""Story prompts to compare: YAML files that say what differs from a shipped prompt, and sampling settings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pandas import DataFrame
from pydantic import Field, StringConstraints

from pipeline.errors import ConfigError
from pipeline.notebooks.experiment.promotion import without_records
from pipeline.notebooks.experiment.yaml_input import Strict, bad_setting, load, validated
from pipeline.story.prompt import ID, StoryPrompt, story_prompt, story_prompts
from pipeline.types import Completion, StoryRequest

_UNLIMITED_WORDS = 10**6
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
# The shipped system text has 800 characters.
Text = Annotated[str, StringConstraints(max_length=4000, pattern=r"\S")]
Label = Annotated[str, StringConstraints(pattern=r"^[A-Z][a-z]*$")]


class Line(Strict):
    job: Text
    spare: bool = False


class Example(Strict):
    idea: Text
    hero: Text
    friend: Text
    answer: Text


class Sampling(Strict):
    """Settings of a sampler; None: as in the prompt."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0.01, le=1)] | None = None
    dry: Annotated[float, Field(ge=0, le=5)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1000)] | None = None


class PromptFile(Sampling):
    """A candidate: what is None is as in the prompt `based_on`. why: what is tried with it."""

    name: Text
    version: Annotated[int, Field(ge=1, le=999_999)]
    why: Text
    based_on: str
    system: Text | None = None
    user: Text | None = None
    plan: Annotated[list[Label], Field(max_length=8)] | None = None
    fewest: Annotated[int, Field(ge=1, le=20)] | None = None
    lines: Annotated[list[Line], Field(min_length=1, max_length=20)] | None = None
    examples: Annotated[list[Example], Field(min_length=1, max_length=6)] | None = None


@dataclass(frozen=True, slots=True)
class Arm:
    """A prompt with its sampling settings: one arm of the experiment. why: what is tried with it."""

    prompt: StoryPrompt
    why: str

    @property
    def id(self) -> str:
        return self.prompt.id

    @property
    def spec(self) -> dict[str, Any]:
        return dict(self.prompt.spec)


def arms(names: Sequence[str], samplings: Mapping[str, Any], folder: Path) -> tuple[Arm, ...]:
    """Every prompt with every sampling. names: of files in `folder`, or ids of shipped prompts (story@1).

    samplings: a name to what it sets, as in {"own": {}, "cool": {"temperature": 0.2}}; a prompt that is sent
    with other settings than its own is another prompt, story-cool@1. Raises ConfigError.
    """
    if not names or not samplings:
        raise bad_setting("nothing to try: name at least one prompt and one sampling")
    prompts = [_named(name, folder) for name in names]
    result = tuple(_sampled(arm, name, settings) for arm in prompts for name, settings in samplings.items())
    ids = [arm.id for arm in result]
    if repeated := sorted({prompt_id for prompt_id in ids if ids.count(prompt_id) > 1}):
        raise bad_setting(f"listed twice: {', '.join(repeated)}: name each once")
    return result


def compared(tried: Sequence[Arm]) -> DataFrame:
    """A row a prompt: settings, sizes, and why it is tried."""
    rows = {
        arm.id: {
            "plan": ", ".join(arm.spec["plan"]) or "none",
            "examples": len(arm.spec["examples"]),
            "temperature": arm.spec["temperature"],
            "dry": arm.spec.get("dry", 0.0),
            "why": arm.why,
        }
        for arm in tried
    }
    return DataFrame.from_dict(rows, orient="index").rename_axis("prompt")


def shipped(prompt_id: str) -> Arm:
    """Raises ConfigError, naming the known."""
    prompt = story_prompt(prompt_id)
    return Arm(StoryPrompt(without_records(prompt.spec), prompt.names), "as it is shipped")


def read(path: Path) -> Arm:
    """A candidate's file. Raises ConfigError: what is wrong in it, and where."""
    file = load(path, PromptFile)
    if not _NAME.fullmatch(file.name) or file.name != path.stem:
        raise bad_setting(f"{path.name}: its name is its file's, in small letters, digits and hyphens")
    base = shipped(file.based_on)
    changed = file.model_dump(exclude_unset=True, exclude_none=True, exclude={"why", "based_on"})
    prompt = StoryPrompt({**base.spec, **changed}, base.prompt.names)
    _check_parts(path.name, prompt)
    return _unless_taken(Arm(prompt, " ".join(file.why.split())))


def _named(name: str, folder: Path) -> Arm:
    """Every name that is no shipped prompt's id is compared with the files: it is no path."""
    if ID.fullmatch(name):
        return shipped(name)
    files = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    if name not in files:
        raise ConfigError(
            f"unknown prompt {name[:40]!r}: there are {', '.join(files)} in {folder.name}/, and shipped ones "
            "by name and version, as in story@1",
            problem="unknown-prompt",
        )
    return read(files[name])


def _sampled(arm: Arm, name: str, settings: Any) -> Arm:
    if not _NAME.fullmatch(str(name)) or not isinstance(settings, Mapping):
        raise bad_setting(f'sampling {str(name)[:40]!r}: write it like "cool": {{"temperature": 0.2}}')
    changed = validated(f"sampling {name!r}", dict(settings), Sampling).model_dump(exclude_none=True)
    if not changed:
        return arm
    spec = {**arm.spec, **changed, "name": f"{arm.spec['name']}-{name}"}
    settings_in_words = ", ".join(f"{key} {value}" for key, value in changed.items())
    return _unless_taken(Arm(StoryPrompt(spec, arm.prompt.names), f"{settings_in_words}; {arm.why}"))


def _unless_taken(arm: Arm) -> Arm:
    """Raises ConfigError: a shipped prompt of this name and version has other words."""
    if arm.id in story_prompts() and shipped(arm.id).spec != arm.spec:
        raise ConfigError(
            f"{arm.id} is a shipped prompt with other words or settings: raise the version",
            problem="prompt-taken",
        )
    return arm


def _check_parts(source: str, prompt: StoryPrompt) -> None:
    """The parts fit one another: placeholders are known, and each worked example has the form it teaches."""
    if prompt.spec["fewest"] > len(prompt.spec["lines"]):
        raise bad_setting(f"{source}: fewest is more than the number of lines")
    try:
        prompt.prompt(StoryRequest("a shy snail"), "a shy snail", 0)
    except (KeyError, ValueError) as error:
        raise bad_setting(
            f"{source}: {error} is no placeholder: system has $audience and $jobs, user $idea, $hero and "
            "$friend; a dollar is $$"
        ) from error
    for number, example in enumerate(prompt.spec["examples"], 1):
        answer = example["answer"].strip()
        draft = prompt.parse(Completion(answer, 0, 0, "end"), _UNLIMITED_WORDS)
        plan = re.findall(r"^(\w[\w ]*): ", answer.partition("Title: ")[0], re.MULTILINE)
        if not (draft.whole and draft.title) or plan != list(prompt.spec["plan"]):
            raise bad_setting(
                f"{source}: example {number} is not what the prompt asks for: its plan "
                f"({', '.join(prompt.spec['plan']) or 'none'}), a title, and its numbered lines"
            )
