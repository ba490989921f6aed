"""Pages, each whole in one file, and Markdown: in both, a text is never taken for markup."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.story.plain_text import visible

_MEANS_SOMETHING = re.compile(r"[\\`*_{}\[\]<>|~&$]")
_BEGINS_A_BLOCK = re.compile(r"^([-+#=]|\d+[.)])")
# A renderer makes links even of escaped text; a word joiner between keeps it text.
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
_JOINER = "\u2060"


def rendered(template: str, **values: Any) -> str:
    """The page. template: a name of templates/. All values are escaped."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pipeline.batch"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=_shown,
        keep_trailing_newline=True,
    )
    environment.filters["grouped"] = grouped
    return environment


def _shown(value: Any) -> Any:
    """A template's value; a text without signs that are not seen."""
    return visible(value) if type(value) is str else value  # Markup is a page's own


def grouped(number: int) -> str:
    """12 345, with a narrow no-break space, which no language takes for a decimal sign."""
    return f"{number:,}".replace(",", "\u202f")


def duration(seconds: float) -> str:
    """In words: 42 s, 5 min 12 s, 3 h 20 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def plain(text: str) -> str:
    """The text escaped for Markdown, in one line (CommonMark 2.4: a backslash escapes punctuation)."""
    escaped = _MEANS_SOMETHING.sub(r"\\\g<0>", _ADDRESS.sub(_JOINER, visible(text)))
    return _BEGINS_A_BLOCK.sub(lambda begin: f"{begin[0][:-1]}\\{begin[0][-1]}", escaped)
