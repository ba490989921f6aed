"""The records of feeds: who knows a feed's token may read it, until it is revoked."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from pipeline.errors import DamagedError, NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.integrity import OnDamage, log_damage, opened, sealed, write

_FOLDER = f"{keys.PRIVATE}feeds/"
_TOKEN = re.compile(r"[0-9a-f]{32}")
_START = re.compile(r"[0-9a-f]{4,32}")


@dataclass(frozen=True, slots=True)
class Feed:
    """token: 128 random bits in hex, a secret. locale: the language whose stories it lists."""

    token: str
    locale: str
    revoked: bool = False


def key_of(token: str) -> str:
    """The key of a feed's record, which does not say the token."""
    return f"{_FOLDER}{hashlib.sha256(token.encode()).hexdigest()}.json"


def create(store: Store, locale: str) -> Feed:
    feed = Feed(secrets.token_hex(16), locale)
    store.put(key_of(feed.token), sealed(asdict(feed)))
    return feed


def find(store: Store, token: str) -> Feed:
    """The feed that may be read with this token. Raises NotFoundError: there is none, or it was revoked."""
    if _TOKEN.fullmatch(token):
        feed = _read(store, key_of(token))
        if hmac.compare_digest(feed.token, token) and not feed.revoked:
            return feed
    raise NotFoundError("there is no such feed: it was revoked, or never was")


def feeds(store: Store, on_damage: OnDamage = log_damage) -> Iterator[Feed]:
    """Those that were not revoked. on_damage: receives what cannot be read."""
    for key in store.list(_FOLDER):
        try:
            feed = _read(store, key)
        except DamagedError as error:
            on_damage(error)
        else:
            if not feed.revoked:
                yield feed


def revoke(store: Store, start: str) -> Feed:
    """start: how the token begins, 4 or more digits. Raises RequestError: more than one begins so.
    NotFoundError: none does.
    """
    if not _START.fullmatch(start):
        raise RequestError("not how a feed's token begins: `stories feed list` shows them", problem="bad-id")
    matches = [feed for feed in feeds(store) if feed.token.startswith(start)]
    if len(matches) > 1:
        raise RequestError(f"{start} begins {len(matches)} feeds: give more of the token", problem="bad-id")
    if not matches:
        raise NotFoundError(f"there is no feed {start}: `stories feed list` shows which there are")
    write(store, key_of(matches[0].token), sealed(asdict(replace(matches[0], revoked=True))))
    return matches[0]


def _read(store: Store, key: str) -> Feed:
    with opened(store.get(key), key) as body:
        return Feed(str(body["token"]), str(body["locale"]), bool(body["revoked"]))
