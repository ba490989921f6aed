"""HTTP to one server: the list of its models, a completion as bytes. Retries are here and nowhere else."""

from __future__ import annotations

import json
import ssl
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from pipeline.engines.chat import items, string, table
from pipeline.engines.openai.address import Address, is_near
from pipeline.engines.openai.errors import ENGINE, Server, status_error
from pipeline.errors import ConfigError, EngineError, StoriesError, UnavailableError

if TYPE_CHECKING:
    import urllib3

_CHUNK = 1 << 16
# An error is a sentence; a page of HTML need not be read to its end.
_LONGEST_ERROR = 1 << 16
_RETRIED = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds and numbers. silence: the longest wait for the next byte: Ollama reads a model from the disk,
    and a processor alone reads a prompt of 1,300 tokens for half a minute before the first one.
    whole: for all of an answer, as of every writer. attempts: requests in all, before the first byte of an
    answer. backoff: before the second. longest_wait: how much of a server's Retry-After is waited.
    """

    connect: float = 5.0
    silence: float = 120.0
    whole: float = 290.0
    attempts: int = 2
    backoff: float = 0.5
    longest_wait: int = 20


@dataclass(frozen=True, slots=True)
class Model:
    """owner: what the server writes under `owned_by`."""

    name: str
    owner: str


class Client:
    """Thread-safe. Nothing is opened before the first call."""

    def __init__(self, address: Address, model: str, patience: Patience) -> None:
        self._address = address
        self._patience = patience
        self.server = Server(f"the model server at {address.host}", model, address.key)

    def models(self) -> tuple[Model, ...]:
        """Raises StoriesError."""
        with self._reply("GET", "/models") as reply:
            body = reply.read(_LONGEST_ERROR * 64)
        try:
            listed = items(table(json.loads(body)).get("data"))
        except ValueError:
            raise no_api(self.server) from None
        models = (Model(string(row.get("id")), string(row.get("owned_by"))) for row in map(table, listed))
        return tuple(model for model in models if model.name)

    def chat(self, body: Mapping[str, Any]) -> Generator[bytes, None, None]:
        """The bytes of the answer as they come. Closing it closes the connection. Raises StoriesError."""
        with self._reply("POST", "/chat/completions", json.dumps(body).encode()) as reply:
            yield from iter(lambda: reply.read1(_CHUNK), b"")

    @contextmanager
    def _reply(self, method: str, path: str, body: bytes | None = None) -> Iterator[urllib3.BaseHTTPResponse]:
        import urllib3

        headers = {"Content-Type": "application/json", "User-Agent": "mvp-stories", **self._address.headers}
        try:
            reply = self._pool.request(
                method,
                self._address.base + path,
                body=body,
                headers=headers,
                preload_content=False,
                redirect=False,  # the key is for this server alone
            )
            try:
                if reply.status != 200:
                    words, wait = reply.read(_LONGEST_ERROR), reply.headers.get("Retry-After", "")
                    raise status_error(self.server, reply.status, words, wait)
                yield reply
            finally:
                reply.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._broken(error) from error

    @cached_property
    def _pool(self) -> urllib3.PoolManager:
        """TLS is checked against the certificates of the machine, or of SSL_CERT_FILE. A server near by is
        reached without the machine's proxy."""
        import urllib3

        patience, parts = self._patience, urlsplit(self._address.base)
        retries = urllib3.Retry(
            total=patience.attempts - 1,
            allowed_methods=None,
            status_forcelist=_RETRIED,
            backoff_factor=patience.backoff,
            backoff_jitter=patience.backoff,
            retry_after_max=patience.longest_wait,
            raise_on_status=False,
        )
        options: dict[str, Any] = {
            "retries": retries,
            "timeout": urllib3.Timeout(connect=patience.connect, read=patience.silence),
            "maxsize": 16,
        }
        if parts.scheme == "https":
            options["ssl_context"] = ssl.create_default_context()
        host = parts.hostname or ""
        direct = is_near(host) or proxy_bypass(host)
        proxy = None if direct else getproxies().get(parts.scheme)
        return urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)

    def _broken(self, error: Exception) -> StoriesError:
        """A failure of the connection. urllib3 wraps the last of several attempts."""
        from urllib3 import exceptions

        cause = error.reason if isinstance(error, exceptions.MaxRetryError) and error.reason else error
        what = self.server.what
        if isinstance(cause, exceptions.SSLError | ssl.SSLError):
            return ConfigError(
                f"the certificate of {what} is not trusted ({_brief(cause)}): set SSL_CERT_FILE to the file "
                "of the certificates that sign it",
                problem="bad-certificate",
            )
        if isinstance(cause, exceptions.ReadTimeoutError):
            return _unavailable(f"{what} did not answer in time: run it again in a while")
        if isinstance(
            cause, exceptions.ConnectTimeoutError | exceptions.NewConnectionError | exceptions.ProxyError
        ):
            return _unavailable(f"{what} cannot be reached: start it, or check STORIES_WRITER_URL")
        return _unavailable(f"the answer of {what} broke off: run it again")


def no_api(server: Server) -> EngineError:
    """The answer is not one of the OpenAI protocol."""
    return EngineError(
        f"{server.what} answered with something that the OpenAI protocol does not know: check "
        "STORIES_WRITER_URL, and any proxy or sign-in page before it",
        engine=ENGINE,
        problem="bad-answer",
    )


def _unavailable(text: str) -> UnavailableError:
    return UnavailableError(text, engine=ENGINE)


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:120]
