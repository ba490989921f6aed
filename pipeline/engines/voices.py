"""The voices of a profile's engines: rows of data/voices.toml, and Polly's of the service's own table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.config.voices import VoiceRow, rows

_POLLY = "polly"


def offered(profile: Mapping[str, Any], polly: Path | None = None) -> tuple[VoiceRow, ...]:
    """The voices of a profile, in the order of its locales, each locale's own voice first.

    polly: a table that replaces the shipped one of Polly's voices, where it exists. Raises ConfigError: it
    cannot be read.
    """
    locales = list(profile["locales"])
    mine = (row for row in (*rows(), *_polly(profile, polly)) if row.engine in profile["voices"])
    known = [row for row in mine if row.locale in locales]
    return tuple(sorted(known, key=lambda row: (locales.index(row.locale), not is_default(profile, row))))


def is_default(profile: Mapping[str, Any], row: VoiceRow) -> bool:
    """Whether it speaks its locale where no other voice is asked for."""
    own = profile["locales"][row.locale]
    return (own["speech"], own["voice"]) == (row.engine, row.id)


def _polly(profile: Mapping[str, Any], path: Path | None) -> tuple[VoiceRow, ...]:
    if _POLLY not in profile["voices"]:
        return ()
    from pipeline.engines.aws.voices import read_table

    table = read_table(path)
    return tuple(
        VoiceRow(locale, voice.id.lower(), _POLLY, voice.id, voice.about, "unmeasured")
        for locale, voice in table.choices("neural")
    )
