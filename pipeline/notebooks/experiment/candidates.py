"""Story prompts that are tried: YAML files that say what differs from a shipped one; and how they sample."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError
from pipeline.notebooks.experiment.fields import FIELDS, SAMPLING
from pipeline.notebooks.experiment.promotion import RECORDS
from pipeline.notebooks.experiment.yaml_files import mapping
from pipeline.story.prompt import ID, StoryPrompt, story_prompt, story_prompts
from pipeline.types import Completion, StoryRequest

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_OWN = ("name", "version", "why", "based_on")
_ENDLESS = 10**6


@dataclass(frozen=True, slots=True)
class Arm:
    """A prompt with its sampling settings: what one column of the experiment is. why: what is tried with
    it."""

    prompt: StoryPrompt
    why: str

    @property
    def id(self) -> str:
        return self.prompt.id

    @property
    def spec(self) -> dict[str, Any]:
        return dict(self.prompt.spec)


def arms(names: Sequence[str], samplings: Mapping[str, Mapping[str, Any]], folder: Path) -> tuple[Arm, ...]:
    """Every prompt with every sampling. names: of files in `folder`, or ids of shipped prompts (story@1).

    samplings: a name to what it sets, as in {"own": {}, "cool": {"temperature": 0.2}}; a prompt that is asked
    with other settings than its own is another prompt, story-cool@1. Raises ConfigError.
    """
    if not names or not samplings:
        raise ConfigError("nothing to try: name at least one prompt and one sampling", problem="bad-setting")
    found = [
        _sampled(arm, name, told)
        for arm in (_arm(one, folder) for one in names)
        for name, told in samplings.items()
    ]
    ids = [arm.id for arm in found]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise ConfigError(f"asked for twice: {', '.join(twice)}: name each once", problem="bad-setting")
    return tuple(found)


def shipped(prompt_id: str) -> Arm:
    """Raises ConfigError, naming the known."""
    prompt = story_prompt(prompt_id)
    return Arm(StoryPrompt(_bare(prompt.spec), prompt.names), "as it is shipped")


def read(path: Path) -> Arm:
    """A candidate's file. Raises ConfigError: what is wrong in it, and where."""
    told = mapping(path)
    if missing := [name for name in _OWN if name not in told]:
        raise ConfigError(f"{path.name} does not say {', '.join(missing)}", problem="bad-setting")
    base = shipped(str(told["based_on"]))
    if unknown := sorted(set(told) - {*_OWN, *FIELDS}):
        raise ConfigError(
            f"{path.name}: unknown {', '.join(unknown)}; known: {', '.join(dict.fromkeys((*_OWN, *FIELDS)))}",
            problem="bad-setting",
        )
    if not _NAME.fullmatch(str(told["name"])) or told["name"] != path.stem:
        raise ConfigError(
            f"{path.name}: its name is its file's, small letters, digits and hyphens", problem="bad-setting"
        )
    if not isinstance(told["why"], str) or not told["why"].strip():
        raise ConfigError(f"{path.name}: why: say in a sentence what is tried", problem="bad-setting")
    changed = {name: value for name, value in told.items() if name not in {"why", "based_on"}}
    _check_fields(path.name, changed)
    prompt = StoryPrompt({**base.spec, **changed}, base.prompt.names)
    _check_whole(path.name, prompt)
    return _free(Arm(prompt, " ".join(told["why"].split())))


def _arm(name: str, folder: Path) -> Arm:
    if ID.fullmatch(str(name)):
        return shipped(name)
    there = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in there:
        raise ConfigError(
            f"unknown prompt {str(name)[:40]!r}: there are {', '.join(there)} in {folder.name}/, and shipped "
            "ones by name and version, as in story@1",
            problem="unknown-prompt",
        )
    return read(folder / f"{name}.yaml")


def _sampled(arm: Arm, name: str, told: Mapping[str, Any]) -> Arm:
    if not _NAME.fullmatch(str(name)) or not isinstance(told, Mapping):
        raise ConfigError(
            f'sampling {str(name)[:40]!r}: say it like "cool": {{"temperature": 0.2}}', problem="bad-setting"
        )
    if unknown := sorted(set(map(str, told)) - set(SAMPLING)):
        raise ConfigError(
            f"sampling {name!r}: unknown {', '.join(unknown)}; known: {', '.join(SAMPLING)}",
            problem="bad-setting",
        )
    if not told:
        return arm
    _check_fields(f"sampling {name!r}", told)
    spec = {**arm.spec, **told, "name": f"{arm.spec['name']}-{name}"}
    changed = ", ".join(f"{key} {value}" for key, value in told.items())
    return _free(Arm(StoryPrompt(spec, arm.prompt.names), f"{changed}; {arm.why}"))


def _free(arm: Arm) -> Arm:
    """Raises ConfigError: a shipped prompt has this name and version, and other words; it could not be
    promoted."""
    if arm.id in story_prompts() and shipped(arm.id).spec != arm.spec:
        raise ConfigError(
            f"{arm.id} is a shipped prompt with other words or settings: raise the version",
            problem="prompt-taken",
        )
    return arm


def _check_fields(where: str, told: Mapping[str, Any]) -> None:
    for name, value in told.items():
        field = FIELDS[name]
        if not field.holds(value):
            raise ConfigError(f"{where}: {name} is to be {field.told}", problem="bad-setting")


def _check_whole(where: str, prompt: StoryPrompt) -> None:
    """The parts fit one another: placeholders are known, and each worked example is what is asked for."""
    if prompt.spec["fewest"] > len(prompt.spec["lines"]):
        raise ConfigError(f"{where}: fewest is more than there are lines", problem="bad-setting")
    try:
        prompt.prompt(StoryRequest("a shy snail"), "a shy snail", 0)
    except (KeyError, ValueError) as error:
        raise ConfigError(
            f"{where}: {error} is no placeholder: system has $audience and $jobs, user $idea, $hero and "
            "$friend; a dollar is $$",
            problem="bad-setting",
        ) from error
    for number, example in enumerate(prompt.spec["examples"], 1):
        answer = example["answer"].strip()
        told = prompt.parse(Completion(answer, 0, 0, "end"), _ENDLESS)
        if not (told.whole and told.title) or _planned(answer) != list(prompt.spec["plan"]):
            raise ConfigError(
                f"{where}: example {number} is not what the prompt asks for: its plan "
                f"({', '.join(prompt.spec['plan']) or 'none'}), a title, and its numbered lines",
                problem="bad-setting",
            )


def _planned(answer: str) -> list[str]:
    return re.findall(r"^(\w[\w ]*): ", answer.partition("Title: ")[0], re.MULTILINE)


def _bare(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if name != RECORDS}
