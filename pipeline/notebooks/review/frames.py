"""A run's figures as tables: one row a story, a narration, a failure, an engine, a language."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pipeline.app import App
from pipeline.batch.publishing import complete_of, pairs
from pipeline.batch.report.figures import Report
from pipeline.batch.runs import Run
from pipeline.notebooks.review.run import BAR_SECONDS, Reading
from pipeline.notebooks.scores import scores
from pipeline.storage.records import CommittedText
from pipeline.story.text import words
from pipeline.types import Check, Manifest

if TYPE_CHECKING:
    from pandas import DataFrame

JUDGE = "judge: "
STATES = ("made", "failed", "missing", "left")
_STORY = (
    "id",
    "title",
    "words",
    "ari",
    "lix",
    "repetition",
    "distinct_1",
    "distinct_2",
    "attempts",
    "refused",
)
_EDITION = (
    *("id", "locale", "title", "seconds", "words_per_minute", "longest_wait", "length_ratio"),
    *("confidence", "labels", "mp3"),
)
_FAILURE = ("line", "id", "locale", "step", "problem", "cause", "attempts")
_LEDGER = (
    *("for", "engine", "calls", "tokens_in", "tokens_out", "characters", "audio_seconds"),
    *("engine_seconds", "dollars"),
)
# What a translation's own checks found stands behind what was found of the English text.
_IN_LANGUAGE = "translation: in the language"


def stories_frame(reading: Reading) -> DataFrame:
    """A row an English text, by id: what `scores` gives; attempts: drafts written until one passed; refused:
    checks that failed all the same (a profile may only report them), in words; and for each question
    of the judge the odds (0 to 1) of the answer wanted, as "judge: about"."""
    import pandas as pd
    from tqdm import tqdm

    scores("Warm.")  # its formulas take seconds to load, which are no part of a bar
    told = tqdm(reading.stories.items(), desc="scores", delay=BAR_SECONDS, mininterval=1, file=sys.stdout)
    rows = [_story_row(one, found) for one, found in told]
    judged = sorted({name for row in rows for name in row if name.startswith(JUDGE)})
    return pd.DataFrame(rows, columns=[*_STORY, *judged])


def editions_frame(reading: Reading) -> DataFrame:
    """A row a narration, by id and locale. seconds: of sound. longest_wait: seconds from the beginning of a
    word to that of the next, at most. length_ratio: characters of a translation over those of the English
    text. confidence: how sure (0 to 1) the detector was of the language, as the checks keep it. NaN: not
    known."""
    import pandas as pd

    rows = [edition_row(reading, one) for one in reading.editions.values()]
    return pd.DataFrame(rows, columns=list(_EDITION))


def failures_frame(found: Report) -> DataFrame:
    """A row a story × locale that was not made: by line of the catalog file. What nobody accounts for is
    "unfinished"."""
    import pandas as pd

    rows = [asdict(one) for one in found.failed]
    rows += [{"step": "", "attempts": 0, "problem": "unfinished", **asdict(one)} for one in found.missing]
    frame = pd.DataFrame(rows, columns=list(_FAILURE)).sort_values(["line", "locale"], kind="stable")
    return frame.reset_index(drop=True)


def unreadable_frame(reading: Reading) -> DataFrame:
    """A row a file that was named by the run and cannot be read."""
    import pandas as pd

    return pd.DataFrame(reading.unreadable, columns=["file", "what_is_wrong"])


def ledger_frame(found: Report) -> DataFrame:
    """A row for each purpose and engine that was paid afresh. dollars: NaN where no price is known."""
    import pandas as pd

    rows = [(one.of, one.engine, *asdict(one.usage).values(), one.dollars) for one in found.cost]
    return pd.DataFrame(rows, columns=list(_LEDGER)).astype({"dollars": float})


def coverage_frame(app: App, run: Run, found: Report) -> DataFrame:
    """A row a story × locale, in the catalog's order: line, id, locale, and its state, one of STATES. left:
    not begun, as the budget was reached."""
    import pandas as pd

    wanted = [(item.line, *pair) for item, pair in pairs(run)]
    complete = set(complete_of(app.store, ((story_id, locale) for _, story_id, locale in wanted)))
    states = {(one.id, one.locale): "failed" for one in found.failed}
    states |= {(one.id, one.locale): "missing" for one in found.missing}
    rows = [
        (
            line,
            story_id,
            locale,
            "made" if (story_id, locale) in complete else states.get((story_id, locale), "left"),
        )
        for line, story_id, locale in wanted
    ]
    frame = pd.DataFrame(rows, columns=["line", "id", "locale", "state"])
    return frame.sort_values(["line", "id", "locale"], kind="stable").reset_index(drop=True)


def by_language(coverage: DataFrame) -> DataFrame:
    """A row a locale: how many were asked for, and how many are in each state."""
    counted: dict[str, Counter[str]] = {}
    for locale, state in zip(coverage["locale"], coverage["state"], strict=True):
        counted.setdefault(locale, Counter())[state] += 1
    import pandas as pd

    rows = [
        (one, times.total(), *(times[state] for state in STATES)) for one, times in sorted(counted.items())
    ]
    return pd.DataFrame(rows, columns=["locale", "asked", *STATES])


def judged_by(app: App) -> dict[str, float]:
    """The judge's questions, and the least odds (0 to 1) that pass."""
    return {one["name"]: one["least"] for one in app.judge.spec["questions"]}


def _story_row(story_id: str, told: CommittedText) -> dict[str, Any]:
    figures = asdict(scores(told.story.text))
    judged = {one.name: one.figure for one in told.checks if one.name.startswith(JUDGE)}
    refused = ", ".join(one.name for one in told.checks if not one.passed)
    kept = {name: figures[name] for name in _STORY if name in figures}
    return {
        "id": story_id,
        "title": told.story.title,
        **kept,
        "attempts": told.attempt + 1,
        "refused": refused,
        **judged,
    }


def edition_row(reading: Reading, one: Manifest) -> dict[str, Any]:
    """As of editions_frame."""
    text = " ".join(segment.text for segment in one.segments)
    english = reading.stories.get(one.story_id)
    translated = _IN_LANGUAGE in {check.name for check in one.checks}
    minutes = one.duration_ms / 60_000
    return {
        "id": one.story_id,
        "locale": one.locale,
        "title": one.title,
        "seconds": round(one.duration_ms / 1000, 1),
        "words_per_minute": round(len(words(text)) / minutes, 1) if minutes else None,
        "longest_wait": longest_wait(one),
        "length_ratio": _ratio(text, english.story.text if translated and english else ""),
        "confidence": _figure(one.checks, _IN_LANGUAGE if translated else "English"),
        "labels": ", ".join(one.labels),
        "mp3": one.mp3,
    }


def longest_wait(one: Manifest) -> float | None:
    """Seconds from the beginning of a word to that of the next, at most; None: fewer than two marks."""
    begins = sorted(segment.start_ms + mark.time_ms for segment in one.segments for mark in segment.marks)
    waits = [later - sooner for sooner, later in pairwise(begins)]
    return round(max(waits) / 1000, 2) if waits else None


def _ratio(text: str, source: str) -> float | None:
    return round(len(text) / len(source), 3) if source else None


def _figure(checks: tuple[Check, ...], name: str) -> float | None:
    found = [one.figure for one in checks if one.name == name]
    return float(found[-1]) if found and isinstance(found[-1], int | float) else None
