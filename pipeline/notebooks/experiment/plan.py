"""What notebook 02's parameters ask for, checked before anything is paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.app import App
from pipeline.errors import ConfigError
from pipeline.notebooks.experiment import candidates, grid
from pipeline.notebooks.experiment.candidates import Arm
from pipeline.notebooks.experiment.contexts import Contexts, contexts
from pipeline.notebooks.experiment.grid import Cell
from pipeline.steps.accept import chain

_HEARS_DRY = "llama.cpp/"  # how the fingerprint of such an engine begins


@dataclass(frozen=True, slots=True)
class Plan:
    """baseline: what the model is asked with today. candidates: all others."""

    baseline: Arm
    candidates: tuple[Arm, ...]
    contexts: Contexts
    variants: int

    @property
    def search(self) -> tuple[Cell, ...]:
        return grid.cells((self.baseline, *self.candidates), self.contexts.search, self.variants)

    def confirmation(self, candidate: Arm) -> tuple[Cell, ...]:
        return grid.cells((self.baseline, candidate), self.contexts.unseen, self.variants)

    def candidate(self, prompt_id: str) -> Arm:
        return next(arm for arm in self.candidates if arm.id == prompt_id)


def plan(
    app: App,
    folder: Path,
    *,
    prompts: Sequence[str],
    samplings: Mapping[str, Mapping[str, Any]],
    contexts_file: Path,
    contexts_limit: int,
    unseen_limit: int,
    variants: int,
    locales: Sequence[str] = (),
    budget: float = 0.0,
) -> Plan:
    """folder: where the candidates' files lie. Raises ConfigError, RequestError: what is wrong, and what to
    do."""
    counts = {"contexts_limit": contexts_limit, "unseen_limit": unseen_limit, "variants": variants}
    for name, told in counts.items():
        if type(told) is not int or told < 1:
            raise ConfigError(f"{name} = {told!r}: a whole number from 1 on", problem="bad-setting")
    if not isinstance(budget, int | float) or not budget >= 0:
        raise ConfigError(f"budget = {budget!r}: US dollars, 0 or more", problem="bad-setting")
    for locale in locales:
        chain(app, locale)
    baseline = candidates.shipped(app.prompt.id)
    tried = [arm for arm in candidates.arms(prompts, samplings, folder) if arm.id != baseline.id]
    if not tried:
        raise ConfigError(
            f"nothing to compare {baseline.id} with: name another prompt, or another sampling",
            problem="bad-setting",
        )
    _check_heard(app, tried)
    return Plan(baseline, tuple(tried), contexts(contexts_file, contexts_limit, unseen_limit), variants)


def _check_heard(app: App, tried: Sequence[Arm]) -> None:
    """A setting that the model does not hear would be compared with itself, and paid for."""
    deaf = [arm.id for arm in tried if arm.spec.get("dry")]
    if deaf and not app.text.fingerprint.startswith(_HEARS_DRY):
        raise ConfigError(
            f"{', '.join(deaf)}: only local models (llama.cpp) have DRY sampling, "
            f"and {app.text.fingerprint} is none: take `dry` out",
            problem="bad-setting",
        )
