"""Scenes: a longer story is a short one, its plan, with new lines after each line; a few are a scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from string import Template
from typing import Any

from pipeline.errors import ConfigError
from pipeline.storage.digest import number
from pipeline.story.drafts import draft_of
from pipeline.story.prompt import SEED_BITS, prompt_ids, read, rules
from pipeline.types import Completion, Prompt, StoryRequest


@dataclass(frozen=True, slots=True)
class ScenePrompt:
    """Builds the prompts of new lines and parses their completions. spec: the TOML of data/prompts/scenes."""

    spec: Mapping[str, Any]

    @property
    def id(self) -> str:
        return f"{self.spec['name']}@{self.spec['version']}"

    @property
    def more(self) -> int:
        """New lines after each line of the plan."""
        more: int = self.spec["more"]
        return more

    def words(self, lines: int) -> tuple[int, int]:
        """Of a scene of so many lines of the plan: the fewest and the most."""
        fewest, most = self.spec["words"]
        count = (1 + self.more) * lines
        return fewest * count, most * count

    def prompt(
        self, request: StoryRequest, plan: Sequence[str], place: int, before: Sequence[str], attempt: int
    ) -> Prompt:
        """New lines after plan[place]. before: the last scene, and this one so far. The seed comes from
        variant, place and attempt.
        """
        return Prompt(
            name=self.id,
            system=Template(self.spec["system"]).substitute(audience=request.audience).strip(),
            user=self._user(before, plan[place], place == len(plan) - 1),
            examples=tuple(
                (
                    self._user(example["before"], example["line"], example.get("is_last", False)),
                    example["answer"].strip(),
                )
                for example in self.spec["examples"]
            ),
            max_tokens=self.spec["max_tokens"],
            temperature=self.spec["temperature"],
            top_p=self.spec["top_p"],
            seed=number(SEED_BITS, "scene", request.variant, place, attempt),
            grammar=rules(
                ' "\\n" '.join(f'"{place}. " line' for place in range(1, self.more + 1)),
                request.hero.name if request.hero else "",
            ),
            attempt=attempt,
        )

    @property
    def examples(self) -> tuple[str, ...]:
        """All texts of the worked examples."""
        return tuple(
            text for each in self.spec["examples"] for text in (*each["before"], each["line"], each["answer"])
        )

    def parse(self, completion: Completion) -> tuple[str, ...]:
        """The new lines; without the last one where the completion was cut in it."""
        lines = draft_of(completion, {"lines": [{}] * self.more, "fewest": 0}, 0).lines
        return lines if completion.stop_reason == "end" else lines[:-1]

    def _user(self, before: Sequence[str], line: str, is_last: bool) -> str:
        which = self.spec["last" if is_last else "next"]
        texts = {"before": " ".join(before) or self.spec["none"], "which": which, "line": line}
        return Template(self.spec["user"]).substitute(texts).strip()


def shares(lines: int, scenes: int) -> tuple[range, ...]:
    """Which of a plan's lines each scene tells, as evenly as can be; the last ones tell more."""
    ends = [(lines * count) // scenes for count in range(scenes + 1)]
    return tuple(range(*pair) for pair in pairwise(ends))


def scene_prompt(prompt_id: str) -> ScenePrompt:
    """The scene prompt with this id. Raises ConfigError."""
    if prompt_id not in scene_prompts():
        raise ConfigError(
            f"unknown scene prompt {prompt_id[:40]!r}: there are {', '.join(scene_prompts())}",
            problem="unknown-prompt",
        )
    return ScenePrompt(read(f"scenes/{prompt_id}"))


def scene_prompts() -> tuple[str, ...]:
    """The ids, "name@version", of all scene prompts."""
    return prompt_ids("scenes")
