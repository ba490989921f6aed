"""What the commands of `stories catalog` print: tables and a few words, in which a text is one line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pipeline.batch.estimate import Estimate
from pipeline.batch.html import duration
from pipeline.batch.report.figures import Report
from pipeline.batch.running import Known
from pipeline.batch.survey import Survey
from pipeline.cli.terminal import table

_SHOWN_FAILURES = 20


def asked(found: Survey) -> str:
    settings = found.catalog
    rows = [
        (locale, str(count), str(done := found.done.get(locale, 0)), str(count - done))
        for locale, count in found.pairs.items()
    ]
    budget = "no budget" if settings.budget is None else f"budget US$ {settings.budget:.2f}"
    return (
        f"{settings.name}: {found.entries} entries, {found.stories} stories; "
        f"review: {settings.publish.review}; {budget}; at most {settings.max_failed} may fail\n"
        + table([("locale", "stories", "made before", "to make"), *rows])
    )


def estimate(found: Estimate) -> str:
    rows = [
        (
            step.name,
            step.engine,
            str(step.usage.calls),
            str(step.usage.prompt_tokens),
            str(step.usage.completion_tokens),
            str(step.usage.characters),
            f"{step.usage.audio_seconds:.0f}",
            duration(step.hours * 3600) if step.hours else "",
            "?" if step.dollars is None else f"{step.dollars:.2f}",
        )
        for step in found.steps
    ]
    heading = ("step", "engine", "calls", "tokens in", "tokens out", "characters", "audio s", "time", "US$")
    told = [
        table([heading, *rows]),
        f"\n{found.stories} stories, {found.pairs} with their languages: {found.calls} calls, "
        f"about {duration(found.hours * 3600)} and US$ {found.dollars:.2f}",
    ]
    if found.share_in_budget < 1:
        told.append(
            f"The budget of US$ {found.budget:.2f} pays for about {100 * found.share_in_budget:.0f} % of it."
        )
    return "\n".join(told)


def runs(found: Sequence[Known]) -> str:
    rows = [
        (
            one.id,
            one.about.catalog["name"],
            one.about.profile,
            f"{datetime.fromtimestamp(one.about.began, UTC):%Y-%m-%d %H:%M}",
            str(one.about.todo),
            str(one.about.done),
            one.verdict or "no report",
        )
        for one in found
    ]
    return table([("run", "catalog", "profile", "began (UTC)", "to make", "made before", "verdict"), *rows])


def summary(done: Report) -> str:
    verdict = "stopped by its budget" if done.stopped and not done.is_red else done.verdict
    counts = {
        "made": done.made,
        "made before": done.skipped,
        "failed": len(done.failed),
        "left by the budget": done.left,
        "missing": len(done.missing),
    }
    parts = [
        f"{done.catalog['name']}, run {done.run}: {verdict}",
        ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing to do",
        f"{duration(done.wall)}, US$ {done.dollars:.4f}"
        + (f", {rate:.0f} stories an hour" if (rate := done.rates.stories_per_hour) else ""),
    ]
    rows = [
        (str(one.line), one.id[:12], one.locale, one.step, one.problem, str(one.attempts), line(one.cause))
        for one in done.failed
    ]
    rows += [(str(one.line), one.id[:12], one.locale, "", "", "", one.cause) for one in done.missing]
    if rows:
        heading = ("line", "story", "locale", "step", "problem", "tried", "cause")
        parts.append("\n" + table([heading, *rows[:_SHOWN_FAILURES]]))
    if len(rows) > _SHOWN_FAILURES:
        parts.append(f"… and {len(rows) - _SHOWN_FAILURES} more: report.json has all")
    return "\n".join(parts)


def line(text: str) -> str:
    """In one line; an engine's message may hold anything."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
