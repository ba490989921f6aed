"""The names of editions, which are parts of keys: "fr" is a story in French, by that locale's own voice.

"fr-x-sara" is the same text by another voice, "fr-x-siwis-p90" by a voice at 0.9 of its usual pace: in the
form of a BCP-47 tag with private subtags, so that whatever takes a locale takes an edition.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Protocol

USUAL_PACE, SLOWEST, FASTEST = 1.0, 0.7, 1.3
_NAME = re.compile(r"(?P<locale>.+?)(-x-(?P<voice>[a-z]+)(-p(?P<percent>\d+))?)?")


class Parts(NamedTuple):
    """voice: its name in the table of voices; "" for the locale's own. pace: 1.0 is the usual."""

    locale: str
    voice: str = ""
    pace: float = USUAL_PACE


def name(locale: str, voice: str, pace: float = USUAL_PACE) -> str:
    """Of an edition whose voice or pace is not the locale's own. pace: to the hundredth."""
    return f"{locale}-x-{voice}" + (f"-p{round(pace * 100)}" if pace != USUAL_PACE else "")


def parse(edition: str) -> Parts:
    match = _NAME.fullmatch(edition)
    if match is None or match["voice"] is None:
        return Parts(edition)
    return Parts(match["locale"], match["voice"], int(match["percent"] or 100) / 100)


def locale(edition: str) -> str:
    """In which the text of an edition is: "fr" of "fr-x-sara"."""
    return parse(edition).locale


class Spoken(Protocol):
    """What an edition is named by: a manifest, a card. voice: "" for the locale's own at its usual pace."""

    @property
    def locale(self) -> str: ...

    @property
    def voice(self) -> str: ...

    @property
    def pace(self) -> float: ...


def of(spoken: Spoken) -> str:
    """The name of its edition."""
    return name(spoken.locale, spoken.voice, spoken.pace) if spoken.voice else spoken.locale
