"""BCP-47 language tags: canonical form, and the known locale that serves a tag."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.errors import RequestError

# language, script, region, variants (RFC 5646); extensions say nothing about who can speak it.
_TAG = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?(-([a-z\d]{5,8}|\d[a-z\d]{3}))*", re.I | re.A)


def canonical(tag: str) -> str:
    """The canonical form: fr_ca -> fr-CA. Raises RequestError: not a tag."""
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
    """The known locale that serves `tag`: itself, else its language. Raises RequestError: none does."""
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


_NAMES = {
    "en": "English",
    "fr": "French",
    "nl": "Dutch",
    "ar": "Arabic",
    "it": "Italian",
    "es": "Spanish",
    "de": "German",
    "pt": "Portuguese",
}


def names(tags: Iterable[str]) -> str:
    """The languages of these tags in words, each once: "English, French or Dutch"."""
    *most, last = dict.fromkeys(_NAMES.get(language(tag), tag) for tag in tags)
    return f"{', '.join(most)} or {last}" if most else last
