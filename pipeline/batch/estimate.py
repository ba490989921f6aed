"""What a catalog will cost, before anything is spent: calls, tokens, hours, money."""

from __future__ import annotations

import tomllib
from collections import defaultdict
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


def read_means() -> dict[str, Any]:
    """data/estimates.toml."""
    return tomllib.loads(files("pipeline").joinpath("data", "estimates.toml").read_text("utf-8"))


def estimate(app: App, survey: Survey, budget: float | None = None) -> Estimate:
    """Calls no engine. budget: US dollars, in place of the catalog's.

    A story with an edition to make counts as a story to write: a little too much.
    """
    means = read_means()
    seconds: dict[str, float] = profile(app.profile)["batch"]
    drafts = means["drafts"]
    written, judged = (drafts * weighted(means, survey, step) for step in ("write", "judge"))
    spent = weighted(means, survey, "seconds") * seconds["write"]
    steps = [
        _step(WRITE, app.text.fingerprint, means["write"], written, spent),
        _step(JUDGE, app.text.fingerprint, means["judge"], judged, 0.0),
    ]
    translated, spoken = _by_engine(app, survey, means)
    for engine, pairs in sorted(translated.items()):
        kind = "translate_by_writer" if engine.startswith(app.text.fingerprint) else "translate"
        steps.append(
            _step(TRANSLATE, engine, means[kind], pairs, pairs * seconds.get(kind, seconds["translate"]))
        )
    for engine, pairs in sorted(spoken.items()):
        steps.append(_step(SPEAK, engine, means["speak"], pairs, pairs * seconds["speak"]))
    limit = survey.catalog.budget if budget is None else budget
    return Estimate(
        survey.todo_stories,
        survey.todo,
        tuple(step for step in steps if step.usage.calls),
        limit,
        means["dated"],
    )


def weighted(means: dict[str, Any], survey: Survey, step: str, locale: str = "") -> float:
    """What is left to make, as so many short ones: stories, or a locale's editions. means: estimates.toml."""
    todo = survey.pairs[locale] - survey.done.get(locale, 0) if locale else survey.todo_stories
    counts = (
        (means["lengths"][length][step] - 1, count)
        for (length, tag), count in survey.longer.items()
        if tag == locale
    )
    return float(todo + sum(more * count for more, count in counts))


def _by_engine(app: App, survey: Survey, means: dict[str, Any]) -> tuple[dict[str, float], dict[str, float]]:
    """Editions to translate, and to speak, as so many short ones, by the engine's fingerprint."""
    translated: dict[str, float] = defaultdict(float)
    spoken: dict[str, float] = defaultdict(float)
    for locale in survey.pairs:
        chain = app.chain(locale)
        spoken[chain.speech.fingerprint] += weighted(means, survey, "speak", locale)
        if chain.translation is not None:
            translated[chain.translation.fingerprint] += weighted(means, survey, "translate", locale)
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
