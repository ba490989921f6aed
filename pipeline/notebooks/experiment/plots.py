"""An experiment's plots: prompts side by side, means with 95 % intervals over contexts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipeline.notebooks.drawing import COLOURS, WANTED, panels
from pipeline.notebooks.experiment.decision import NOT_WORSE
from pipeline.notebooks.experiment.intervals import Interval
from pipeline.notebooks.experiment.measures import difference, level, made, prompts
from pipeline.story.checks import FEWEST_WORDS, MOST_WORDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from pandas import DataFrame

_DISTRIBUTIONS = (
    ("words", "Words of a draft", "words (wanted: shaded)"),
    ("ari", "How hard to read", "ARI, school grade (0: age 5)"),
    ("distinct_2", "How varied the wording is", "distinct pairs of words"),
)
_JITTER = 0.16


def distributions(frame: DataFrame) -> Figure | SubFigure:
    """A dot a draft; beside them the mean with its interval."""
    axes = panels(len(_DISTRIBUTIONS), wide=3.7, high=_high(frame), columns=len(_DISTRIBUTIONS))
    for at, (plot, (figure, title, label)) in enumerate(zip(axes, _DISTRIBUTIONS, strict=True)):
        if figure == "words":
            plot.axvspan(FEWEST_WORDS, MOST_WORDS, color=WANTED, zorder=0)
        _dots(plot, frame, figure)
        _say(plot, title, label)
        if at:
            plot.tick_params(labelleft=False)
    return axes[0].figure


def accept_rates(frame: DataFrame) -> Figure | SubFigure:
    (plot,) = panels(1, wide=6.4, high=_high(frame))
    names = prompts(frame)
    for place, name in enumerate(names):
        interval = level(frame, name, "accepted")
        _bar(plot, place, interval, _colour(place))
        # Above its line, so that it covers neither the line nor a neighbour.
        plot.annotate(
            f"{interval.mean:.0%}",
            (interval.mean, place),
            (0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    _say(plot, "Accepted at the first draft", "share of drafts, 95 % interval")
    plot.set_xlim(-0.03, 1.05)
    _names(plot, names)
    return plot.figure


def costs(frame: DataFrame) -> Figure | SubFigure:
    """Quality against latency, and against tokens: a point a prompt, with both intervals. Up and left is
    better."""
    left, right = panels(2, wide=5.4, high=4.2)
    for plot, figure, title, label in (
        (left, "seconds", "latency", "seconds a draft"),
        (right, "tokens", "tokens", "tokens a draft, read and written"),
    ):
        for place, name in enumerate(prompts(frame)):
            if not len(made(frame, name)):
                continue
            across, up = level(frame, name, figure), level(frame, name, "accepted")
            colour, marker = _colour(place), "osD^vPX*"[place % 8]
            plot.errorbar(
                across.mean,
                up.mean,
                xerr=_reach(across),
                yerr=_reach(up),
                fmt=marker,
                color=colour,
                capsize=3,
                label=name,
            )
        _say(plot, f"Quality against {title}", label)
        plot.set(ylabel="accepted at the first draft", ylim=(-0.05, 1.05))
    right.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    return left.figure


def variety(frame: DataFrame) -> Figure | SubFigure:
    (plot,) = panels(1, wide=6.4, high=_high(frame))
    _dots(plot, frame, "nearest")
    _say(
        plot,
        "How alike a draft is to the nearest of another context",
        "cosine of content words (0: nothing shared, 1: the same)",
    )
    plot.set_xlim(left=0)
    return plot.figure


def marks(frame: DataFrame, questions: Sequence[str]) -> Figure | SubFigure:
    axes = panels(len(questions), wide=3.4, high=_high(frame), columns=len(questions))
    for at, (plot, question) in enumerate(zip(axes, questions, strict=True)):
        _dots(plot, frame, question)
        _say(plot, question.capitalize(), "mark, 1 to 10")
        plot.set_xlim(0.5, 10.5)
        if at:
            plot.tick_params(labelleft=False)
    return axes[0].figure


def differences(frame: DataFrame, baseline: str) -> Figure | SubFigure:
    """Each candidate's accept rate less the baseline's. All of an interval right of 0: better."""
    names = [name for name in prompts(frame) if name != baseline]
    (plot,) = panels(1, wide=6.4, high=_high(frame))
    plot.axvspan(NOT_WORSE, 0, color="#EEEEEE", zorder=0)
    plot.axvline(0, color="#555555", linewidth=1)
    for place, name in enumerate(names):
        _bar(plot, place, difference(frame, baseline, name, "accepted"), _colour(place + 1))
    _say(
        plot,
        f"Accepted: less {baseline}, paired",
        f"difference of shares, 95 % interval (grey: worse by {-NOT_WORSE} at most)",
    )
    _names(plot, names)
    return plot.figure


def _say(plot: Axes, title: str, label: str) -> None:
    plot.set_title(title, loc="left", fontsize=11, fontweight="bold")
    plot.set_xlabel(label, fontsize=10)


def _dots(plot: Axes, frame: DataFrame, figure: str) -> None:
    """A draft a dot, spread by its place in the row so that equals are seen; the mean just above them."""
    names = prompts(frame)
    for place, name in enumerate(names):
        told = list(made(frame, name)[figure].dropna())
        heights = [place + 0.12 + _JITTER * (at % 3 - 1) for at in range(len(told))]
        plot.scatter(told, heights, s=18, color=_colour(place), alpha=0.45, linewidths=0)
        _bar(plot, place - 0.22, level(frame, name, figure), "#222222")
    _names(plot, names)


def _bar(plot: Axes, place: float, interval: Interval, colour: str) -> None:
    if interval.n:
        plot.errorbar(
            interval.mean, place, xerr=_reach(interval), fmt="o", color=colour, capsize=4, markersize=5
        )


def _reach(interval: Interval) -> Any:
    """How far an interval reaches to both sides; nowhere where it is not known."""
    if interval.low != interval.low:
        return [[0.0], [0.0]]
    return [[max(0.0, interval.mean - interval.low)], [max(0.0, interval.high - interval.mean)]]


def _names(plot: Axes, names: Sequence[str]) -> None:
    """From top to bottom in the order in which they were asked."""
    plot.set_yticks(range(len(names)), names)
    plot.set_ylim(len(names) - 0.5, -0.5)


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _high(frame: DataFrame) -> float:
    return 1.4 + 0.5 * len(prompts(frame))
