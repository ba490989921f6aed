"""The style of the notebooks' plots: readable in a notebook, on a page, and for colour-blind readers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

# Okabe and Ito 2008: distinguishable for colour-blind readers.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
WANTED = "#DDEFE3"  # shading of a wanted range, such as 80 to 120 words
_STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.dpi": 110,
    "legend.frameon": False,
}


def panels(count: int = 1, width: float = 5.0, height: float = 3.6, columns: int = 2) -> list[Axes]:
    """Empty plots of one figure, row by row. width, height: inches of each plot."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    columns = min(columns, count)
    rows = -(-count // columns)
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width * columns, height * rows))
        figure.set_layout_engine(ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.08))
        return [figure.add_subplot(rows, columns, number) for number in range(1, count + 1)]


def figure_of(axes: Axes) -> Figure:
    """The figure of a plot: as a cell's last value, a notebook shows it (after `%matplotlib inline`)."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure


def label(axes: Axes, title: str, x: str = "", y: str = "") -> None:
    """Sets the title and the axis labels."""
    axes.set_title(title, loc="left", fontweight="bold", fontsize=11)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def integer_ticks(axis: Axis) -> None:
    """Integer ticks only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """A named row for each, from top to bottom."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)


def dots(axes: Axes, values: Iterable[float], row: float, colour: str) -> None:
    """A dot for each value, spread over the row's height in a fixed order, so that equal values show."""
    x = list(values)
    y = [row + 0.125 * (index % 5 - 2) for index in range(len(x))]
    axes.scatter(x, y, s=16, alpha=0.5, color=colour, linewidths=0)
