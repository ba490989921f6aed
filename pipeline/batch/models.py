"""The schema of a catalog file. Every format is read as text and validated here, by the same rules."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from pipeline.storage.editions import FASTEST, SLOWEST, USUAL_PACE

# A list in a cell of a table: "sea; night".
_SEPARATOR = re.compile("[;,]")


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(part for part in map(str.strip, _SEPARATOR.split(value)) if part)
    return value


def _without_empty_cells(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: cell for key, cell in value.items() if cell not in ("", None)}
    return value


Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Tags = Annotated[tuple[Word, ...], BeforeValidator(_split), Field(max_length=20)]
Locales = Annotated[tuple[Word, ...], BeforeValidator(_split), Field(max_length=50)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]
Variants = Annotated[int, Field(ge=1, le=1000)]
Voice = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]
Pace = Annotated[float, Field(ge=SLOWEST, le=FASTEST)]
Audience = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)]
Length = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(_Strict):
    """One entry of a catalog. variants: stories of the idea. Empty fields: the catalog's settings."""

    context: str
    tags: Tags = ()
    audience: Audience = ""
    length: Length = ""
    variants: Variants | None = None
    locales: Locales = ()
    voice: Voice = ""
    pace: Pace | None = None


class Publish(_Strict):
    """review: which editions a person reviews before publishing. sample: the share, 0 to 1, that is reviewed
    besides everything that a check flagged."""

    review: Literal["none", "sample", "all"] = "sample"
    sample: Annotated[float, Field(ge=0, le=1)] = 0.05


class Catalog(_Strict):
    """The settings for all entries. budget: US dollars, None for no bound. max_failed: editions that may fail
    before the run is red. experimental: allows languages measured as not intelligible. voice: its name, in
    every locale; "": each locale's own. audience: an age band or free words; length: its name; "": the usual.
    """

    name: Name
    locales: Annotated[Locales, Field(min_length=1)] = ("en",)
    voice: Voice = ""
    pace: Pace = USUAL_PACE
    tags: Tags = ()
    variants: Variants = 1
    audience: Audience = ""
    length: Length = ""
    budget: Annotated[float, Field(ge=0)] | None = None
    max_failed: Annotated[int, Field(ge=0)] = 0
    experimental: bool = False
    publish: Publish = Publish()


FilledEntry = Annotated[Entry, BeforeValidator(_without_empty_cells)]
