"""AWS under its own host names, for programs that no AWS_ENDPOINT_URL reaches.

The SageMaker SDK calls https://sts.<region>.amazonaws.com whatever the environment says. A proxy
(HTTPS_PROXY) therefore ends the TLS of AWS's names with a certificate of its own (AWS_CA_BUNDLE) and hands
the requests to moto. It refuses other hosts: nothing leaves the machine.
"""

from __future__ import annotations

import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.local_aws.account import Account

_LOOPBACK = "127.0.0.1"


@contextmanager
def hostnames(account: Account) -> Iterator[dict[str, str]]:
    """The environment, beside the local AWS's own, of a process that calls AWS by host names."""
    with tempfile.TemporaryDirectory() as folder:
        certificate = _certify(Path(folder), f"*.{account.region}.amazonaws.com")
        with _Proxy(certificate, account) as proxy:
            thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            yield {
                "HTTPS_PROXY": f"http://{_LOOPBACK}:{proxy.server_port}",
                "NO_PROXY": f"{_LOOPBACK},localhost",
                "AWS_CA_BUNDLE": str(certificate),
            }
            proxy.shutdown()


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, certificate: Path, account: Account) -> None:
        """certificate: a file of the certificate and its key."""
        super().__init__((_LOOPBACK, 0), _Tunnel)
        self.account = account
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate)

    def handle_error(self, *_: object) -> None:
        """A client that breaks off sees that itself."""


class _Tunnel(BaseHTTPRequestHandler):
    """CONNECT, and then the requests inside the tunnel."""

    server: _Proxy
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_CONNECT(self) -> None:
        if not self.path.partition(":")[0].endswith(f".{self.server.account.region}.amazonaws.com"):
            self.send_error(403, "Only AWS's names")
            return
        self.send_response(200, "Connection established")
        self.end_headers()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
        self.close_connection = False

    def do_POST(self) -> None:
        if not isinstance(self.connection, ssl.SSLSocket):
            self.send_error(405, "Only CONNECT")
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url, headers = self.server.account.moto + self.path, dict(self.headers)
        response = httpx.request(self.command, url, headers=headers, content=body, trust_env=False)
        self.send_response(response.status_code)
        for name in ("content-type", "x-amzn-requestid"):
            if name in response.headers:
                self.send_header(name, response.headers[name])
        self.send_header("content-length", str(len(response.content)))
        self.end_headers()
        self.wfile.write(response.content)

    do_GET = do_POST  # noqa: N815 - the name that http.server calls

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def log_message(self, *_: Any) -> None:
        pass


def _certify(folder: Path, name: str) -> Path:
    """A self-signed certificate, valid for a day, and its key, in one file."""
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
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file
