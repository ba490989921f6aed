"""Signed, expiring URLs for a store of files, like S3's presigned URLs."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from urllib.parse import quote

from pipeline.errors import ConfigError, RequestError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.sounds import Stamped

PATH = "/media/"
_SECRET_KEY = f"{keys.PRIVATE}media.key"
_SECRET = re.compile(rb"[0-9a-f]{64}")
_SECONDS = 900


@dataclass(frozen=True, slots=True)
class MediaStore:
    """The store `inner` with signed URLs. base: "http://127.0.0.1:8000". secret: of the store's servers.

    seconds: how long a URL is valid by default.
    """

    inner: Store
    base: str
    secret: bytes
    seconds: int = _SECONDS
    clock: Callable[[], float] = time.time

    def get(self, key: str) -> bytes:
        return self.inner.get(key)

    def head(self, key: str, size: int) -> bytes:
        return self.inner.head(key, size)

    def put(self, key: str, data: bytes) -> None:
        self.inner.put(key, data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        return self.inner.put_if_absent(key, data)

    def delete(self, names: Iterable[str]) -> None:
        self.inner.delete(names)

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        return self.inner.list(prefix, after)

    def stamp(self, key: str) -> Hashable:
        return self.inner.stamp(key) if isinstance(self.inner, Stamped) else None

    def url(self, key: str, expires_in: int | None = None, filename: str = "") -> str:
        # Whole seconds, rounded up: a URL of one second is valid for no less.
        expires = str(ceil(self.clock()) + (self.seconds if expires_in is None else expires_in))
        signature = _signature(self.secret, key, expires, filename)
        name = f"&filename={quote(filename, safe='')}" if filename else ""
        return f"{self.base}{PATH}{quote(key)}?expires={expires}&signature={signature}{name}"

    def check(self, key: str, query: Mapping[str, str]) -> str:
        """The download's file name, "" for none. Raises RequestError "bad-signature", "expired-url"."""
        expires, filename = query.get("expires", ""), query.get("filename", "")
        expected = _signature(self.secret, key, expires, filename)
        signature = query.get("signature", "").encode("utf-8", "replace")
        is_signed = hmac.compare_digest(expected.encode(), signature)
        # A file name with a colon could be shifted into `expires`, which is no number then.
        if not is_signed or not expires.isdecimal():
            raise RequestError("this address was not signed here", problem="bad-signature")
        if int(expires) <= self.clock():
            raise RequestError("this address has expired: ask for the story again", problem="expired-url")
        return filename


def secret(store: Store) -> bytes:
    """The secret of all servers of a store; drawn at the first start. Raises ConfigError: it is damaged.

    An empty or cut key would sign all the same, and could be guessed.
    """
    store.put_if_absent(_SECRET_KEY, secrets.token_hex(32).encode())
    key = store.get(_SECRET_KEY)
    if not _SECRET.fullmatch(key):
        raise ConfigError(
            f"the key {_SECRET_KEY} of the store is damaged ({len(key)} bytes, not 64 hexadecimal digits): "
            "delete that file and start again; addresses that were signed with it end",
            problem="damaged-key",
        )
    return key


def _signature(secret: bytes, key: str, expires: str, filename: str) -> str:
    # With the key's length, since otherwise two triples could be the same text.
    text = f"{len(key)}:{key}{expires}:{filename}"
    return hmac.new(secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
