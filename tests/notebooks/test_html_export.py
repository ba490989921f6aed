"""The page of an executed notebook: whole in one file, and it asks no other host for anything."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipeline.notebooks.html_export import to_html

# Attributes by which a page loads something (HTML, "fetching resources").
_LOADING = {"src", "srcset", "href", "data", "poster", "action", "background"}
# As a plotting library or an injected title might bring it.
HOSTILE = '<script src="https://cdn.example.com/x.js"></script><img src="https://t.example.com/p.png">'
POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "media-src": ["data:"],
    "font-src": ["data:"],
}


class Elements(HTMLParser):
    """loaded: addresses by which an element loads something. policy: the page's Content-Security-Policy."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.scripts = 0
        self.policy: dict[str, list[str]] = {}
        self.before_policy: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if attributes.get("http-equiv") == "Content-Security-Policy":
            rules = (rule.split() for rule in attributes["content"].split(";"))
            self.policy = {name: sources for name, *sources in rules}
        elif not self.policy:
            self.before_policy.append(tag)
        self.scripts += tag == "script"
        self.loaded += [attributes[name] for name in _LOADING & attributes.keys() if tag != "a"]


def page(folder: Path, html: str) -> str:
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/html": html}}
    code = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "source": "1",
        "execution_count": 1,
        "outputs": [output],
    }
    text = {"cell_type": "markdown", "id": "b", "metadata": {}, "source": "# Report\n\n$x^2$ and `code`"}
    notebook = {"cells": [text, code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path = folder / "executed.ipynb"
    path.write_text(json.dumps(notebook), "utf-8")
    return to_html(path)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    return page(tmp_path_factory.mktemp("report"), '<img src="data:image/png;base64,AA=="> in a table')


def test_a_report_loads_nothing_from_elsewhere(report: str) -> None:
    elements = Elements(report)
    assert elements.loaded == ["data:image/png;base64,AA=="]
    assert elements.scripts == 0
    assert "@import" not in report
    assert "in a table" in report


def test_a_policy_holds_for_what_an_output_brings(tmp_path: Path) -> None:
    """The browser ignores a policy for what stands before it."""
    elements = Elements(page(tmp_path, HOSTILE))
    assert elements.policy == POLICY
    assert set(elements.before_policy) <= {"html", "head", "meta", "title"}
