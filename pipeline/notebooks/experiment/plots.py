"""An experiment's plots: prompts side by side, means with 95 % intervals over contexts."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from pipeline.notebooks.drawing import COLOURS, WANTED, dots, figure_of, label, name_rows, panels
from pipeline.notebooks.experiment.decision import NOT_WORSE
from pipeline.notebooks.experiment.intervals import Interval
from pipeline.notebooks.experiment.measures import difference, drafts, level, prompts
from pipeline.story.checks import FEWEST_WORDS, MOST_WORDS

# Column, title, label of the axis.
_DISTRIBUTIONS = (
    ("words", "Words of a draft", "words (wanted: shaded)"),
    ("ari", "How hard to read", "ARI, school grade (0: age 5)"),
    ("distinct_2", "How varied the wording is", "distinct pairs of words"),
    ("nearest", "Most alike of another idea", "cosine of content words (0 to 1)"),
)


def distributions(frame: DataFrame) -> Figure:
    """A dot a draft; above them the mean with its interval."""
    figure = _dot_plots(frame, _DISTRIBUTIONS)
    figure.axes[0].axvspan(FEWEST_WORDS, MOST_WORDS, color=WANTED, zorder=0)
    return figure


def marks(frame: DataFrame, questions: Sequence[str]) -> Figure:
    """A grader's marks, a panel a question."""
    figure = _dot_plots(frame, [(name, name.capitalize(), "mark, 1 to 10") for name in questions])
    for axes in figure.axes:
        axes.set_xlim(0.5, 10.5)
    return figure


def accept_rates(frame: DataFrame) -> Figure:
    """The share of drafts that are accepted, with its interval."""
    shares = {name: level(frame, name, "accepted") for name in prompts(frame)}
    axes = _rows(shares, 0)
    for row, share in enumerate(shares.values()):
        if share.n:  # above its bar, so that it covers neither the bar nor a neighbour
            axes.annotate(f"{share.mean:.0%}", (share.mean, row), (0, 6), textcoords="offset points")
    label(axes, "Accepted at the first draft", "share of drafts, 95 % interval")
    axes.set_xlim(-0.03, 1.05)
    return figure_of(axes)


def differences(frame: DataFrame, baseline: str) -> Figure:
    """Each candidate's accept rate less the baseline's. An interval wholly right of 0: better."""
    names = prompts(frame, baseline)
    axes = _rows({name: difference(frame, baseline, name, "accepted") for name in names}, 1)
    axes.axvspan(NOT_WORSE, 0, color="#EEEEEE", zorder=0)
    axes.axvline(0, color="#555555", linewidth=1)
    x = f"difference of shares, 95 % interval (grey: worse by {-NOT_WORSE} at most)"
    label(axes, f"Accepted: less {baseline}, paired", x)
    return figure_of(axes)


def _rows(intervals: dict[str, Interval], first_colour: int) -> Axes:
    """A plot with a bar a prompt. first_colour: a prompt has the same one in every plot."""
    (axes,) = panels(width=6.4, height=_height(len(intervals)))
    for row, interval in enumerate(intervals.values()):
        _bar(axes, row, interval, _colour(first_colour + row))
    name_rows(axes, list(intervals))
    return axes


def _dot_plots(frame: DataFrame, columns: Sequence[tuple[str, str, str]]) -> Figure:
    """A panel for each (column, title, axis label); a row a prompt."""
    names = prompts(frame)
    drawn = panels(len(columns), width=3.4, height=_height(len(names)), columns=len(columns))
    for axes, (column, title, x) in zip(drawn, columns, strict=True):
        for row, name in enumerate(names):
            dots(axes, drafts(frame, name)[column].dropna(), row + 0.08, _colour(row))
            _bar(axes, row - 0.3, level(frame, name, column), "#222222")
        label(axes, title, x)
        name_rows(axes, names)
    for axes in drawn[1:]:
        axes.tick_params(labelleft=False)
    return figure_of(drawn[0])


def _bar(axes: Axes, row: float, interval: Interval, colour: str) -> None:
    """Nothing is drawn for what is unknown (NaN)."""
    axes.plot([interval.low, interval.high], [row, row], "|-", color=colour, markersize=8)
    axes.plot(interval.mean, row, "o", color=colour, markersize=5)


def _colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


def _height(rows: int) -> float:
    return 1.4 + 0.5 * rows
