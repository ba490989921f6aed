"""What a catalog will cost, before anything is spent: calls, tokens, hours, money."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from pipeline.app import App
from pipeline.batch.survey import Survey
from pipeline.config.profiles import profile
from pipeline.storage import ledger
from pipeline.storage.ledger import Payment
from pipeline.types import Usage

WRITE, JUDGE, TRANSLATE, SPEAK = "write", "judge", "translate", "speak"
UNKNOWN = (
    "From averages, not from your ideas: it does not know your machine, how often your drafts are refused, "
    "what is cached already, or how long an endpoint stands idle."
)


@dataclass(frozen=True, slots=True)
class Step:
    """One engine's part. hours: of the run; the writer's include the judge's. dollars: None, no price."""

    name: str
    engine: str
    usage: Usage
    hours: float
    dollars: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of what is left to make. stories: with an edition to make; pairs: those editions. budget: US$."""

    stories: int
    pairs: int
    steps: tuple[Step, ...]
    budget: float | None
    dated: str

    @property
    def hours(self) -> float:
        return sum(step.hours for step in self.steps)

    @property
    def dollars(self) -> float:
        """US dollars, of the engines that have a price."""
        return round(sum(step.dollars or 0.0 for step in self.steps), 4)

    @property
    def calls(self) -> int:
        return sum(step.usage.calls for step in self.steps)

    @property
    def share_in_budget(self) -> float:
        """The share that the budget pays for, 0 to 1."""
        if self.budget is None or self.dollars <= self.budget:
            return 1.0
        return self.budget / self.dollars


def estimate(app: App, survey: Survey, budget: float | None = None) -> Estimate:
    """Calls no engine. budget: US dollars, in place of the catalog's.

    A story with an edition to make counts as a story to write: a little too much.
    """
    means = tomllib.loads(files("pipeline").joinpath("data", "estimates.toml").read_text("utf-8"))
    seconds: dict[str, float] = profile(app.profile)["batch"]
    drafts, stories = means["drafts"], survey.todo_stories
    steps = [
        _step(WRITE, app.text.fingerprint, means["write"], stories * drafts, stories * seconds["write"]),
        _step(JUDGE, app.text.fingerprint, means["judge"], stories * drafts, 0.0),
    ]
    translated, spoken = _by_engine(app, survey)
    for engine, pairs in sorted(translated.items()):
        kind = "translate_by_writer" if engine.startswith(app.text.fingerprint) else "translate"
        steps.append(
            _step(TRANSLATE, engine, means[kind], pairs, pairs * seconds.get(kind, seconds["translate"]))
        )
    for engine, pairs in sorted(spoken.items()):
        steps.append(_step(SPEAK, engine, means["speak"], pairs, pairs * seconds["speak"]))
    limit = survey.catalog.budget if budget is None else budget
    return Estimate(
        stories, survey.todo, tuple(step for step in steps if step.usage.calls), limit, means["dated"]
    )


def _by_engine(app: App, survey: Survey) -> tuple[Counter[str], Counter[str]]:
    """Editions to translate, and to speak, by the engine's fingerprint."""
    translated: Counter[str] = Counter()
    spoken: Counter[str] = Counter()
    for locale, pairs in survey.pairs.items():
        todo = pairs - survey.done.get(locale, 0)
        chain = app.chain(locale)
        spoken[chain.speech.fingerprint] += todo
        if chain.translation is not None:
            translated[chain.translation.fingerprint] += todo
    return translated, spoken


def _step(name: str, engine: str, mean: dict[str, Any], times: float, seconds: float) -> Step:
    usage = Usage(
        calls=round(mean["calls"] * times),
        prompt_tokens=round(mean.get("prompt_tokens", 0) * times),
        completion_tokens=round(mean.get("completion_tokens", 0) * times),
        characters=round(mean.get("characters", 0) * times),
        audio_seconds=round(mean.get("audio_seconds", 0.0) * times, 1),
        seconds=round(seconds, 3),
    )
    (row,) = ledger.rows([Payment(name, name, engine, usage)], ledger.price_table())
    return Step(name, engine, usage, seconds / 3600, row.dollars)
