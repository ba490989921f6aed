"""A certificate that nobody vouches for, with its key, for a machine that was given none."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from pipeline.exports.provenance.credential import pem

# Without a time stamp, a signature ends with its certificate.
_VALID = datetime.timedelta(days=365 * 30)
# For a reader whose clock is late.
_EARLIER = datetime.timedelta(days=1)
# C2PA's own purpose, and e-mail, without which c2pa-python 0.38 takes no certificate.
_PURPOSES = (x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1"), ExtendedKeyUsageOID.EMAIL_PROTECTION)


def self_made(now: datetime.datetime) -> bytes:
    """A key and its certificates in one PEM, ECDSA on P-256. now: aware; when they are made.

    Two certificates, since C2PA allows no signer to vouch for itself. The root's key is not kept: nobody can
    issue another under it.
    """
    root, signer = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    certificates = _signer(signer, root, now), _root(root, now)
    return pem(signer) + b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


def _signer(
    key: EllipticCurvePrivateKey, root: EllipticCurvePrivateKey, now: datetime.datetime
) -> x509.Certificate:
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key())
    return (
        _builder("signer", key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(_PURPOSES), critical=False)
        .add_extension(issuer, critical=False)
        .sign(root, SHA256())
    )


def _root(key: EllipticCurvePrivateKey, now: datetime.datetime) -> x509.Certificate:
    return (
        _builder("root", key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True), critical=True)
        .sign(key, SHA256())
    )


def _builder(subject: str, key: EllipticCurvePrivateKey, now: datetime.datetime) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("root"))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(role: str) -> x509.Name:
    """Neither a person's name nor a machine's."""
    names = ((x509.NameOID.ORGANIZATION_NAME, "stories"), (x509.NameOID.COMMON_NAME, f"self-made {role}"))
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in names])


def _usage(digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
