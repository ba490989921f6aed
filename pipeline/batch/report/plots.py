"""The report's plots, as SVG that takes its colours from the page around it."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from pipeline.batch.report.figures import Chunk, Report
from pipeline.storage.ledger import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

_WIDE, _HIGH, _A_BAR = 4.4, 2.5, 0.42  # inches
_MOST_BARS = 8
# Placeholders, replaced in the SVG by the page's own colours for light and dark.
_INK, _SOFT, _ONE, _TWO = "#010101", "#010102", "#010103", "#010104"
_COLOURS = {_INK: "currentColor", _SOFT: "var(--line)", _ONE: "var(--one)", _TWO: "var(--two)"}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    # A "$" of a label is no formula.
    "text.parse_math": False,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "figure.constrained_layout.use": True,
}
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)


def plots(report: Report) -> list[tuple[str, Markup]]:
    """(title, SVG) of each plot that has data."""
    seconds = _by_engine(report.cost, lambda row: row.usage.seconds)
    dollars = _by_engine(report.cost, lambda row: row.dollars or 0.0)
    drawings: list[tuple[str, Any, Callable[[Axes, Any], None]]] = [
        ("How long the stories sound", report.audio, _lengths),
        ("Seconds of work, chunk by chunk", report.chunks, _work),
        ("Not made, by problem", report.causes, _problems),
        ("US$ by engine", dollars, _engines),
        ("The engines' own seconds", seconds, _engines),
    ]
    return [(title, _drawn(title, report.run, data, draw)) for title, data, draw in drawings if data]


def _by_engine(rows: Iterable[Row], amount: Callable[[Row], float]) -> dict[str, float]:
    """Sums by engine, without zeros."""
    sums: dict[str, float] = defaultdict(float)
    for row in rows:
        sums[row.engine] += amount(row)
    return {engine: summed for engine, summed in sums.items() if summed}


def _lengths(axes: Axes, audio: Iterable[float]) -> None:
    axes.hist(list(audio), bins="sqrt", color=_ONE, rwidth=0.92)
    axes.set_xlabel("seconds")
    axes.set_ylabel("stories")
    _whole(axes.yaxis)


def _work(axes: Axes, chunks: Iterable[Chunk]) -> None:
    """Each stage is one shape, so that a thousand chunks make no larger page than one."""
    known = {chunk.number: chunk for chunk in chunks}
    numbers = range(1, max(known) + 1)
    nothing = Chunk(0, 0.0, 0.0, 0)
    write = [known.get(number, nothing).write for number in numbers]
    both = [at + known.get(number, nothing).narrate for at, number in zip(write, numbers, strict=True)]
    edges = [number - 0.5 for number in (*numbers, len(numbers) + 1)]
    axes.stairs(write, edges, fill=True, color=_ONE, label="write, translate")
    axes.stairs(both, edges, baseline=write, fill=True, color=_TWO, label="narrate")
    axes.set_xlabel("chunk")
    axes.set_ylabel("seconds")
    _whole(axes.xaxis)
    axes.set_ylim(0, max(both) * 1.3 or 1)
    axes.legend(frameon=False, ncols=2, loc="upper left", borderaxespad=0)


def _problems(axes: Axes, amounts: Mapping[str, float]) -> None:
    _bars(axes, amounts, _TWO)


def _engines(axes: Axes, amounts: Mapping[str, float]) -> None:
    _bars(axes, amounts, _ONE)


def _bars(axes: Axes, amounts: Mapping[str, float], colour: str) -> None:
    shown = sorted(amounts.items(), key=lambda item: -item[1])[:_MOST_BARS][::-1]
    places = range(len(shown))
    bars = axes.barh(places, [amount for _, amount in shown], color=colour, height=0.36)
    for at, (name, _) in zip(places, shown, strict=True):  # above its bar: a phone has no room beside it
        axes.text(0, at + 0.22, name.encode("ascii", "replace").decode()[:44], va="bottom", fontsize=9)
    axes.bar_label(bars, [_figure(amount) for _, amount in shown], padding=3, fontsize=9)
    axes.set_axis_off()
    axes.set_ylim(-0.3, len(shown) - 0.3)
    axes.margins(x=0.16)


def _figure(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.3g}"


def _whole(axis: Axis) -> None:
    """Integer ticks only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins="auto", steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))


def _drawn(title: str, salt: str, data: Any, draw: Callable[[Axes, Any], None]) -> Markup:
    """SVG. salt: with the title, makes the ids of a plot unique on the page, and the same each time."""
    import matplotlib
    from matplotlib.figure import Figure

    high = _A_BAR * min(_MOST_BARS, len(data)) + 0.2 if isinstance(data, dict) else _HIGH
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": f"{salt} {title}"}):
        figure = Figure(figsize=(_WIDE, high))
        draw(figure.add_subplot(), data)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    svg = file.getvalue()
    svg = _METADATA.sub("", svg[svg.index("<svg") :])
    for placeholder, colour in _COLOURS.items():
        svg = svg.replace(placeholder, colour)
    return Markup(svg.replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1))  # noqa: S704
