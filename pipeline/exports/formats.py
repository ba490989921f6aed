"""The formats that a story can leave in, one table: what each takes, and what makes it.

The command line imports this to show its help: what a format needs is imported when it is made.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING

from pipeline.errors import RequestError
from pipeline.exports.provenance.claim import RULES, TRAINED
from pipeline.exports.transcript import Transcript
from pipeline.ports import Store

if TYPE_CHECKING:
    from pipeline.exports.provenance.signer import Signer

# Bytes of a file's name that every file system takes, less what an ending needs.
_LONGEST_NAME = 100

Make = Callable[[Store, Sequence[Transcript]], bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """suffix: of its files. languages, stories: how many it takes at most. about: for a person who chooses.

    make: its bytes, of the editions in the order that they are asked for; the same for the same editions.
    origin: the code of how it came to be, for what is signed; "" where C2PA has no place for a signature.
    package: that it needs and `make setup-story` does not install.
    """

    suffix: str
    media_type: str
    about: str
    make: Make
    languages: int = 1
    stories: int = 1
    origin: str = ""
    package: str = ""


def _vtt(_: Store, editions: Sequence[Transcript]) -> bytes:
    from pipeline.exports.vtt import vtt

    return vtt(editions[0])


def _epub(store: Store, editions: Sequence[Transcript]) -> bytes:
    from pipeline.exports.epub.book import book

    return book(store, editions)


def _print(_: Store, editions: Sequence[Transcript]) -> bytes:
    from pipeline.exports.paper import paper

    return paper(editions)


def _m4b(store: Store, editions: Sequence[Transcript]) -> bytes:
    from pipeline.exports.audiobook import audiobook

    return audiobook(store, editions)


def _mp3(store: Store, editions: Sequence[Transcript]) -> bytes:
    from pipeline.exports.mp3 import mp3

    return mp3(store, editions[0])


def _png(_: Store, editions: Sequence[Transcript]) -> bytes:
    from pipeline.exports.artwork import artwork

    return artwork(editions[0]).data


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "vtt": Format(".vtt", "text/vtt", "a transcript for players, a time for each word", _vtt),
        "epub": Format(
            ".epub",
            "application/epub+zip",
            "a book that reads itself aloud, word by word; two languages side by side",
            _epub,
            2,
            origin=TRAINED,
        ),
        "print": Format(".html", "text/html", "a page to read from on paper, its picture inside", _print, 2),
        "mp3": Format(".mp3", "audio/mpeg", "the story's sound with its cover", _mp3, origin=TRAINED),
        "m4b": Format(
            ".m4b",
            "audio/mp4",
            "an evening's stories as one audiobook, a chapter each",
            _m4b,
            1,
            100,
            TRAINED,
            "av",
        ),
        # Composed by rules from drawings of people: no model paints it.
        "png": Format(".png", "image/png", "its cover, 1400 pixels square", _png, origin=RULES),
    }
)


def available() -> tuple[str, ...]:
    """Names of the formats that this installation can make."""
    return tuple(name for name, each in FORMATS.items() if not each.package or find_spec(each.package))


def check(name: str, stories: int, languages: int) -> None:
    """Raises RequestError: the format does not take so many."""
    chosen = FORMATS[name]
    for count, most, things in (
        (stories, chosen.stories, ("story", "stories")),
        (languages, chosen.languages, ("language", "languages")),
    ):
        if count > most:
            limit = f"one {things[0]}" if most == 1 else f"at most {most} {things[1]}"
            raise RequestError(f"{name} is a file of {limit}, not of {count}", problem="bad-export")


def content(name: str, store: Store, editions: Sequence[Transcript], signer: Signer | None = None) -> bytes:
    """The file, signed where the format can be; signer: None for files without a signature."""
    chosen = FORMATS[name]
    data = chosen.make(store, editions)
    if not signer or not chosen.origin:
        return data
    return signer.sign(data, chosen.media_type, chosen.origin, editions)


def file_name(name: str, editions: Sequence[Transcript], among: str = "") -> str:
    """For a file of these editions: the title's letters, marks and digits, cut where it is long.

    among: what keeps it apart from another story of the same title; "" where it is alone.
    """
    kept = (char if unicodedata.category(char)[0] in "LMN" else " " for char in editions[0].title)
    stem = "-".join("".join(kept).split()).encode()[:_LONGEST_NAME].decode(errors="ignore")
    languages = "-".join(dict.fromkeys(each.edition for each in editions))
    names = (stem or editions[0].story_id[:8], *([among] if among else []), languages)
    return ".".join(names) + FORMATS[name].suffix
