"""A run's figures as tables: a row a story, a narration, a failure, an engine, a language."""

from __future__ import annotations

import sys
from dataclasses import asdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pipeline.app import App
from pipeline.batch.publishing import complete_of, pairs
from pipeline.batch.report.figures import Report
from pipeline.batch.runs import Run
from pipeline.notebooks.review.run import BAR_SECONDS, RunContents
from pipeline.notebooks.scores import scores
from pipeline.storage.records import CommittedText
from pipeline.story.text import words
from pipeline.types import Check, Manifest

if TYPE_CHECKING:
    from pandas import DataFrame

JUDGE = "judge: "
STATES = ("made", "failed", "missing", "left")
_SCORES = ("words", "ari", "lix", "repetition", "distinct_1", "distinct_2")
_STORY = ("id", "title", *_SCORES, "attempts", "refused")
_NARRATION = (
    *("id", "locale", "title", "seconds", "words_per_minute", "longest_wait", "length_ratio"),
    *("confidence", "labels", "mp3"),
)
_FAILURE = ("line", "id", "locale", "step", "problem", "cause", "attempts")
_LEDGER = (
    *("for", "engine", "calls", "tokens_in", "tokens_out", "characters", "audio_seconds"),
    *("engine_seconds", "dollars"),
)
# A translation's own checks follow those of the English text.
_IN_LANGUAGE = "translation: in the language"


def stories_table(contents: RunContents) -> DataFrame:
    """A row an English text, by id, with its `scores`. attempts: drafts written until one passed. refused:
    checks that failed all the same (a profile may only report them). A column for each of the judge's
    questions, as "judge: about": the odds (0 to 1) of the wanted reply."""
    import pandas as pd
    from tqdm import tqdm

    scores("Warm.")  # textstat takes seconds to load, which are no part of the bar
    bar = tqdm(contents.stories.items(), "scores", delay=BAR_SECONDS, mininterval=1, file=sys.stdout)
    rows = [_story_row(story_id, text) for story_id, text in bar]
    judged = sorted({name for row in rows for name in row if name.startswith(JUDGE)})
    return pd.DataFrame(rows, columns=[*_STORY, *judged])


def narrations_table(contents: RunContents) -> DataFrame:
    """A row a narration, by id and locale. seconds: of sound. longest_wait: the most seconds from one word's
    beginning to the next one's. length_ratio: characters of a translation over those of the English text.
    confidence: of the language detector (0 to 1), as the checks keep it. NaN: not known."""
    import pandas as pd

    rows = [narration_row(contents, manifest) for manifest in contents.narrations.values()]
    return pd.DataFrame(rows, columns=list(_NARRATION))


def failures_table(report: Report) -> DataFrame:
    """A row a story × locale that was not made, by line of the catalog file; "unfinished" where no record
    says why."""
    import pandas as pd

    rows = [asdict(failure) for failure in report.failed]
    rows += [{"step": "", "attempts": 0, "problem": "unfinished", **asdict(item)} for item in report.missing]
    frame = pd.DataFrame(rows, columns=list(_FAILURE))
    return frame.sort_values(["line", "locale"], kind="stable", ignore_index=True)


def unreadable_table(contents: RunContents) -> DataFrame:
    """A row a file of the run that cannot be read."""
    import pandas as pd

    return pd.DataFrame(contents.unreadable, columns=["file", "what_is_wrong"])


def ledger_table(report: Report) -> DataFrame:
    """A row for each purpose and engine that was newly paid. dollars: NaN where no price is known."""
    import pandas as pd

    rows = [(row.of, row.engine, *asdict(row.usage).values(), row.dollars) for row in report.cost]
    return pd.DataFrame(rows, columns=list(_LEDGER)).astype({"dollars": float})


def coverage_table(app: App, run: Run, report: Report) -> DataFrame:
    """A row a story × locale, in the catalog's order: line, id, locale, and its state, one of STATES. left:
    not begun, as the budget was reached."""
    import pandas as pd

    wanted = [(item.line, *pair) for item, pair in pairs(run)]
    states = {(failure.id, failure.locale): "failed" for failure in report.failed}
    states |= {(item.id, item.locale): "missing" for item in report.missing}
    states |= dict.fromkeys(
        complete_of(app.store, [(story_id, locale) for _, story_id, locale in wanted]), "made"
    )
    rows = [
        (line, story_id, locale, states.get((story_id, locale), "left")) for line, story_id, locale in wanted
    ]
    frame = pd.DataFrame(rows, columns=["line", "id", "locale", "state"])
    return frame.sort_values(["line", "id", "locale"], kind="stable", ignore_index=True)


def by_language(coverage: DataFrame) -> DataFrame:
    """A row a locale: how many are wanted, and how many are in each state."""
    import pandas as pd

    counts = pd.crosstab(coverage["locale"], coverage["state"]).reindex(columns=list(STATES), fill_value=0)
    counts.insert(0, "wanted", counts.sum(axis=1))
    return counts.rename_axis(columns=None).reset_index()


def judge_thresholds(app: App) -> dict[str, float]:
    """The judge's questions, and the least odds (0 to 1) that pass."""
    return {question["name"]: question["least"] for question in app.judge.spec["questions"]}


def narration_row(contents: RunContents, manifest: Manifest) -> dict[str, Any]:
    """A row of narrations_table."""
    text = " ".join(segment.text for segment in manifest.segments)
    english = contents.stories.get(manifest.story_id)
    translated = any(check.name == _IN_LANGUAGE for check in manifest.checks)
    minutes = manifest.duration_ms / 60_000
    source = english.story.text if translated and english else ""
    return {
        "id": manifest.story_id,
        "locale": manifest.locale,
        "title": manifest.title,
        "seconds": round(manifest.duration_ms / 1000, 1),
        "words_per_minute": round(len(words(text)) / minutes, 1) if minutes else None,
        "longest_wait": longest_wait(manifest),
        "length_ratio": round(len(text) / len(source), 3) if source else None,
        "confidence": _figure(manifest.checks, _IN_LANGUAGE if translated else "English"),
        "labels": ", ".join(manifest.labels),
        "mp3": manifest.mp3,
    }


def longest_wait(manifest: Manifest) -> float | None:
    """The most seconds from the beginning of a word to that of the next; None for fewer than two marks."""
    times = sorted(segment.start_ms + mark.time_ms for segment in manifest.segments for mark in segment.marks)
    waits = [later - earlier for earlier, later in pairwise(times)]
    return round(max(waits) / 1000, 2) if waits else None


def _story_row(story_id: str, text: CommittedText) -> dict[str, Any]:
    figures = asdict(scores(text.story.text))
    return {
        "id": story_id,
        "title": text.story.title,
        **{name: figures[name] for name in _SCORES},
        "attempts": text.attempt + 1,
        "refused": ", ".join(check.name for check in text.checks if not check.passed),
        **{check.name: check.figure for check in text.checks if check.name.startswith(JUDGE)},
    }


def _figure(checks: tuple[Check, ...], name: str) -> float | None:
    figures = [check.figure for check in checks if check.name == name]
    return float(figures[-1]) if figures and isinstance(figures[-1], int | float) else None
