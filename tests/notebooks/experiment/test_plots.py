from __future__ import annotations

import pytest
from pandas import DataFrame

from pipeline.notebooks.experiment import plots
from tests.notebooks.experiment.tables import rows, table

COLUMNS = {"ari": 3.0, "distinct_2": 0.8, "grammar": 7.0}
DRAWN = {
    "distributions": plots.distributions,
    "accept_rates": plots.accept_rates,
    "costs": plots.costs,
    "variety": plots.variety,
    "marks": lambda frame: plots.marks(frame, ["grammar"]),
    "differences": lambda frame: plots.differences(frame, "old"),
}


def usual() -> DataFrame:
    return table(rows("old", [1, 0, 1], **COLUMNS), rows("new", [1, 1, 0], **COLUMNS))


def one_context() -> DataFrame:
    return table(rows("old", [1], **COLUMNS), rows("new", [0], **COLUMNS))


def all_failed() -> DataFrame:
    return table(rows("old", [1, 1], **COLUMNS), rows("new", [1, 1], failure="away", **COLUMNS))


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("frame", [usual, one_context, all_failed])
def test_every_plot_says_what_it_shows_whatever_there_is(name: str, frame: object) -> None:
    assert callable(frame)
    figure = DRAWN[name](frame())
    figure.canvas.draw()
    for plot in figure.axes:
        assert plot.get_title(loc="left")
        assert plot.get_xlabel()


def test_what_is_wanted_is_shaded() -> None:
    words = plots.distributions(usual()).axes[0]
    (band,) = words.patches
    assert (band.get_x(), band.get_x() + band.get_width()) == (80, 120)


def test_prompts_stand_from_top_to_bottom_as_they_were_asked() -> None:
    (plot,) = plots.accept_rates(usual()).axes
    assert [label.get_text() for label in plot.get_yticklabels()] == ["old", "new"]
    assert plot.get_ylim() == (1.5, -0.5)
