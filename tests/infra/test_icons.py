"""The page's icons, as committed."""

from __future__ import annotations

from infra.frontend import icons


def test_committed_icons_are_those_of_the_drawing() -> None:
    committed = {path.name: path.read_bytes() for path in icons.FOLDER.iterdir()}
    assert committed == icons.icons()
