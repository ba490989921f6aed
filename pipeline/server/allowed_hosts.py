"""Host names that a request may use for this server: protection against DNS rebinding.

A hostile site can let its own name resolve to 127.0.0.1; its scripts would then read a family's stories as if
they were its own. Such a request still has that name in its Host header. A numeric address cannot be
redirected, so all of them are allowed.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

# A host as browsers send it (RFC 9110): a name or an address, and a port.
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?", re.IGNORECASE)


def own_names() -> tuple[str, ...]:
    """This machine's host name, and the same in a home network (multicast DNS, RFC 6762)."""
    name = socket.gethostname()
    short = name.partition(".")[0]
    return (name, short, f"{short}.local")


class AllowedHosts:
    """ASGI middleware: requests for a name in `names` pass to `app`, all others to `rejection`.

    Numeric addresses, localhost and names below it (RFC 6761) always pass.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str], rejection: ASGIApp) -> None:
        self._app, self._rejection = app, rejection
        self._names = {"localhost", *(name.lower().rstrip(".") for name in names)} - {""}
        # Bounded, since callers choose what they send.
        self._allows = lru_cache(maxsize=64)(self._is_allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"}:
            hosts = [value for name, value in scope["headers"] if name == b"host"]
            if len(hosts) != 1 or not self._allows(hosts[0]):
                await self._rejection(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_allowed(self, host: bytes) -> bool:
        name = name_of(host.decode("latin-1"))
        return name in self._names or name.endswith(".localhost") or _is_address(name)


def name_of(host: str) -> str:
    """The name in a Host header, without port and brackets, in lower case; "" where it is malformed."""
    match = _HOST.fullmatch(host)
    return (match[1] or match[2]).lower().rstrip(".") if match else ""


def _is_address(name: str) -> bool:
    try:
        return bool(ip_address(name))
    except ValueError:
        return False
