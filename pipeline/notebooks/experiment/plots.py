"""An experiment's plots: prompts side by side, means with 95 % intervals over contexts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipeline.notebooks.drawing import COLOURS, WANTED, dots, figure_of, label, name_rows, panels
from pipeline.notebooks.experiment.decision import NOT_WORSE
from pipeline.notebooks.experiment.intervals import Interval
from pipeline.notebooks.experiment.measures import difference, drafts, level, prompts
from pipeline.story.checks import FEWEST_WORDS, MOST_WORDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

# Column, title, label of the axis.
_DISTRIBUTIONS = (
    ("words", "Words of a draft", "words (wanted: shaded)"),
    ("ari", "How hard to read", "ARI, school grade (0: age 5)"),
    ("distinct_2", "How varied the wording is", "distinct pairs of words"),
)
_COSTS = (
    ("seconds", "Quality against latency", "seconds a draft"),
    ("tokens", "Quality against tokens", "tokens a draft, read and written"),
)
_NEAREST = (
    "nearest",
    "How alike a draft is to the nearest of another context",
    "cosine of content words (0: nothing shared, 1: the same)",
)


def distributions(frame: DataFrame) -> Figure:
    """A dot a draft; above them the mean with its interval."""
    figure = _dot_plots(frame, _DISTRIBUTIONS, 3.7)
    figure.axes[0].axvspan(FEWEST_WORDS, MOST_WORDS, color=WANTED, zorder=0)
    return figure


def variety(frame: DataFrame) -> Figure:
    """How alike drafts are."""
    figure = _dot_plots(frame, [_NEAREST], 6.4)
    figure.axes[0].set_xlim(left=0)
    return figure


def marks(frame: DataFrame, questions: Sequence[str]) -> Figure:
    """A grader's marks, a panel a question."""
    figure = _dot_plots(frame, [(name, name.capitalize(), "mark, 1 to 10") for name in questions], 3.4)
    for axes in figure.axes:
        axes.set_xlim(0.5, 10.5)
    return figure


def accept_rates(frame: DataFrame) -> Figure:
    """The share of drafts that are accepted, with its interval."""
    (axes,) = panels(width=6.4, height=_height(frame))
    names = prompts(frame)
    for row, name in enumerate(names):
        interval = level(frame, name, "accepted")
        _bar(axes, row, interval, _colour(row))
        # Above its bar, so that it covers neither the bar nor a neighbour.
        axes.annotate(f"{interval.mean:.0%}", (interval.mean, row), (0, 6), textcoords="offset points")
    label(axes, "Accepted at the first draft", "share of drafts, 95 % interval")
    axes.set_xlim(-0.03, 1.05)
    name_rows(axes, names)
    return figure_of(axes)


def costs(frame: DataFrame) -> Figure:
    """Quality against latency, and against tokens: a point a prompt, with both intervals. Up and left is
    better."""
    drawn = panels(len(_COSTS), width=5.4, height=4.2)
    names = [name for name in prompts(frame) if len(drafts(frame, name))]
    for axes, (column, title, x) in zip(drawn, _COSTS, strict=True):
        for index, name in enumerate(names):
            cost, quality = level(frame, name, column), level(frame, name, "accepted")
            axes.errorbar(
                cost.mean,
                quality.mean,
                xerr=_reach(cost),
                yerr=_reach(quality),
                fmt="osD^vPX*"[index % 8],
                color=_colour(index),
                capsize=3,
                label=name,
            )
        label(axes, title, x, "accepted at the first draft")
        axes.set_ylim(-0.05, 1.05)
    drawn[-1].legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return figure_of(drawn[0])


def differences(frame: DataFrame, baseline: str) -> Figure:
    """Each candidate's accept rate less the baseline's. An interval wholly right of 0: better."""
    names = [name for name in prompts(frame) if name != baseline]
    (axes,) = panels(width=6.4, height=_height(frame))
    axes.axvspan(NOT_WORSE, 0, color="#EEEEEE", zorder=0)
    axes.axvline(0, color="#555555", linewidth=1)
    for row, name in enumerate(names):
        _bar(axes, row, difference(frame, baseline, name, "accepted"), _colour(row + 1))
    x = f"difference of shares, 95 % interval (grey: worse by {-NOT_WORSE} at most)"
    label(axes, f"Accepted: less {baseline}, paired", x)
    name_rows(axes, names)
    return figure_of(axes)


def _dot_plots(frame: DataFrame, columns: Sequence[tuple[str, str, str]], width: float) -> Figure:
    """A panel for each (column, title, axis label); a row a prompt."""
    drawn = panels(len(columns), width=width, height=_height(frame), columns=len(columns))
    names = prompts(frame)
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
    if interval.n:
        axes.errorbar(
            interval.mean, row, xerr=_reach(interval), fmt="o", color=colour, capsize=4, markersize=5
        )


def _reach(interval: Interval) -> Any:
    """Distances from the mean to both ends; 0 where they are unknown."""
    ends = (interval.mean - interval.low, interval.high - interval.mean)
    return [[max(0.0, end) if end == end else 0.0] for end in ends]


def _colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


def _height(frame: DataFrame) -> float:
    return 1.4 + 0.5 * len(prompts(frame))
