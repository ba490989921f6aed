"""Covers as SVG and PNG."""

from __future__ import annotations

import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from pipeline.exports.picture import svg, tables
from pipeline.exports.picture.png import png
from tests.exports.picture.stories import SNAIL, SNAIL_IDEA, WHALE, WHALE_IDEA, story

_PRINT = """
from hashlib import sha256
from pipeline.exports.picture import svg
from tests.exports.picture.stories import SNAIL, SNAIL_IDEA
print(sha256(svg(SNAIL, SNAIL_IDEA).encode()).hexdigest())
"""


@pytest.mark.parametrize("night", [False, True])
@pytest.mark.parametrize(("text", "idea"), [(SNAIL, SNAIL_IDEA), (WHALE, WHALE_IDEA)])
def test_a_cover_is_well_formed_and_loads_nothing(text: object, idea: str, night: bool) -> None:
    assert text in (SNAIL, WHALE)
    picture = svg(SNAIL if text is SNAIL else WHALE, idea, night)
    root = ElementTree.fromstring(picture)
    assert root.get("viewBox") == "0 0 1000 1000"
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not tags & {"image", "use", "script", "style", "a", "foreignObject", "text"}
    assert "href" not in picture


def test_hero_and_friend_are_in_the_picture() -> None:
    picture = svg(SNAIL, SNAIL_IDEA)
    assert tables.drawing("snail") in picture
    assert tables.drawing("butterfly") in picture
    assert tables.drawing("whale") not in picture


def test_the_night_version_is_another_picture_of_the_same_figures() -> None:
    day, night = svg(SNAIL, SNAIL_IDEA), svg(SNAIL, SNAIL_IDEA, night=True)
    assert day != night
    assert tables.drawing("snail") in night


def test_another_text_is_another_picture() -> None:
    assert svg(SNAIL, SNAIL_IDEA) != svg(WHALE, WHALE_IDEA)


def test_a_story_without_figures_gets_a_star() -> None:
    assert tables.drawing("star") in svg(story("Nobody spoke."), "nothing at all")


def test_the_same_bytes_in_every_process() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _PRINT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_a_cover_as_png_has_its_size_and_the_same_bytes_again() -> None:
    picture = svg(SNAIL, SNAIL_IDEA)
    data = png(picture, 64, 64)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(data[16:20], "big") == int.from_bytes(data[20:24], "big") == 64
    assert png(picture, 64, 64) == data
