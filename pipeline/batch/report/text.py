"""Surveys, estimates, runs and reports as text, for the terminal of `stories catalog` and the DAG's log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pipeline.batch.estimate import Estimate
from pipeline.batch.html import duration
from pipeline.batch.report.figures import Report
from pipeline.batch.running import Known
from pipeline.batch.survey import Survey
from pipeline.batch.tables import one_line, table

_SHOWN_FAILURES = 20


def survey_text(survey: Survey) -> str:
    settings = survey.catalog
    rows = [
        (locale, str(count), str(done := survey.done.get(locale, 0)), str(count - done))
        for locale, count in survey.pairs.items()
    ]
    budget = "no budget" if settings.budget is None else f"budget US$ {settings.budget:.2f}"
    return (
        f"{settings.name}: {survey.entries} entries, {survey.stories} stories; "
        f"review: {settings.publish.review}; {budget}; at most {settings.max_failed} may fail\n"
        + table([("locale", "stories", "made before", "to make"), *rows])
    )


def estimate_text(estimate: Estimate) -> str:
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
        for step in estimate.steps
    ]
    heading = ("step", "engine", "calls", "tokens in", "tokens out", "characters", "audio s", "time", "US$")
    parts = [
        table([heading, *rows]),
        f"\n{estimate.stories} stories, {estimate.pairs} with their languages: {estimate.calls} calls, "
        f"about {duration(estimate.hours * 3600)} and US$ {estimate.dollars:.2f}",
    ]
    if (share := estimate.share_in_budget) < 1:
        parts.append(f"The budget of US$ {estimate.budget:.2f} pays for about {100 * share:.0f} % of it.")
    return "\n".join(parts)


def runs_text(runs: Sequence[Known]) -> str:
    rows = [
        (
            run.id,
            run.about.catalog["name"],
            run.about.profile,
            f"{datetime.fromtimestamp(run.about.began, UTC):%Y-%m-%d %H:%M}",
            str(run.about.todo),
            str(run.about.done),
            run.verdict or "no report",
        )
        for run in runs
    ]
    return table([("run", "catalog", "profile", "began (UTC)", "to make", "made before", "verdict"), *rows])


def report_text(report: Report) -> str:
    verdict = "stopped by its budget" if report.stopped and not report.is_red else report.verdict
    counts = {
        "made": report.made,
        "made before": report.skipped,
        "failed": len(report.failed),
        "left by the budget": report.left,
        "missing": len(report.missing),
    }
    rate = report.rates.stories_per_hour
    parts = [
        f"{report.catalog['name']}, run {report.run}: {verdict}",
        ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing to do",
        f"{duration(report.wall)}, US$ {report.dollars:.4f}"
        + (f", {rate:.0f} stories an hour" if rate else ""),
    ]
    if report.edited:
        pairs = (f"{old[:12]} is {new[:12]} now" for old, new in report.edited.items())
        parts.append(f"edited in review, and published so: {', '.join(pairs)}")
    rows = [
        (
            str(failure.line),
            failure.id[:12],
            failure.locale,
            failure.step,
            failure.problem,
            str(failure.attempts),
            one_line(failure.cause),
        )
        for failure in report.failed
    ]
    rows += [(str(gap.line), gap.id[:12], gap.locale, "", "", "", gap.cause) for gap in report.missing]
    if rows:
        heading = ("line", "story", "locale", "step", "problem", "tried", "cause")
        parts.append("\n" + table([heading, *rows[:_SHOWN_FAILURES]]))
    if len(rows) > _SHOWN_FAILURES:
        parts.append(f"… and {len(rows) - _SHOWN_FAILURES} more: report.json has all")
    return "\n".join(parts)
