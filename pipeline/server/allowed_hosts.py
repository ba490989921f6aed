"""By which names this machine may be asked.

A hostile site can let its own name lead to 127.0.0.1 (DNS rebinding); its scripts would then read a family's
stories as if they were its own. Such a request still says that name in Host. An address in figures is
nobody's to redirect, so every one of them is as good as the server's own.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

# Letters that a browser sends there (RFC 9110): a name or an IPv6 address, and a port. No more is understood.
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?", re.IGNORECASE)


def own_names() -> tuple[str, ...]:
    """What this machine calls itself, and the same in the network at home (multicast DNS, RFC 6762)."""
    name = socket.gethostname()
    short = name.partition(".")[0]
    return (name, short, f"{short}.local")


class KnownHosts:
    """ASGI: lets a request pass that calls the server by a name in `names`; `refusal` answers all others.

    Addresses in figures and localhost, also under it (RFC 6761), always pass.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str], refusal: ASGIApp) -> None:
        self._app, self._refusal = app, refusal
        self._names = {"localhost", *(name.lower().rstrip(".") for name in names)} - {""}
        # Callers choose what they send: no more of it is kept than this.
        self._knows = lru_cache(maxsize=64)(self._find)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            told = [value for name, value in scope["headers"] if name == b"host"]
            if len(told) != 1 or not self._knows(told[0]):
                await self._refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _find(self, host: bytes) -> bool:
        name = name_of(host.decode("latin-1"))
        return name in self._names or name.endswith(".localhost") or _is_address(name)


def name_of(host: str) -> str:
    """A Host's name, without port and brackets, in lower case; "" where it is no host at all."""
    found = _HOST.fullmatch(host)
    return (found[1] or found[2]).lower().rstrip(".") if found else ""


def _is_address(name: str) -> bool:
    try:
        return bool(ip_address(name))
    except ValueError:
        return False
