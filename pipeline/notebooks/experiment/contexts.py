"""The ideas that prompts are compared on, and those that the comparison never saw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.notebooks.experiment.yaml_files import mapping
from pipeline.story.text import clean

_MOST = 1000


@dataclass(frozen=True, slots=True)
class Contexts:
    search: tuple[str, ...]
    unseen: tuple[str, ...]


def contexts(path: Path, search: int, unseen: int) -> Contexts:
    """The first so many of each. Raises ConfigError: not two lists of ideas, an idea in both, a count of
    0."""
    told = mapping(path)
    if set(told) != {"search", "unseen"}:
        raise ConfigError(f"{path.name} is to have two lists, search and unseen", problem="bad-setting")
    lists = {name: _ideas(path, name, told[name]) for name in told}
    if both := set(lists["search"]) & set(lists["unseen"]):
        raise ConfigError(
            f"{path.name}: {min(both)[:60]!r} is in both lists: what the search saw is not unseen",
            problem="bad-setting",
        )
    return Contexts(lists["search"][:search], lists["unseen"][:unseen])


def _ideas(path: Path, name: str, told: object) -> tuple[str, ...]:
    if not isinstance(told, list) or not told or len(told) > _MOST:
        raise ConfigError(f"{path.name}: {name} is to be a list of 1 to {_MOST} ideas", problem="bad-setting")
    if wrong := [one for one in told if not isinstance(one, str) or not one.strip()]:
        raise ConfigError(
            f"{path.name}: {name}: {str(wrong[0])[:60]!r} is no text: put it in quotes",
            problem="bad-setting",
        )
    ideas = tuple(map(clean, told))
    if twice := next((one for one in ideas if ideas.count(one) > 1), None):
        raise ConfigError(f"{path.name}: {name}: {twice[:60]!r} is there twice", problem="bad-setting")
    return ideas
