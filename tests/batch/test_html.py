"""Texts of older stores on pages and in Markdown: signs that are not seen are shown as escapes."""

from __future__ import annotations

from pipeline.batch import html as pages
from pipeline.notebooks import html

# An override (UAX 9), a C1 control, NUL; and a joiner that an emoji needs.
TEXT = "Nora\u202e\x9b31m\x00 👩\u200d👧 <b>"
SHOWN = r"Nora\u202e\u009b31m\u0000 👩" + "\u200d👧 &lt;b&gt;"


def test_a_template_shows_them_escaped() -> None:
    template = pages._environment().from_string("<p>{{ text }}</p>\n<i>{{ mark | safe }}</i> {{ number }}")
    assert template.render(text=TEXT, mark="<br>", number=7) == f"<p>{SHOWN}</p>\n<i><br></i> 7"


def test_a_notebook_shows_them_escaped() -> None:
    assert html.paragraph(TEXT) == f"<p>{SHOWN}</p>"
    assert SHOWN in html.grid([TEXT], [[7]])
    assert html.card(TEXT, TEXT, html.paragraph("x")).count(SHOWN) == 2


def test_markdown_holds_none() -> None:
    assert not {"\u202e", "\x9b", "\x00"} & set(pages.plain(TEXT))
