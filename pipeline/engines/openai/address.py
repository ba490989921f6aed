"""The address of a server that speaks the OpenAI protocol, and its key: checked before anything is sent."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from pipeline.errors import ConfigError

# What a person may have copied from a server's own page: the base is what lies before it.
_ENDINGS = ("/chat/completions", "/completions", "/models")
_LOCAL_ENDINGS = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


@dataclass(frozen=True, slots=True)
class Address:
    """base: as in "http://127.0.0.1:11434/v1". key: the bearer token, "" for none; never shown."""

    base: str
    key: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        """Host and port: for messages."""
        return urlsplit(self.base).netloc

    @property
    def headers(self) -> dict[str, str]:
        """Of every request."""
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}


def address(url: str, key: str = "", plain: bool = False) -> Address:
    """plain: http:// is allowed to any host. Raises ConfigError; no message holds the key."""
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise _bad_url("it is not a URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise _bad_url("it is not a whole URL")
    if parts.username or parts.password:
        raise _bad_url("it holds a password, which would be shown in messages: set STORIES_WRITER_KEY")
    if parts.query or parts.fragment:
        raise _bad_url("it has a query or a fragment")
    if parts.scheme == "http" and not plain and not is_near(host):
        raise ConfigError(
            f"STORIES_WRITER_URL would send stories{' and the key' if key else ''} unencrypted to {host}: "
            "use https://, or, where the network between is trusted, set STORIES_WRITER_HTTP=1",
            problem="plain-http",
        )
    return Address(_base(parts), _key(key))


def is_near(host: str) -> bool:
    """Whether a host is this machine or on a private network, by its address or by its name alone.

    A name without a dot is one of a container network or of the house: the public DNS has none.
    """
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.casefold().endswith(_LOCAL_ENDINGS)
    return number.is_private or number.is_loopback


def _base(parts: SplitResult) -> str:
    path = parts.path.rstrip("/")
    for ending in _ENDINGS:
        path = path.removesuffix(ending)
    return f"{parts.scheme}://{parts.netloc}{path or '/v1'}"


def _key(key: str) -> str:
    key = key.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(
            "STORIES_WRITER_KEY holds a blank, a line end or a letter that no key has: copy it again",
            problem="bad-setting",
        )
    return key


def _bad_url(reason: str) -> ConfigError:
    return ConfigError(
        f"STORIES_WRITER_URL cannot be used ({reason}); as an example, Ollama's is http://127.0.0.1:11434/v1",
        problem="bad-setting",
    )
