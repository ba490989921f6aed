"""A store of files as a browser reaches it: signed, expiring, absolute addresses, as S3's are."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from pipeline.errors import RequestError
from pipeline.ports import Store

PATH = "/media/"
_KEPT = "server/media.key"
_SECONDS = 900


@dataclass(frozen=True, slots=True)
class MediaStore:
    """`inner`, but for its addresses. base: "http://127.0.0.1:8000". secret: of this store's servers.

    seconds: how long an address lives.
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

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        return self.inner.list(prefix, after)

    def url(self, key: str, expires_in: int | None = None, filename: str = "") -> str:
        expires = str(int(self.clock()) + (self.seconds if expires_in is None else expires_in))
        signature = _signature(self.secret, key, expires, filename)
        named = f"&filename={quote(filename, safe='')}" if filename else ""
        return f"{self.base}{PATH}{quote(key)}?expires={expires}&signature={signature}{named}"

    def check(self, key: str, query: Mapping[str, str]) -> str:
        """The file's name as a download, "" for none. Raises RequestError "bad-signature", "expired-url"."""
        expires, filename = query.get("expires", ""), query.get("filename", "")
        expected = _signature(self.secret, key, expires, filename)
        signed = hmac.compare_digest(expected.encode(), query.get("signature", "").encode("utf-8", "replace"))
        # A name with a colon in it could pass for a longer `expires`, but that is no number then.
        if not signed or not expires.isdecimal():
            raise RequestError("this address was not signed here", problem="bad-signature")
        if int(expires) <= self.clock():
            raise RequestError("this address has expired: ask for the story again", problem="expired-url")
        return filename


def secret(store: Store) -> bytes:
    """One for all servers of a store; drawn at the first start."""
    store.put_if_absent(_KEPT, secrets.token_hex(32).encode())
    return store.get(_KEPT)


def _signature(secret: bytes, key: str, expires: str, filename: str) -> str:
    # The key's length first: no two triples are one text.
    text = f"{len(key)}:{key}{expires}:{filename}"
    return hmac.new(secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
