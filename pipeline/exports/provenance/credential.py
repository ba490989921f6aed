"""The certificate and the private key that sign."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509 import load_pem_x509_certificates

from pipeline.errors import ConfigError

_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True, slots=True)
class Credential:
    """chain: certificates in PEM, the signer's first. key: PKCS #8 in PEM. algorithm: as C2PA names it."""

    chain: bytes
    key: bytes = field(repr=False)
    algorithm: str


def read(certificate: Path, key: Path) -> Credential:
    """A person's own, in PEM. Raises ConfigError: they cannot be read, or cannot sign."""
    try:
        return parse(certificate.read_bytes(), key.read_bytes())
    except OSError as error:
        raise _bad(f"{error.filename} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise _bad(f"{certificate.name} and {key.name} are not {error}") from error


def parse(chain: bytes, key: bytes) -> Credential:
    """Raises ValueError: what they should be."""
    try:
        certificates = [each.public_bytes(Encoding.PEM) for each in load_pem_x509_certificates(chain)]
        private = load_pem_private_key(key, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("a certificate and its private key in PEM, without a password") from error
    return Credential(b"".join(certificates), pem(private), _algorithm(private))


def pem(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _algorithm(key: PrivateKeyTypes) -> str:
    """Raises ValueError."""
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, RSAPrivateKey):
        return "ps256"
    if isinstance(key, Ed25519PrivateKey):
        return "ed25519"
    raise ValueError("of a kind that C2PA signs with: ECDSA on P-256, P-384 or P-521, RSA, Ed25519")


def _bad(why: str) -> ConfigError:
    return ConfigError(
        f"cannot sign: {why}; see STORIES_SIGN_CERT in docs/provenance.md", problem="bad-setting"
    )
