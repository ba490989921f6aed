"""BCP-47 tags: what was asked for, matched to what there is."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.errors import RequestError

_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|\d{3}))?(-([A-Za-z0-9]{5,8}|\d[A-Za-z0-9]{3}))*")


def canonical(tag: str) -> str:
    """fr_ca -> fr-CA. Raises RequestError for what is no tag."""
    tag = tag.strip().replace("_", "-")
    if not _TAG.fullmatch(tag):
        raise RequestError(
            f"not a language tag: {tag[:40]!r}; write it as en, fr or fr-CA", problem="unknown-locale"
        )
    language, *rest = tag.split("-")
    cased = [
        part.title() if len(part) == 4 else part.upper() if len(part) <= 3 else part.lower() for part in rest
    ]
    return "-".join([language.lower(), *cased])


def match(tag: str, known: Iterable[str]) -> str:
    """The known locale that serves `tag`: itself, else its language. RequestError names the known."""
    served = list(known)
    try:
        parts = canonical(tag).split("-")
    except RequestError:
        parts = []
    while parts:
        if "-".join(parts) in served:
            return "-".join(parts)
        parts.pop()
    raise RequestError(
        f"unknown locale {tag[:40]!r}: there are {', '.join(served)}", problem="unknown-locale"
    )


def language(tag: str) -> str:
    """The primary subtag: fr-CA -> fr."""
    return tag.split("-")[0].lower()
