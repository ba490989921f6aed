"""What is most unlike the rest: where to read and listen first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.notebooks.review.frames import JUDGE
from pipeline.storage.keys import WRITTEN_IN

if TYPE_CHECKING:
    from pandas import DataFrame, Series

# Iglewicz and Hoaglin 1993: further than this, a value is a candidate for an outlier.
FAR = 3.5
# The median of a handful says nothing.
FEWEST = 5
# For a normal distribution, 1.4826 MADs are a standard deviation.
_NORMAL = 1.4826
# The smallest scale of each figure: half of what a reader or listener would notice. Without it, the one
# story with odds of .99 among many with 1 would be infinitely far away.
_STORY = {"words": 3.0, "ari": 0.5, "lix": 2.0, "repetition": 0.02, "distinct_2": 0.01}
_EDITION = {"words_per_minute": 4.0, "longest_wait": 0.1, "length_ratio": 0.03, "confidence": 0.02}
_ODDS = 0.03
_COLUMNS = ["id", "locale", "figure", "value", "usual", "far"]


def robust_z(values: Series[Any], least: float = 0.0) -> Series[Any]:
    """How many standard deviations from the median, by the median of the distances from it (MAD), which
    outliers do not move. least: the smallest standard deviation that is believed; 0 where all are alike."""
    away = values - values.median()
    scale = max(_NORMAL * float(away.abs().median()), least)
    return away / scale if scale > 0 else away * 0.0


def outliers(stories: DataFrame, editions: DataFrame) -> DataFrame:
    """The farthest first: a row a story × locale with its most unusual figure, its value, the median and how
    far it is (robust z, with its sign). Narrations are compared within their language. Empty where there
    are fewer than FEWEST to compare."""
    import pandas as pd

    judged = {name: _ODDS for name in stories.columns if name.startswith(JUDGE)}
    found = _far(stories.assign(locale=WRITTEN_IN), {**_STORY, **judged})
    for _, spoken in editions.groupby("locale"):
        found += _far(spoken, _EDITION)
    rows = sorted(found, key=lambda row: (-abs(row["far"]), row["id"], row["locale"], row["figure"]))
    return pd.DataFrame(rows, columns=_COLUMNS).drop_duplicates(["id", "locale"]).reset_index(drop=True)


def _far(frame: DataFrame, figures: Mapping[str, float]) -> list[dict[str, Any]]:
    """Every figure of every row."""
    rows: list[dict[str, Any]] = []
    for figure, least in figures.items():
        values = frame[figure].astype(float).dropna()
        if len(values) < FEWEST:
            continue
        usual = round(float(values.median()), 3)
        known = frame.loc[values.index]
        told = zip(known["id"], known["locale"], values, robust_z(values, least), strict=True)
        rows += [
            {
                "id": one,
                "locale": locale,
                "figure": figure,
                "value": value,
                "usual": usual,
                "far": round(far, 1),
            }
            for one, locale, value, far in told
        ]
    return rows
