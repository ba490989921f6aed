"""HTTP for large files: what may pass (TransientError) is told from what will not."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from pipeline.errors import EngineError

if TYPE_CHECKING:
    import urllib3

_BUSY = frozenset({408, 429, 500, 502, 503, 504})
_PARTIAL, _BEYOND = 206, 416
_PLAIN = {"Accept-Encoding": "identity"}


class TransientError(Exception):
    """This try failed; the next may not."""


@dataclass(frozen=True, slots=True)
class Patience:
    """connect, read: seconds without a byte. pauses: seconds before each try; as many tries as pauses."""

    connect: float = 10.0
    read: float = 30.0
    pauses: tuple[float, ...] = (0, 1, 2, 4, 8, 15)


PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Answer:
    """An open response that carries bytes of the file."""

    response: urllib3.BaseHTTPResponse

    def span(self) -> tuple[int, int | None]:
        """Where its bytes begin in the file (0 from a server that ignores Range), and the file's size."""
        if self.response.status != _PARTIAL:
            length = self.response.headers.get("Content-Length", "")
            return 0, int(length) if length.isdigit() else None
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", self.response.headers.get("Content-Range", ""))
        if found is None:
            return -1, None
        return int(found[1]), None if found[2] == "*" else int(found[2])

    def blocks(self, size: int) -> Iterator[bytes]:
        import urllib3

        try:
            yield from self.response.stream(size, decode_content=False)
        except urllib3.exceptions.HTTPError as error:
            raise TransientError(_reason(error)) from error


def connection(url: str, patience: Patience) -> urllib3.PoolManager:
    """TLS is checked against the machine's own certificates; a proxy is taken from its settings."""
    import truststore
    import urllib3

    parts = urlsplit(url)
    proxy = None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
    # Redirects are followed (a hub's files lie elsewhere); tries are counted in one place, not here.
    retries = urllib3.Retry(total=None, connect=0, read=0, status=0, other=0, redirect=5)
    timeout = urllib3.Timeout(connect=patience.connect, read=patience.read)
    tls = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if proxy:
        return urllib3.ProxyManager(proxy, ssl_context=tls, retries=retries, timeout=timeout)
    return urllib3.PoolManager(ssl_context=tls, retries=retries, timeout=timeout)


def headers_of(pool: urllib3.PoolManager, url: str) -> Mapping[str, str]:
    """Of the first answer, before any redirect: a hub says there what it knows of the file."""
    with _request(pool, "HEAD", url, _PLAIN, redirect=False) as response:
        return response.headers


@contextmanager
def send(pool: urllib3.PoolManager, url: str, start: int) -> Iterator[Answer]:
    """Ask for the bytes from `start` on. Raises TransientError, or EngineError (fetch-failed) for a 4xx."""
    asking = {**_PLAIN, "Range": f"bytes={start}-"} if start else _PLAIN
    with _request(pool, "GET", url, asking) as response:
        if response.status in _BUSY:
            raise TransientError(f"the server answered {response.status}")
        if response.status == _BEYOND:
            raise TransientError("the server has fewer bytes than are here")
        if response.status not in (200, _PARTIAL):
            raise EngineError(
                f"{url} answered {response.status}: the file has moved or wants a sign-in; "
                "fetch it by hand and give its path",
                problem="fetch-failed",
            )
        yield Answer(response)


@contextmanager
def _request(
    pool: urllib3.PoolManager, method: str, url: str, headers: Mapping[str, str], redirect: bool = True
) -> Iterator[urllib3.BaseHTTPResponse]:
    import urllib3

    try:
        response = pool.request(method, url, headers=dict(headers), preload_content=False, redirect=redirect)
    except urllib3.exceptions.HTTPError as error:
        raise TransientError(_reason(error)) from error
    try:
        yield response
    finally:
        response.close()


def _reason(error: Exception) -> str:
    """The innermost cause: urllib3 wraps it in a sentence about pools and retries."""
    inner = getattr(error, "reason", None)
    return _reason(inner) if isinstance(inner, Exception) else str(error)
