"""The keys of everything in a store. What is named by a digest is immutable."""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple

from pipeline.storage.digest import digest

WRITTEN_IN = "en"
# The prefixes of what a store of files lets its owner alone read: secrets, and stories with a child's name.
PRIVATE = "server/"
NAMED = "private/"
# The first part of every key in a bucket, for permissions. In older stores sounds of sentences are in audio/.
FOLDERS = (
    "audio",
    "cache",
    "catalogs",
    "claims",
    "idempotency",
    "private",
    "push",
    "quarantine",
    "runs",
    "shelves",
    "stories",
)
# Read to see that the store answers; nothing is ever written there.
HEALTH = "stories/health"
# How long stories take on this machine: a hint, for a server to say what to expect.
LEARNED = f"{PRIVATE}learned.json"
# Of its digest, in an mp3's name.
MP3_DIGITS = 16
MANIFEST = "manifest.json"
_EDITION, _ID = r"(?P<edition>[A-Za-z0-9-]{2,35})", r"(?P<story_id>[0-9a-f]{32})"
# A usual story's id; with a p, a private one's: 16 digits of its folder, 16 of its own.
STORY_ID = "p?[0-9a-f]{32}"
_FOLDER_DIGITS = 16
_STORY_FILE = re.compile(rf"stories/(?P<story_id>{STORY_ID})/(?:{_EDITION}/)?(?P<name>[^/]+)")
_NAMED = re.compile(rf"{NAMED}(?P<folder>[0-9a-f]{{{_FOLDER_DIGITS}}})/")
_CARD = re.compile(rf"catalogs/[^/]+/cards/{_EDITION}/{_ID}\.json")


class StoryFile(NamedTuple):
    """edition: "" for what all share."""

    story_id: str
    edition: str
    name: str


def story_file(key: str) -> StoryFile | None:
    """What a listed key below stories/ is; None for what we never write."""
    match = _STORY_FILE.fullmatch(key)
    return StoryFile(match["story_id"], match["edition"] or "", match["name"]) if match else None


def card_file(key: str) -> StoryFile | None:
    """The story that a listed card's key means; None for what we never write."""
    match = _CARD.fullmatch(key)
    return StoryFile(match["story_id"], match["edition"], "") if match else None


def folder_of(story_id: str) -> str:
    """The name of a private story's folder; "" for a usual story."""
    return story_id[1 : 1 + _FOLDER_DIGITS] if story_id.startswith("p") else ""


def folder(name: str) -> str:
    """The prefix of all that is kept of a private folder's stories."""
    return f"{NAMED}{name}/"


def folder_in(key: str) -> str:
    """The name of the private folder that a key lies in; "" for any other key."""
    match = _NAMED.match(key)
    return match["folder"] if match else ""


def bare(key: str) -> str:
    """The key as it is inside its private folder; any other key as it is."""
    return _NAMED.sub("", key, count=1)


def request(story_id: str) -> str:
    return f"stories/{story_id}/request.json"


def text(story_id: str, locale: str) -> str:
    """The committed text: the story itself, or its translation."""
    return (
        f"stories/{story_id}/story.json" if locale == WRITTEN_IN else f"stories/{story_id}/{locale}/text.json"
    )


def manifest(story_id: str, edition: str) -> str:
    """edition: its name, as in editions.py: a locale, where its own voice speaks."""
    return f"stories/{story_id}/{edition}/{MANIFEST}"


def status(story_id: str, edition: str) -> str:
    return f"stories/{story_id}/{edition}/status.json"


def claims(name: str) -> str:
    """The prefix of the claims on `name`."""
    return f"claims/{name}/"


def claim(name: str, number: int) -> str:
    return f"{claims(name)}{number:08d}"


def accepted(story_id: str, edition: str) -> str:
    """The marker that a server accepted the edition: it is made unless a failure is recorded."""
    return f"stories/{story_id}/{edition}/accepted"


def is_hint(key: str) -> bool:
    """Whether it may be lost in a power cut: claims and statuses say what a process does, which ends then."""
    return key.startswith("claims/") or key.endswith("/status.json") or key == LEARNED


def is_part(key: str) -> bool:
    """Whether it counts once a record rests on it: a request, an answer that was paid for, a sound."""
    key = bare(key)
    return key.startswith(("cache/", "quarantine/")) or key.endswith(("/request.json", ".mp3"))


def maker(name: str) -> str:
    """The lock that a server holds while its threads make stories."""
    return f"makers/{name}"


def makers() -> str:
    """The prefix of the claims of all of them."""
    return "claims/makers/"


def idempotency(caller: str, key: str, number: int = 0) -> str:
    """number: which record of the key; each replaces the one before."""
    return f"{idempotencies(caller, key)}{number:08d}" if number else f"{_idempotency(caller, key)}.json"


def idempotencies(caller: str, key: str) -> str:
    """The prefix of all records of a key but the first."""
    return f"{_idempotency(caller, key)}/"


def _idempotency(caller: str, key: str) -> str:
    return f"idempotency/{digest([caller, key])}"


def day(date: str) -> str:
    """The prefix of the numbers of a day. Beside the records of requests, as a bucket deletes them after two
    days."""
    return f"idempotency/days/{date}/"


def ticket(name: str) -> str:
    """Of a connection to a WebSocket API that is about to be made."""
    return f"push/tickets/{name}"


def connection(name: str) -> str:
    """What a connection follows. name: as the API has it; in hexadecimal, since it may hold any sign."""
    return f"push/connections/{name.encode().hex()}"


def followers(story_id: str, edition: str) -> str:
    """The prefix of those who follow an edition."""
    return f"push/followers/{story_id}/{edition}/"


def follower(story_id: str, edition: str, name: str) -> str:
    """name: of the connection, as in connection()."""
    return f"{followers(story_id, edition)}{name.encode().hex()}"


def card(catalog: str, edition: str, story_id: str) -> str:
    """A published story, as a catalog lists it."""
    return f"{cards(catalog, edition)}{story_id}.json"


def cards(catalog: str, edition: str = "") -> str:
    """The prefix of the cards of an edition, or of all."""
    return f"catalogs/{catalog}/cards/{f'{edition}/' if edition else ''}"


def publication(catalog: str, name: str) -> str:
    """The marker that a publication is listed, written once all of its cards are there."""
    return f"{publications(catalog)}{name}"


def publications(catalog: str) -> str:
    return f"catalogs/{catalog}/editions/"


def withdrawn(catalog: str, name: str = "") -> str:
    """The marker that a publication is withdrawn; "": the prefix of all."""
    return f"catalogs/{catalog}/withdrawn/{name}"


def withheld(catalog: str, story_id: str = "", edition: str = "") -> str:
    """The marker that a person withheld a story; without an id: the prefix of all."""
    return f"catalogs/{catalog}/withheld/{f'{edition}/{story_id}' if story_id else ''}"


def shelf(owner: str) -> str:
    """The prefix of a family's shelf."""
    return f"shelves/{owner}/"


def edited(catalog: str, story_id: str = "") -> str:
    """The record of which edited story stands for this one; "": the prefix of all."""
    return f"catalogs/{catalog}/edited/{story_id}"


def run(run_id: str, name: str = "run.json") -> str:
    """A file of a batch run."""
    return f"runs/{run_id}/{name}"


def mp3(story_id: str, edition: str, data: bytes) -> str:
    return f"stories/{story_id}/{edition}/{hashlib.sha256(data).hexdigest()[:MP3_DIGITS]}.mp3"


def call(verb: str, engine: str, sent: Any, extension: str = "json") -> str:
    """A cached call, named by exactly what was sent to exactly which engine."""
    name = digest({"verb": verb, "engine": engine, "sent": sent})
    return f"cache/{verb}/{name[:2]}/{name}.{extension}"


def quarantine(key: str, data: bytes) -> str:
    return f"quarantine/{key}.{hashlib.sha256(data).hexdigest()[:8]}"
