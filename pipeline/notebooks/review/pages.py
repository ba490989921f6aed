"""What a reviewer reads, as HTML in which every text is only ever text: whoever wrote a title or an idea may
have meant it for a browser."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from pipeline.batch.html import duration
from pipeline.batch.report.figures import Report
from pipeline.batch.report.plots import plots
from pipeline.notebooks.drawing import COLOURS

if TYPE_CHECKING:
    from pandas import DataFrame

# A "$" of a text is no formula: the names by which MathJax 2 and 3 are told to look away.
_PAGE = Markup('<div class="tex2jax_ignore mathjax_ignore" dir="auto">{}</div>')
_CELL = "text-align:start;vertical-align:top;white-space:pre-line;max-width:36em;padding:4px 10px"
_ROW = Markup("<tr>{}</tr>")
_TABLE = Markup('<table style="margin:0 0 1em">{}</table>')
_BADGE = Markup(
    '<span style="border:1px solid currentColor;border-radius:4px;padding:0 5px;margin:0 4px">{}</span>'
)
_CARD = Markup(
    '<section style="border-inline-start:4px solid {};padding-inline-start:12px;margin:0 0 1.4em;'
    'max-width:52em"><h4 style="margin:0 0 .2em">{}</h4><p style="margin:0 0 .4em">{}</p>{}</section>'
)
_COUNTED = {"made": "made", "skipped": "made before", "left": "left by the budget"}
# The report page's plots take their colours from what is around them.
_AROUND_PLOTS = Markup(
    '<div style="display:flex;flex-wrap:wrap;gap:1.5em;--one:{};--two:{};--line:#999999">{}</div>'
)
_PLOT = Markup('<figure style="margin:0;width:380px"><figcaption><b>{}</b></figcaption>{}</figure>')


@dataclass(frozen=True, slots=True)
class Page:
    """A cell's last value: a notebook shows it. html: escaped by whoever made it."""

    html: Markup

    def _repr_html_(self) -> str:
        return str(_PAGE.format(self.html))

    def __repr__(self) -> str:
        return " ".join(self.html.striptags().split())[:200]


def page(*parts: Markup | str) -> Page:
    return Page(Markup("").join(parts))


def said(text: str) -> Page:
    return page(paragraph(text))


def paragraph(text: str) -> Markup:
    return Markup("<p>{}</p>").format(text)


def table(frame: DataFrame, most: int = 20, nothing: str = "Nothing.") -> Page:
    """The first `most` rows, and how many more there are; `nothing`: said of none."""
    if not len(frame):
        return said(nothing)
    shown = frame.head(most)
    rows = shown.itertuples(index=False, name=None)
    found = grid([str(name).replace("_", " ") for name in shown.columns], rows)
    more = len(frame) - len(shown)
    return page(found, paragraph(f"… and {more:,} more.") if more else "")


def grid(heading: Iterable[Any], rows: Iterable[Iterable[Any]]) -> Markup:
    """Cells that are not Markup are escaped."""
    head = _ROW.format(Markup("").join(_cell(one, "th") for one in heading))
    body = Markup("").join(_ROW.format(Markup("").join(_cell(one, "td") for one in row)) for row in rows)
    return _TABLE.format(head + body)


def card(title: str, told: Markup | str, body: Markup, colour: str = COLOURS[0]) -> Markup:
    """A story: its title, a line about it, and what there is of it."""
    return _CARD.format(colour, title or "(no title)", told, body)


def badges(labels: Iterable[str]) -> Markup:
    """What a listener must be told: "draft translation"."""
    return Markup("").join(_BADGE.format(one) for one in labels)


def verdict(found: Report, listing: str) -> Page:
    """What became of the run, in one look. listing: what readers have of it."""
    rates = found.rates
    counts = ("made", "skipped", "left")
    told = [
        ("verdict", found.verdict + (", stopped by its budget" if found.stopped else "")),
        ("run", f"{found.run} of {found.catalog['name']}, by the profile {found.profile}"),
        ("begun", f"{datetime.fromtimestamp(found.began, UTC):%Y-%m-%d %H:%M} UTC"),
        ("readers", listing),
        ("stories × languages asked for", found.planned),
        *((_COUNTED[name], getattr(found, name)) for name in counts),
        ("failed", len(found.failed)),
        ("missing", len(found.missing)),
        ("from plan to end", duration(found.wall)),
        ("stories × languages an hour", rates.stories_per_hour),
        ("tokens a second of the writer", rates.tokens_per_second),
        ("seconds of sound a second of the voice", rates.audio_seconds_per_second),
        (f"US$, by prices of {found.prices}", f"{found.dollars:.4f}"),
    ]
    return page(grid(("what", "figure"), told))


def run_plots(found: Report) -> Page:
    """Those of the run's report page: lengths, work, what was not made and why, money, engines' time."""
    drawn = Markup("").join(_PLOT.format(title, svg) for title, svg in plots(found))
    return page(_AROUND_PLOTS.format(COLOURS[0], COLOURS[5], drawn))


def _cell(told: Any, tag: str) -> Markup:
    content = told if isinstance(told, Markup) else escape(_in_words(told))
    return Markup('<{0} dir="auto" style="{1}">{2}</{0}>').format(tag, _CELL, content)


def _in_words(told: Any) -> str:
    """NaN and None are what is not known."""
    if told is None or told != told:
        return "–"
    if isinstance(told, float):
        return f"{told:,.0f}" if abs(told) >= 1000 else f"{told:.3g}"
    return f"{told:,}" if isinstance(told, int) and not isinstance(told, bool) else str(told)
