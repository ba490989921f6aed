"""A file of a model hub, by HTTP ranges: after a cut, a kill or a full disk the download is resumed."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from pipeline.engines.embedded.sources import Archive, OnBytes, Source
from pipeline.errors import EngineError, UnavailableError

if TYPE_CHECKING:
    import urllib3

_BLOCK = 1 << 20
_BUSY = frozenset({408, 429, 500, 502, 503, 504})
_PARTIAL, _BEYOND_END = 206, 416
_HEADERS = {"Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Patience:
    """connect, read: seconds without a byte. pauses: seconds before each attempt; as many as pauses."""

    connect: float = 10.0
    read: float = 30.0
    pauses: tuple[float, ...] = (0, 1, 2, 4, 8, 15)


PATIENCE = Patience()


class _TransientError(Exception):
    """This attempt failed; the next may not."""


def fetch(source: Source, work: Path, on_bytes: OnBytes, patience: Patience = PATIENCE) -> Path:
    """The file at the source's URL (see sources.Fetch), which must be of an immutable revision: no
    If-Range is sent.
    """
    (archive,) = source.archives
    target = work / "file"
    pool = _pool(archive.name, patience)
    failure = _TransientError("")
    for pause in patience.pauses:
        time.sleep(pause)
        try:
            _compare_stated_hash(pool, archive)
            _resume(pool, archive, target, on_bytes)
        except _TransientError as error:
            failure = error
        else:
            return target
    raise _unavailable(archive, _size(target), failure) from failure


def _compare_stated_hash(pool: urllib3.PoolManager, archive: Archive) -> None:
    """A hub states a large file's SHA-256 before any redirect: another file is refused before it is sent."""
    with _request(pool, "HEAD", archive.name, _HEADERS, redirect=False) as response:
        stated = response.headers.get("X-Linked-ETag", "").strip('"')
    if re.fullmatch("[0-9a-f]{64}", stated) and stated != archive.sha256:
        raise _other_file(archive, f"its SHA-256 begins {stated[:8]}, not {archive.sha256[:8]}")


def _resume(pool: urllib3.PoolManager, archive: Archive, target: Path, on_bytes: OnBytes) -> None:
    have = _size(target)
    if have > archive.size:
        target.unlink()
        have = 0
    on_bytes(have)
    if have == archive.size:
        return
    headers = {**_HEADERS, "Range": f"bytes={have}-"} if have else _HEADERS
    with _request(pool, "GET", archive.name, headers) as response:
        _check_status(archive, response.status)
        start, total = _span(response)
        if total not in (None, archive.size):
            raise _other_file(archive, f"it has {total} bytes, not {archive.size}")
        if start not in (0, have):
            target.unlink(missing_ok=True)
            raise _TransientError("the server sent another range than was requested")
        with target.open("ab" if start else "wb") as file:
            for block in response.stream(_BLOCK, decode_content=False):
                file.write(block)
                start += len(block)
                on_bytes(min(start, archive.size))
    if start != archive.size:
        raise _TransientError("the response ended early")


def _check_status(archive: Archive, status: int) -> None:
    if status in _BUSY:
        raise _TransientError(f"the server answered {status}")
    if status == _BEYOND_END:
        raise _TransientError("the server has fewer bytes than are here")
    if status not in (200, _PARTIAL):
        raise EngineError(
            f"{archive.name} answered {status}: the file has moved or wants a sign-in; "
            "fetch it by hand and give its path",
            problem="fetch-failed",
        )


def _span(response: urllib3.BaseHTTPResponse) -> tuple[int, int | None]:
    """Where the body begins in the file (0 where the server ignores Range; -1 where it does not say so),
    and the size of the whole file.
    """
    if response.status != _PARTIAL:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdigit() else None
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if match is None:
        return -1, None
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _pool(url: str, patience: Patience) -> urllib3.PoolManager:
    """TLS is checked against the machine's own certificates; a proxy is taken from its settings."""
    import truststore
    import urllib3

    parts = urlsplit(url)
    proxy = None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
    # Redirects are followed (a hub's files lie elsewhere); attempts are counted in `fetch` alone.
    retries = urllib3.Retry(total=None, connect=0, read=0, status=0, other=0, redirect=5)
    timeout = urllib3.Timeout(connect=patience.connect, read=patience.read)
    tls = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if proxy:
        return urllib3.ProxyManager(proxy, ssl_context=tls, retries=retries, timeout=timeout)
    return urllib3.PoolManager(ssl_context=tls, retries=retries, timeout=timeout)


@contextmanager
def _request(
    pool: urllib3.PoolManager, method: str, url: str, headers: dict[str, str], redirect: bool = True
) -> Iterator[urllib3.BaseHTTPResponse]:
    """An open response; every failure of the connection while it is read is a _TransientError."""
    import urllib3

    try:
        response = pool.request(method, url, headers=headers, preload_content=False, redirect=redirect)
        try:
            yield response
        finally:
            response.close()
    except urllib3.exceptions.HTTPError as error:
        raise _TransientError(_reason(error)) from error


def _reason(error: Exception) -> str:
    """The innermost cause: urllib3 wraps it in a sentence about pools and retries."""
    inner = getattr(error, "reason", None)
    return _reason(inner) if isinstance(inner, Exception) else str(error)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _other_file(archive: Archive, difference: str) -> EngineError:
    return EngineError(
        f"{archive.name} is not the pinned file ({difference}); nothing was kept", problem="hash-mismatch"
    )


def _unavailable(archive: Archive, have: int, failure: Exception) -> UnavailableError:
    if not have:
        return UnavailableError(
            f"{archive.name} cannot be reached ({failure}): check the network and try again",
            problem="no-network",
        )
    return UnavailableError(
        f"the download was cut ({failure}); {have / 1e6:.0f} of {archive.size / 1e6:.0f} MB are here: "
        "run the same command again to resume it",
        problem="download-cut",
    )
