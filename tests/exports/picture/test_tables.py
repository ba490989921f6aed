"""The tables of figures are whole, and free to use."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

from infra import figures as builder
from pipeline.exports.picture import tables

DATA = Path(tables.__file__).parents[2] / "data" / "pictures"
ROLES = ("animals", "swimmers", "flyers", "people", "buildings", "boats", "aloft", "plants", "things")


def test_every_figure_has_a_drawing_that_is_svg_without_ids() -> None:
    for name in tables.figures():
        drawing = ElementTree.fromstring(f"<g>{tables.drawing(name)}</g>")
        assert len(drawing), name
        assert not [element for element in drawing.iter() if "id" in element.attrib], name


def test_no_word_means_two_figures() -> None:
    table = tomllib.loads((DATA / "figures.toml").read_text("utf-8"))
    words = Counter(word.strip() for role in ROLES for row in table[role].values() for word in row.split(","))
    assert [word for word, count in words.items() if count > 1] == []


def test_what_is_said_of_figures_is_said_of_known_ones() -> None:
    table = tables.read("figures")
    lists = {section: table[section]["names"].split() for section in ("busts", "never_mirrored", "scenery")}
    named = {name for names in lists.values() for name in names} | table["sizes"].keys()
    assert named - tables.figures().keys() == set()


def test_the_drawings_are_those_that_the_rows_need_from_the_pinned_package() -> None:
    stored = json.loads((DATA / "drawings.json").read_text("utf-8"))
    needed = builder.names(tables.read("figures"), tables.read("shapes"))
    assert sorted(stored["drawings"]) == needed
    assert stored["source"] == {
        "package": builder.PACKAGE,
        "version": builder.VERSION,
        "integrity": builder.INTEGRITY,
        "licence": "MIT",
    }
    assert "Copyright (c) Microsoft Corporation" in (DATA / "LICENSE-fluent-emoji").read_text("utf-8")


def test_the_colours_are_those_of_the_drawings() -> None:
    assert (DATA / "colours.toml").read_text("utf-8") == builder.colours()


def test_the_tables_are_small() -> None:
    assert sum(file.stat().st_size for file in DATA.iterdir()) < 1_000_000
