"""Scenes: a longer story is told scene by scene, each from some lines of a short story, which is the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from string import Template
from typing import Any

from pipeline.errors import ConfigError
from pipeline.storage.digest import number
from pipeline.story.drafts import Draft, draft_of
from pipeline.story.prompt import SEED_BITS, prompt_ids, read, rules
from pipeline.types import Completion, Prompt, StoryRequest


@dataclass(frozen=True, slots=True)
class ScenePrompt:
    """Builds the prompts of scenes and parses their completions. spec: the TOML of data/prompts/scenes.

    lines: those of the plan that a scene tells: each stands in it as it is, with new ones after it.
    """

    spec: Mapping[str, Any]

    @property
    def id(self) -> str:
        return f"{self.spec['name']}@{self.spec['version']}"

    def words(self, lines: Sequence[str]) -> tuple[int, int]:
        """Of a scene: the fewest and the most."""
        fewest, most = self.spec["words"]
        return fewest * self._count(lines), most * self._count(lines)

    def prompt(
        self, request: StoryRequest, idea: str, lines: Sequence[str], scene: int, before: str, attempt: int
    ) -> Prompt:
        """scene: its number, from 0. before: the scene before, "" for none. The seed comes from variant,
        scene and attempt.
        """
        return Prompt(
            name=self.id,
            system=Template(self.spec["system"]).substitute(audience=request.audience).strip(),
            user=self._user(idea, before, lines),
            examples=tuple(
                (
                    self._user(example["idea"], example["before"], example["lines"].strip().splitlines()),
                    example["answer"].strip(),
                )
                for example in self.spec["examples"]
            ),
            max_tokens=self.spec["tokens"] * len(lines),
            temperature=self.spec["temperature"],
            top_p=self.spec["top_p"],
            seed=number(SEED_BITS, "scene", request.variant, scene, attempt),
            grammar=self._grammar(lines),
            attempt=attempt,
            dry=self.spec["dry"],
        )

    def parse(self, completion: Completion, lines: Sequence[str], plan: Draft) -> Draft:
        """The scene, under the plan's title and with its hero."""
        count = self._count(lines)
        draft = draft_of(completion, {"lines": [{}] * count, "fewest": count}, self.words(lines)[1])
        return replace(draft, title=plan.title, hero=plan.hero)

    def so_far(self, text: str, lines: Sequence[str]) -> tuple[str, ...]:
        """The sentences of its whole lines of a completion that still comes."""
        begun, _, _ = text.rpartition("\n")
        return self.parse(Completion(begun, 0, 0, "length"), lines, Draft("", (), False)).segments

    def _count(self, lines: Sequence[str]) -> int:
        count: int = (1 + self.spec["more"]) * len(lines)
        return count

    def _user(self, idea: str, before: str, lines: Sequence[str]) -> str:
        texts = {"idea": idea, "before": before.strip() or self.spec["none"], "lines": "\n".join(lines)}
        return Template(self.spec["user"]).substitute(texts).strip()

    def _grammar(self, lines: Sequence[str]) -> str:
        """GBNF of numbered lines: each of the plan's as it is, with new ones after it."""
        each = [part for line in lines for part in (_literal(line), *["line"] * self.spec["more"])]
        numbered = ' "\\n" '.join(f'"{place}. " {part}' for place, part in enumerate(each, 1))
        return rules(numbered)


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


def _literal(line: str) -> str:
    escaped = line.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
