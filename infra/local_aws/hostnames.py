"""AWS by its own host names, for callers that no AWS_ENDPOINT_URL reaches: they name the address themselves.

The SageMaker SDK asks https://sts.<region>.amazonaws.com who it is, whatever the environment says. So it is
given a proxy, as any program may be (HTTPS_PROXY), that ends the TLS of AWS's names with a certificate of a
throw-away authority (AWS_CA_BUNDLE) and hands the bytes to moto. Other hosts are refused: nothing leaves.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.local_aws.account import Account

_LOOPBACK = "127.0.0.1"
_SECONDS = 30


@contextmanager
def hostnames(account: Account) -> Iterator[dict[str, str]]:
    """The environment, beside the local AWS's own, of a process that is to find AWS by its names."""
    with tempfile.TemporaryDirectory() as folder:
        certified = _certify(Path(folder), f"*.{account.region}.amazonaws.com")
        proxy = _Proxy(certified, account)
        thread = threading.Thread(target=proxy.serve, daemon=True)
        thread.start()
        if not proxy.started.wait(_SECONDS):
            raise TimeoutError("the proxy for AWS's host names did not start")
        try:
            yield {
                "HTTPS_PROXY": f"http://{_LOOPBACK}:{proxy.port}",
                "NO_PROXY": f"{_LOOPBACK},localhost",
                "AWS_CA_BUNDLE": str(certified),
            }
        finally:
            proxy.stop()
            thread.join(_SECONDS)


@dataclass
class _Proxy:
    """Speaks CONNECT alone. certified: a file of the certificate and its key."""

    certified: Path
    account: Account
    port: int = 0

    def __post_init__(self) -> None:
        self.started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None

    def serve(self) -> None:
        asyncio.run(self._serve())

    def stop(self) -> None:
        if self._loop and self._ended:
            self._loop.call_soon_threadsafe(self._ended.set)

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connect, _LOOPBACK, 0)
        self.port = server.sockets[0].getsockname()[1]
        self.started.set()
        async with server:
            await self._ended.wait()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                asked = (await reader.readuntil(b"\r\n\r\n")).split()
                host = asked[1].decode().partition(":")[0] if asked[0] == b"CONNECT" else ""
                if not host.endswith(f".{self.account.region}.amazonaws.com"):
                    writer.write(b"HTTP/1.1 403 Only AWS's names\r\nContent-Length: 0\r\n\r\n")
                    return
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await writer.drain()
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self.certified)
                await writer.start_tls(context)
                await self._hand_on(reader, writer)
        except (OSError, EOFError, TimeoutError):  # the client went away or was too slow: it sees that itself
            return
        finally:
            await _close(writer)

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        moto = urlsplit(self.account.moto)
        from_moto, to_moto = await asyncio.open_connection(moto.hostname, moto.port)
        sending = asyncio.create_task(_pump(reader, to_moto))
        try:
            await _pump(from_moto, writer)
        finally:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await sending
            await _close(to_moto)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _certify(folder: Path, name: str) -> Path:
    """A certificate that signs itself, valid for a day, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "local AWS of mvp-stories")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "local-aws.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
