"""The review notebook's plots: each function returns a figure, which a cell shows as its last value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipeline.notebooks.drawing import (
    COLOURS,
    WANTED,
    dots,
    figure_of,
    integer_ticks,
    label,
    name_rows,
    panels,
)
from pipeline.notebooks.review.tables import JUDGE, STATES, by_language
from pipeline.steps.verdicts import ATTEMPTS
from pipeline.story.checks import FEWEST_WORDS, MOST_WORDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

_STATE_COLOURS = dict(zip(STATES, (COLOURS[2], COLOURS[5], COLOURS[1], "#BBBBBB"), strict=True))
# More stories are shown as bars: a single row would be too small to find.
_MOST_ROWS = 40
# A single bar does not fill its panel.
_FEWEST_BARS = 5
_ENGLISH = (
    ("words", "How long", "words"),
    ("ari", "Readability (ARI)", "school grade; 0 is a child of five"),
    ("lix", "Readability (LIX)", "under 25: a children's book"),
    ("repetition", "Repetition", "share of 4-word runs that come again"),
    ("distinct_2", "Different words", "different pairs of words over all"),
    ("attempts", "Drafts until one passed", "drafts"),
)
_SPOKEN = (
    ("length_ratio", "Length of the translation", "characters over those of the English"),
    ("confidence", "Confidence in the language", "0 to 1, by the detector"),
    ("seconds", "Length of the sound", "seconds"),
    ("words_per_minute", "Speed", "words a minute"),
    ("longest_wait", "Longest wait within it", "seconds from word to word"),
)


def coverage_plot(coverage: DataFrame) -> Figure:
    """Stories × languages by state: a square each where there are few, else a bar a language."""
    from matplotlib.patches import Patch

    counts = by_language(coverage)
    stories = coverage["id"].nunique()
    few = 0 < stories <= _MOST_ROWS
    (axes,) = panels(width=7.0, height=1.6 + 0.28 * (stories if few else len(counts)))
    if few:
        _squares(axes, coverage)
    else:
        _bars(axes, counts)
    label(axes, "Stories × languages of the catalog", "language" if few else "stories")
    patches = [Patch(color=colour, label=state) for state, colour in _STATE_COLOURS.items()]
    axes.legend(handles=patches, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure_of(axes)


def quality_plot(stories: DataFrame) -> Figure:
    """English texts: a histogram a figure, the median dotted; the wanted number of words is shaded."""
    drawn = panels(len(_ENGLISH), width=3.6, height=2.7, columns=3)
    for axes, (column, title, unit) in zip(drawn, _ENGLISH, strict=True):
        values = stories[column].dropna().astype(float)
        bins: Any = "auto"
        if column == "attempts":
            bins = [number + 0.5 for number in range(ATTEMPTS + 1)]
            integer_ticks(axes.xaxis)
        axes.hist(values, bins=bins, color=COLOURS[0], rwidth=0.9)
        if len(values):
            axes.axvline(values.median(), color=COLOURS[1], linestyle=":", linewidth=2.5)
        label(axes, title, unit, "stories")
        integer_ticks(axes.yaxis)
    drawn[0].axvspan(FEWEST_WORDS, MOST_WORDS, color=WANTED, zorder=0)
    return figure_of(drawn[0])


def judge_plot(stories: DataFrame, thresholds: dict[str, float]) -> Figure:
    """The judge's odds, a row a question, a dot a story. thresholds: the least that passes."""
    questions = [name.removeprefix(JUDGE) for name in stories.columns if name.startswith(JUDGE)]
    (axes,) = panels(width=7.0, height=1.4 + 0.4 * len(questions))
    for row, question in enumerate(questions):
        dots(axes, stories[f"{JUDGE}{question}"].dropna().astype(float), row, COLOURS[0])
        if question in thresholds:
            _tick(axes, thresholds[question], row, COLOURS[5])
    name_rows(axes, questions)
    axes.set_xlim(-0.02, 1.02)
    label(axes, "The judge's odds; the bar is the least that passes", "odds of the wanted reply, 0 to 1")
    return figure_of(axes)


def languages_plot(narrations: DataFrame) -> Figure:
    """Narrations and translations: a panel a figure, a row a language, a dot a story, the median as a bar."""
    height = 1.5 + 0.34 * max(2, narrations["locale"].nunique())
    drawn = panels(len(_SPOKEN), width=3.6, height=height, columns=3)
    for axes, (column, title, unit) in zip(drawn, _SPOKEN, strict=True):
        by_locale = dict(list(narrations.dropna(subset=[column]).groupby("locale")[column]))
        for row, values in enumerate(by_locale.values()):
            dots(axes, values.astype(float), row, COLOURS[0])
            _tick(axes, float(values.median()), row, COLOURS[1])
        name_rows(axes, [str(locale) for locale in by_locale])
        label(axes, title, unit)
    return figure_of(drawn[0])


def variety_plot(counted: Sequence[tuple[str, DataFrame]], nearest: Any, most: int = 10) -> Figure:
    """Shares as bars for each (title, table of name, stories, share). nearest: each story's cosine with the
    story most like it."""
    drawn = panels(len(counted) + 1, width=5.0, height=3.2)
    for axes, (title, frame) in zip(drawn, counted, strict=False):
        rows = frame.head(most)
        # Characters that the plots' font has.
        names = [name.encode("latin-1", "replace").decode("latin-1") for name in rows.iloc[:, 0]]
        axes.barh(names, 100 * rows["share"], color=COLOURS[0], height=0.6)
        axes.set_ylim(max(len(rows), _FEWEST_BARS) - 0.4, -0.6)
        axes.set_xlim(0, 100)
        label(axes, title, "% of stories")
    last = drawn[-1]
    last.hist(nearest, bins=20, range=(0, 1), color=COLOURS[0], rwidth=0.9)
    label(last, "How alike the most alike story is", "cosine of content words, 0 to 1", "stories")
    integer_ticks(last.yaxis)
    return figure_of(last)


def _squares(axes: Axes, coverage: DataFrame) -> None:
    stories = coverage.drop_duplicates("id")
    rows = {story_id: row for row, story_id in enumerate(stories["id"])}
    locales = sorted(coverage["locale"].unique())
    x, y = coverage["locale"].map(locales.index), coverage["id"].map(rows)
    axes.scatter(x, y, s=120, marker="s", color=list(coverage["state"].map(_STATE_COLOURS)))
    axes.set_xticks(range(len(locales)), locales)
    axes.set_xlim(-0.6, len(locales) - 0.4)
    lines = zip(stories["line"], stories["id"], strict=True)
    name_rows(axes, [f"line {line}: {story_id[:8]}" for line, story_id in lines])


def _bars(axes: Axes, counts: DataFrame) -> None:
    if len(counts):
        counts.plot.barh(
            x="locale", y=list(STATES), stacked=True, color=_STATE_COLOURS, width=0.6, ax=axes, legend=False
        )
    axes.invert_yaxis()
    integer_ticks(axes.xaxis)


def _tick(axes: Axes, value: float, row: int, colour: str) -> None:
    axes.plot([value, value], [row - 0.35, row + 0.35], color=colour, linewidth=2)
