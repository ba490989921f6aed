"""The stories and narrations that differ most from the rest: where to read and listen first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.notebooks.review.tables import JUDGE
from pipeline.storage.keys import WRITTEN_IN

if TYPE_CHECKING:
    from pandas import DataFrame, Series

# Iglewicz and Hoaglin 1993: further than this, a value is a candidate for an outlier.
FAR = 3.5
# The median of fewer says nothing.
FEWEST = 5
# For a normal distribution, 1.4826 MADs are a standard deviation.
_NORMAL = 1.4826
# The smallest scale of each figure: half of what a reader or listener would notice. Without it, a story with
# odds of .99 among many with 1 would be infinitely far away.
_STORY = {"words": 3.0, "ari": 0.5, "lix": 2.0, "repetition": 0.02, "distinct_2": 0.01}
_NARRATION = {"words_per_minute": 4.0, "longest_wait": 0.1, "length_ratio": 0.03, "confidence": 0.02}
_ODDS = 0.03
_COLUMNS = ["id", "locale", "figure", "value", "usual", "far"]


def robust_z(values: Series[Any], least: float = 0.0) -> Series[Any]:
    """Standard deviations from the median, estimated by the median distance from it (MAD), which outliers do
    not move. least: the smallest standard deviation to assume; 0 where all values are equal."""
    distances = values - values.median()
    scale = max(_NORMAL * float(distances.abs().median()), least)
    return distances / scale if scale > 0 else distances * 0.0


def outliers(stories: DataFrame, narrations: DataFrame) -> DataFrame:
    """The farthest first: a row a story × locale with its most unusual figure, its value, the median and the
    robust z. Narrations are compared within their language. Empty for fewer than FEWEST."""
    import pandas as pd

    judged = {name: _ODDS for name in stories.columns if name.startswith(JUDGE)}
    frames = _distances(stories.assign(locale=WRITTEN_IN), {**_STORY, **judged})
    for _, group in narrations.groupby("locale"):
        frames += _distances(group, _NARRATION)
    if not frames:
        return pd.DataFrame(columns=_COLUMNS)
    rows = pd.concat(frames).assign(distance=lambda frame: -frame["far"].abs())
    rows = rows.sort_values(["distance", "id", "locale", "figure"], kind="stable")
    return rows.drop_duplicates(["id", "locale"])[_COLUMNS].reset_index(drop=True)


def _distances(frame: DataFrame, figures: Mapping[str, float]) -> list[DataFrame]:
    """A table for each figure that enough rows have. figures: a column to the smallest scale."""
    tables = []
    for figure, least in figures.items():
        values = frame[figure].astype(float).dropna()
        if len(values) >= FEWEST:
            usual, far = round(float(values.median()), 3), robust_z(values, least).round(1)
            rows = frame.loc[values.index, ["id", "locale"]]
            tables.append(rows.assign(figure=figure, value=values, usual=usual, far=far))
    return tables
