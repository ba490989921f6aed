"""The review notebook's pictures. Each is a figure that a cell shows as its last value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipeline.notebooks.drawing import COLOURS, WANTED, panels, titled, whole
from pipeline.notebooks.review.frames import JUDGE, STATES, by_language
from pipeline.steps.generate import ATTEMPTS
from pipeline.story.checks import FEWEST_WORDS, MOST_WORDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame, Series

# Made, failed, missing, left: told apart by the colour-blind, and by their place and name.
_STATE_COLOURS = dict(zip(STATES, (COLOURS[2], COLOURS[5], COLOURS[1], "#BBBBBB"), strict=True))
# More rows than that are told as bars: nobody finds a story in them.
_MOST_ROWS = 40
# A lone bar is not to fill its panel.
_FEW_BARS = 5
_ENGLISH = (
    ("words", "How long", "words"),
    ("ari", "Readability (ARI)", "school grade; 0 is a child of five"),
    ("lix", "Readability (LIX)", "under 25: a children's book"),
    ("repetition", "Said again", "share of 4-word runs that come again"),
    ("distinct_2", "Different words", "different pairs of words over all"),
    ("attempts", "Drafts until one passed", "drafts"),
)
_SPOKEN = (
    ("length_ratio", "Length of the translation", "characters over those of the English"),
    ("confidence", "Sure of the language", "0 to 1, by the detector"),
    ("seconds", "How long it sounds", "seconds"),
    ("words_per_minute", "How fast it is told", "words a minute"),
    ("longest_wait", "Longest wait within it", "seconds from word to word"),
)


def coverage_plot(coverage: DataFrame) -> Figure:
    """Stories × languages: each square, where there are few; else bars, a language each."""
    counts = by_language(coverage)
    stories = coverage["id"].nunique()
    few = 0 < stories <= _MOST_ROWS
    high = 1.6 + 0.28 * (stories if few else len(counts))
    (axes,) = panels(1, wide=7.0, high=high)
    (_squares if few else _bars)(axes, coverage if few else counts)
    titled(axes, "Stories × languages of the catalog", "language" if few else "stories")
    _state_legend(axes)
    return _figure(axes)


def quality_plot(stories: DataFrame) -> Figure:
    """English texts: a histogram a figure, the median dotted; behind the words, what is wanted."""
    drawn = panels(len(_ENGLISH), wide=3.6, high=2.7, columns=3)
    for axes, (name, title, unit) in zip(drawn, _ENGLISH, strict=True):
        _histogram(axes, stories[name].dropna().astype(float), title, unit)
    drawn[0].axvspan(FEWEST_WORDS, MOST_WORDS, color=WANTED, zorder=0)
    return _figure(drawn[0])


def judge_plot(stories: DataFrame, least: dict[str, float]) -> Figure:
    """The odds that the judge gave, a row a question, a dot a story; least: what each was held against."""
    names = [name for name in stories.columns if name.startswith(JUDGE)]
    (axes,) = panels(1, wide=7.0, high=1.4 + 0.4 * len(names))
    for row, name in enumerate(names):
        _dots(axes, stories[name].dropna().astype(float), row, COLOURS[0])
        if (bound := least.get(name.removeprefix(JUDGE))) is not None:
            axes.plot([bound, bound], [row - 0.35, row + 0.35], color=COLOURS[5], linewidth=2)
    _rows(axes, [name.removeprefix(JUDGE) for name in names])
    axes.set_xlim(-0.02, 1.02)
    titled(axes, "The judge's odds; the bar is the least that passes", "odds of the answer wanted, 0 to 1")
    return _figure(axes)


def languages_plot(editions: DataFrame) -> Figure:
    """Narrations and translations: a panel a figure, a row a language, a dot a story, the median as a bar."""
    high = 1.5 + 0.34 * max(2, editions["locale"].nunique())
    drawn = panels(len(_SPOKEN), wide=3.6, high=high, columns=3)
    for axes, (name, title, unit) in zip(drawn, _SPOKEN, strict=True):
        locales = sorted(editions.loc[editions[name].notna(), "locale"].unique())
        for row, locale in enumerate(locales):
            values = editions.loc[editions["locale"] == locale, name].dropna().astype(float)
            _dots(axes, values, row, COLOURS[0])
            if len(values):
                axes.plot([values.median()] * 2, [row - 0.35, row + 0.35], color=COLOURS[1], linewidth=2)
        _rows(axes, locales)
        titled(axes, title, unit)
    return _figure(drawn[0])


def variety_plot(counted: Sequence[tuple[str, DataFrame]], nearest: Any, most: int = 10) -> Figure:
    """(title, frame of name, stories, share) each as bars of shares; nearest: the cosines of each story with
    the one most like it."""
    drawn = panels(len(counted) + 1, wide=5.0, high=3.2)
    for axes, (title, frame) in zip(drawn, counted, strict=False):
        shown = frame.head(most)
        axes.barh(
            [_plain(name) for name in shown.iloc[:, 0]], 100 * shown["share"], color=COLOURS[0], height=0.6
        )
        axes.set_ylim(max(len(shown), _FEW_BARS) - 0.4, -0.6)
        titled(axes, title, "% of stories")
        axes.set_xlim(0, 100)
    last = drawn[-1]
    last.hist(nearest, bins=20, range=(0, 1), color=COLOURS[0], rwidth=0.9)
    titled(last, "How alike the most alike story is", "cosine of content words, 0 to 1", "stories")
    whole(last.yaxis)
    return _figure(last)


def _squares(axes: Axes, coverage: DataFrame) -> None:
    stories = list(dict.fromkeys(coverage["id"]))
    lines = dict(zip(coverage["id"], coverage["line"], strict=True))
    locales = sorted(coverage["locale"].unique())
    for state in STATES:
        told = coverage[coverage["state"] == state]
        across = [locales.index(one) for one in told["locale"]]
        down = [stories.index(one) for one in told["id"]]
        axes.scatter(across, down, s=120, marker="s", color=_STATE_COLOURS[state])
    axes.set_xticks(range(len(locales)), locales)
    axes.set_yticks(range(len(stories)), [f"line {lines[one]}: {one[:8]}" for one in stories])
    axes.set_xlim(-0.6, len(locales) - 0.4)
    axes.set_ylim(len(stories) - 0.4, -0.6)


def _bars(axes: Axes, counts: DataFrame) -> None:
    begun = 0 * counts["asked"]
    for state in STATES:
        axes.barh(counts["locale"], counts[state], left=begun, color=_STATE_COLOURS[state], height=0.6)
        begun = begun + counts[state]
    axes.invert_yaxis()
    whole(axes.xaxis)


def _state_legend(axes: Axes) -> None:
    from matplotlib.patches import Patch

    patches = [Patch(color=_STATE_COLOURS[state], label=state) for state in STATES]
    axes.legend(handles=patches, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _histogram(axes: Axes, values: Series[float], title: str, unit: str) -> None:
    counted = unit == "drafts"
    axes.hist(values, bins=_bins(values, counted), color=COLOURS[0], rwidth=0.9)
    if len(values):
        axes.axvline(values.median(), color=COLOURS[1], linestyle=":", linewidth=2.5)
    titled(axes, title, unit, "stories")
    whole(axes.yaxis)
    if counted:
        whole(axes.xaxis)


def _bins(values: Series[float], counted: bool) -> Any:
    """Around each number of drafts; around the one value, where all are alike."""
    if counted:
        return [0.5, *(number + 0.5 for number in range(1, ATTEMPTS + 1))]
    if values.nunique() != 1:
        return "auto"
    only = values.iloc[0]
    wide = max(abs(only) * 0.02, 0.005)
    return [only - 3 * wide, only - wide, only + wide, only + 3 * wide]


def _dots(axes: Axes, values: Series[float], row: int, colour: str) -> None:
    """Side by side over the row's height, in a fixed order, so that equal ones do not hide one another."""
    spread = [row + 0.25 * ((at % 5) - 2) / 2 for at in range(len(values))]
    axes.scatter(values, spread, s=14, alpha=0.6, color=colour, linewidths=0)


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)


def _plain(name: str) -> str:
    """What the plots' font can draw."""
    return name.encode("latin-1", "replace").decode("latin-1")


def _figure(axes: Axes) -> Figure:
    """The whole of it, with air (inches) between its panels."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    found = axes.figure
    assert isinstance(found, Figure)
    found.set_layout_engine(ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.08))
    return found
