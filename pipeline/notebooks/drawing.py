"""How plots look: one style, readable in a notebook, a page and for the colour-blind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

# Okabe and Ito 2008: told apart by the colour-blind, too.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
WANTED = "#DDEFE3"  # behind what is wanted, such as 80 to 120 words
_STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "figure.dpi": 110,
    "legend.frameon": False,
}


def panels(count: int = 1, wide: float = 5.0, high: float = 3.6, columns: int = 2) -> list[Axes]:
    """So many empty plots in one figure, row by row; wide, high: inches of each. `axes.figure` is the figure:
    as a cell's last value, it is shown (after `%matplotlib inline`)."""
    import matplotlib
    from matplotlib.figure import Figure

    columns = min(columns, count)
    rows = -(-count // columns)
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(wide * columns, high * rows), layout="constrained")
        return [figure.add_subplot(rows, columns, number) for number in range(1, count + 1)]


def titled(axes: Axes, title: str, across: str = "", up: str = "") -> None:
    """A title and labels in the style of `panels`: matplotlib reads its settings only when a text is set."""
    axes.set_title(title, loc="left", fontweight="bold", fontsize=_STYLE["font.size"] + 1)
    axes.set_xlabel(across)
    axes.set_ylabel(up)


def whole(axis: Axis) -> None:
    """There is no half story."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
