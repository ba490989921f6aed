"""A signer for tests, and what the reference reader (c2pa-rs) says of a file."""

from __future__ import annotations

import datetime
import io
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pipeline.exports.provenance.signer import Signer, Signing, signer
from pipeline.ports import Store


def signer_of(store: Store, signing: Signing = Signing()) -> Signer:  # noqa: B008 - frozen
    chosen = signer(signing, store)
    assert chosen
    return chosen


def read(data: bytes, media_type: str) -> tuple[str, set[str], dict[str, Any]]:
    """(the reader's verdict, what it objects to, the manifest)."""
    with c2pa.Reader(media_type, io.BytesIO(data)) as reader:
        results = reader.get_validation_results() or {}
        failures = {each["code"] for each in results["activeManifest"]["failure"]}
        return reader.get_validation_state() or "", failures, reader.get_active_manifest() or {}


def own_certificate() -> tuple[bytes, bytes]:
    """A publisher's certificate below an authority of its own, and its key as `openssl ecparam` writes it."""
    authority, key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP384R1())
    now = datetime.datetime.now(datetime.UTC)
    issuer, subject = (
        x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)]) for name in ("CA", "A Publisher")
    )
    chain = b""
    for name, own, is_authority in ((subject, key, False), (issuer, authority, True)):
        bits = [False] * 9
        bits[5 if is_authority else 0] = True  # keyCertSign or digitalSignature
        certificate = (
            x509.CertificateBuilder(issuer, name, own.public_key(), x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(x509.KeyUsage(*bits), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False
            )
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
            .sign(authority, SHA384())
        )
        chain += certificate.public_bytes(Encoding.PEM)
    return chain, key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
