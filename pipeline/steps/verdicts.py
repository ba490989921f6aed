"""How drafts are judged: which checks bind, and what a refused one was refused for."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.story import plain_text
from pipeline.story.offers import audience_of
from pipeline.types import Check, StoryRequest

ATTEMPTS = 3


def band_checks(request: StoryRequest, sentences: Sequence[str]) -> tuple[Check, ...]:
    """Of the request's age band; none for an audience in free words."""
    audience = audience_of(request.audience)
    return audience.checks(sentences) if audience else ()


def binding(failed: tuple[Check, ...], strict: bool) -> tuple[Check, ...]:
    """Those for which a text is refused: all, or, where checks only report, what no file may hold."""
    return tuple(check for check in failed if strict or check.name.endswith(plain_text.NAME))


def reasons(failed: tuple[Check, ...]) -> str:
    """The failed checks in words for a person."""
    return ", ".join(
        f"{check.name} {'' if check.figure is None else check.figure}".strip() for check in failed
    )
