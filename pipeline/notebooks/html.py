"""HTML fragments in which every text is escaped: a title or an idea may have been written for a browser."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from pipeline.notebooks.drawing import COLOURS
from pipeline.story.plain_text import visible

if TYPE_CHECKING:
    from pandas import DataFrame

# A "$" of a text is no formula: the classes that MathJax 2 and 3 ignore.
_PAGE = Markup('<div class="tex2jax_ignore mathjax_ignore" dir="auto">{}</div>')
_CELL = "text-align:start;vertical-align:top;white-space:pre-line;max-width:36em;padding:4px 10px"
_TABLE = Markup('<div style="overflow-x:auto"><table style="margin:0 0 1em">{}</table></div>')
_BADGE = Markup(
    '<span style="border:1px solid currentColor;border-radius:4px;padding:0 5px;margin:0 4px">{}</span>'
)
_CARD = Markup(
    '<section style="border-inline-start:4px solid {};padding-inline-start:12px;margin:0 0 1.4em;'
    'max-width:52em"><h4 style="margin:0 0 .2em">{}</h4><p style="margin:0 0 .4em">{}</p>{}</section>'
)
_PLAYER = Markup('<audio controls preload="metadata" src="data:audio/mpeg;base64,{}"></audio>')


@dataclass(frozen=True, slots=True)
class Page:
    """A cell's last value, which a notebook shows. html: already escaped."""

    html: Markup

    def _repr_html_(self) -> str:
        return str(_PAGE.format(self.html))

    def __repr__(self) -> str:
        return " ".join(self.html.striptags().split())[:200]


def page(*parts: Markup | str) -> Page:
    """The parts, one after the other."""
    return Page(Markup("").join(parts))


def sentence(text: str) -> Page:
    """A page of one paragraph."""
    return page(paragraph(text))


def paragraph(text: str) -> Markup:
    return Markup("<p>{}</p>").format(_plain(text))


def table(frame: DataFrame, most: int = 20, empty: str = "Nothing.") -> Page:
    """The first `most` rows and the number of the rest. empty: shown instead of a table without rows."""
    if not len(frame):
        return sentence(empty)
    rows = frame.head(most)
    heading = [str(name).replace("_", " ") for name in rows.columns]
    rest = len(frame) - len(rows)
    return page(
        grid(heading, rows.itertuples(index=False, name=None)),
        paragraph(f"… and {rest:,} more.") if rest else "",
    )


def grid(heading: Iterable[Any], rows: Iterable[Iterable[Any]]) -> Markup:
    """A table; cells that are not Markup are escaped."""
    return _TABLE.format(_row(heading, "th") + Markup("").join(_row(row, "td") for row in rows))


def card(title: str, line: Markup | str, body: Markup, colour: str = COLOURS[0]) -> Markup:
    """A story: its title, a line about it, and its content."""
    return _CARD.format(colour, _plain(title) or "(no title)", _plain(line), body)


def badges(labels: Iterable[str]) -> Markup:
    """Labels that a listener must see, such as "draft translation"."""
    return Markup("").join(_BADGE.format(label) for label in labels)


def player(mp3: bytes) -> Markup:
    """An audio player with its sound in the page."""
    return _PLAYER.format(b64encode(mp3).decode())


def _plain(text: Markup | str) -> Markup | str:
    """A text without signs that are not seen; what is HTML already stays."""
    return text if isinstance(text, Markup) else visible(text)


def _row(cells: Iterable[Any], tag: str) -> Markup:
    return Markup("<tr>{}</tr>").format(Markup("").join(_cell(cell, tag) for cell in cells))


def _cell(value: Any, tag: str) -> Markup:
    content = value if isinstance(value, Markup) else escape(_as_text(value))
    return Markup('<{0} dir="auto" style="{1}">{2}</{0}>').format(tag, _CELL, content)


def _as_text(value: Any) -> str:
    """NaN and None are unknown figures."""
    if value is None or value != value:
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else visible(str(value))
