"""What notebook 02's parameters ask for, checked before any engine is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from pipeline.app import App
from pipeline.notebooks.experiment import candidates, grid
from pipeline.notebooks.experiment.candidates import Arm
from pipeline.notebooks.experiment.grid import Cell
from pipeline.notebooks.experiment.yaml_input import Strict, bad_setting, load
from pipeline.steps.accept import chain
from pipeline.story.text import clean

_HAS_DRY = "llama.cpp/"  # the fingerprints of engines with DRY sampling start with it
Idea = Annotated[str, StringConstraints(pattern=r"\S"), AfterValidator(clean)]
Ideas = Annotated[list[Idea], Field(min_length=1, max_length=1000)]


class Contexts(Strict):
    """The ideas that prompts are compared on, and those that confirm the choice."""

    search: Ideas
    unseen: Ideas

    @model_validator(mode="after")
    def _check_distinct(self) -> Contexts:
        ideas = [*self.search, *self.unseen]
        if repeated := next((idea for idea in ideas if ideas.count(idea) > 1), ""):
            raise ValueError(
                f"{repeated[:60]!r} is listed twice: what the search used is not unseen, and two equal ideas "
                "count as one"
            )
        return self


@dataclass(frozen=True, slots=True)
class Plan:
    """baseline: the model's prompt of today. search, unseen: ideas."""

    baseline: Arm
    candidates: tuple[Arm, ...]
    search_ideas: tuple[str, ...]
    unseen_ideas: tuple[str, ...]
    variants: int

    @property
    def search(self) -> tuple[Cell, ...]:
        return grid.cells((self.baseline, *self.candidates), self.search_ideas, self.variants)

    def confirmation(self, candidate: Arm) -> tuple[Cell, ...]:
        return grid.cells((self.baseline, candidate), self.unseen_ideas, self.variants)

    def candidate(self, prompt_id: str) -> Arm:
        return next(arm for arm in self.candidates if arm.id == prompt_id)


def plan(
    app: App,
    folder: Path,
    *,
    prompts: Sequence[str],
    samplings: Mapping[str, Any],
    contexts_file: Path,
    contexts_limit: int,
    unseen_limit: int,
    variants: int,
    locales: Sequence[str] = (),
    budget: float = 0.0,
) -> Plan:
    """folder: of the candidates' files. Raises ConfigError, RequestError: what is wrong, and what to do."""
    counts = {"contexts_limit": contexts_limit, "unseen_limit": unseen_limit, "variants": variants}
    for name, count in counts.items():
        if type(count) is not int or count < 1:
            raise bad_setting(f"{name} = {count!r}: a whole number from 1 on")
    if not isinstance(budget, int | float) or not budget >= 0:
        raise bad_setting(f"budget = {budget!r}: US dollars, 0 or more")
    for locale in locales:
        chain(app, locale)
    baseline = candidates.shipped(app.prompt.id)
    arms = tuple(arm for arm in candidates.arms(prompts, samplings, folder) if arm.id != baseline.id)
    if not arms:
        raise bad_setting(f"nothing to compare {baseline.id} with: name another prompt, or another sampling")
    _check_dry(app, arms)
    contexts = load(contexts_file, Contexts)
    search, unseen = contexts.search[:contexts_limit], contexts.unseen[:unseen_limit]
    return Plan(baseline, arms, tuple(search), tuple(unseen), variants)


def _check_dry(app: App, arms: Sequence[Arm]) -> None:
    """A setting that the model ignores would be compared with itself, and paid for."""
    ids = [arm.id for arm in arms if arm.spec.get("dry")]
    if ids and not app.text.fingerprint.startswith(_HAS_DRY):
        raise bad_setting(
            f"{', '.join(ids)}: only local models (llama.cpp) have DRY sampling, and {app.text.fingerprint} "
            "is none: take `dry` out"
        )
