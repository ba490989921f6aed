"""The pinned translators: the shipped table, and what is taken for being here."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.config.profiles import profile
from pipeline.engines.embedded import translators
from pipeline.engines.embedded.translators import PARTS, Direction
from pipeline.errors import ConfigError
from pipeline.story.locales import language


def place(directory: Path, *directions: Direction) -> None:
    """Files of the right sizes, and of no content."""
    directory.mkdir(exist_ok=True)
    for direction in directions:
        for part, pin in direction.parts.items():
            path = direction.path(part, directory)
            assert path is not None
            with path.open("wb") as file:
                file.truncate(pin.size)


def test_every_language_of_the_profile_has_both_directions() -> None:
    for locale in profile("embedded")["locales"]:
        pairs = [(direction.source, direction.target) for direction in translators.of(language(locale))]
        assert pairs == ([] if locale == "en" else [("en", locale), (locale, "en")])


def test_every_file_is_pinned_and_has_a_location_of_its_own() -> None:
    known = translators.table()
    pins = [pin for direction in known.directions.values() for pin in direction.parts.values()]
    assert all(re.fullmatch("[0-9a-f]{64}", pin.sha256) for pin in pins)
    assert all(pin.size > 100_000 for pin in pins)
    assert len({pin.location for pin in pins}) == len(pins)
    assert known.licence == "MPL-2.0"
    assert re.fullmatch(r"https://[a-z.-]+", known.host)


def test_fetched_files_have_names_of_their_own(tmp_path: Path) -> None:
    paths = [
        direction.path(part, tmp_path)
        for direction in translators.table().directions.values()
        for part in PARTS
        if not direction.package
    ]
    assert len(set(paths)) == len(paths) == 36


def test_portuguese_is_here_wherever_the_packages_are_installed(tmp_path: Path) -> None:
    directions = translators.of("pt")
    assert translators.are_here(directions, tmp_path)
    for direction in directions:
        assert {part: len(content) for part, content in translators.read(direction, tmp_path).items()} == {
            part: pin.size for part, pin in direction.parts.items()
        }


def test_a_package_that_is_not_installed_has_no_files(tmp_path: Path) -> None:
    direction = replace(translators.of("pt")[0], package="no-such-package")
    assert not translators.are_here((direction,), tmp_path)
    with pytest.raises(ConfigError, match="make setup"):
        translators.read(direction, tmp_path)


def test_a_direction_is_here_with_all_its_files_in_their_sizes(tmp_path: Path) -> None:
    directions = translators.of("fr")
    assert not translators.are_here(directions, tmp_path)
    place(tmp_path, *directions)
    assert translators.are_here(directions, tmp_path)
    path = directions[1].path("shortlist", tmp_path)
    assert path is not None
    path.write_bytes(b"cut")
    assert not translators.are_here(directions, tmp_path)
    path.unlink()
    assert not translators.are_here(directions, tmp_path)
    assert translators.are_here(directions[:1], tmp_path)


def test_a_language_without_translators_has_none_here(tmp_path: Path) -> None:
    assert translators.of("zh") == ()
    assert not translators.are_here((), tmp_path)


def test_a_missing_file_is_an_error_that_names_its_fetch(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="stories models fetch firefox-en-de --force") as raised:
        translators.read(translators.of("de")[0], tmp_path)
    assert raised.value.problem == "missing-weights"
