"""What a catalog file may say. Every format is read as text and becomes these, so that all obey one rule."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

# A cell of a table holds a list as "sea; night".
_BETWEEN = re.compile(r"\s*[;,]\s*")


def _listed(told: Any) -> Any:
    if isinstance(told, str):
        return tuple(part for part in _BETWEEN.split(told.strip()) if part)
    return told


def _filled(told: Any) -> Any:
    """An empty cell says nothing."""
    return (
        {key: value for key, value in told.items() if value not in ("", None)}
        if isinstance(told, dict)
        else told
    )


Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Tags = Annotated[tuple[Word, ...], BeforeValidator(_listed), Field(max_length=20)]
Locales = Annotated[tuple[Word, ...], BeforeValidator(_listed), Field(max_length=50)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]
Variants = Annotated[int, Field(ge=1, le=1000)]
Audience = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(_Said):
    """One line of a catalog. variants: how many stories of the idea. Empty: as the catalog says."""

    context: str
    tags: Tags = ()
    audience: Audience = ""
    variants: Variants | None = None
    locales: Locales = ()


class Publish(_Said):
    """review: who looks before publishing. sample: the share of stories that a person is shown, besides
    everything that a check flagged."""

    review: Literal["none", "sample", "all"] = "sample"
    sample: Annotated[float, Field(ge=0, le=1)] = 0.05


class Catalog(_Said):
    """What holds for all entries. budget: US dollars, None for no bound. max_failed: more than these stories
    × locales failed, and the run is red. experimental: also languages measured as not intelligible."""

    name: Name
    locales: Annotated[Locales, Field(min_length=1)] = ("en",)
    tags: Tags = ()
    variants: Variants = 1
    audience: Audience = ""
    budget: Annotated[float, Field(ge=0)] | None = None
    max_failed: Annotated[int, Field(ge=0)] = 0
    experimental: bool = False
    publish: Publish = Publish()


FilledEntry = Annotated[Entry, BeforeValidator(_filled)]
