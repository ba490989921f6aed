"""The signer of exports: c2pa-python, with a person's certificate or the one of this store."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config import paths
from pipeline.errors import ConfigError, NotFoundError
from pipeline.exports.provenance.claim import claim
from pipeline.exports.transcript import Transcript
from pipeline.ports import Store
from pipeline.storage import keys

if TYPE_CHECKING:
    from pipeline.exports.provenance.credential import Credential

_PACKAGE = "c2pa"
_KEY = f"{keys.PRIVATE}signing.pem"
# No picture of the picture inside the manifest: it would double a cover.
_SETTINGS = {"builder": {"thumbnail": {"enabled": False}}}


@dataclass(frozen=True, slots=True)
class Signing:
    """certificate, key: a person's own, in PEM; both or neither. time_stamps: the URL of a time stamp
    authority, which is then called for each file; "" for none. wanted: whether exports are signed at all.
    """

    certificate: Path | None = None
    key: Path | None = None
    time_stamps: str = ""
    wanted: bool = True

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Signing:
        """STORIES_SIGN (0: no), _SIGN_CERT, _SIGN_KEY, _SIGN_TSA. Raises ConfigError: half a setting."""
        certificate, key = environ.get("STORIES_SIGN_CERT", ""), environ.get("STORIES_SIGN_KEY", "")
        time_stamps = environ.get("STORIES_SIGN_TSA", "").strip()
        if bool(certificate) != bool(key):
            raise ConfigError(
                "STORIES_SIGN_CERT and STORIES_SIGN_KEY go together: two PEM files", problem="bad-setting"
            )
        if time_stamps and not time_stamps.startswith(("https://", "http://")):
            raise ConfigError(
                f"STORIES_SIGN_TSA={time_stamps[:40]!r} is not a URL of a time stamp authority",
                problem="bad-setting",
            )
        return cls(
            paths.path(certificate) if certificate else None,
            paths.path(key) if key else None,
            time_stamps,
            environ.get("STORIES_SIGN") != "0",
        )


class Signer:
    """Signs exports; thread-safe. The certificate is read, or made, at the first use."""

    def __init__(self, credential: Callable[[], Credential], time_stamps: str = "") -> None:
        self._source = credential
        self._time_stamps = time_stamps

    @cached_property
    def _credential(self) -> Credential:
        return self._source()

    def sign(self, data: bytes, media_type: str, source: str, editions: Sequence[Transcript]) -> bytes:
        """The file with its manifest inside. source: a code of claim.py. Raises ConfigError: the certificate
        cannot sign, the time stamp authority did not answer, or c2pa-python is broken.
        """
        c2pa = _library()
        own, signed = self._credential, io.BytesIO()
        info = c2pa.C2paSignerInfo(own.algorithm, own.chain, own.key, self._time_stamps or None)
        definition = claim(editions, media_type, source)
        try:
            with (
                c2pa.Context(c2pa.Settings.from_dict(_SETTINGS)) as context,
                c2pa.Signer.from_info(info) as signer,
                c2pa.Builder(definition, context) as builder,
            ):
                builder.sign(signer, media_type, io.BytesIO(data), signed)
        except c2pa.C2paError as error:
            reason = " ".join(str(error).split())
            raise ConfigError(
                f"cannot sign ({reason}): see docs/provenance.md, or STORIES_SIGN=0", problem="bad-setting"
            ) from error
        return signed.getvalue()


def _library() -> Any:
    try:
        import c2pa
    except (ImportError, OSError) as error:  # its library is not for this system
        raise ConfigError(
            f"c2pa-python cannot be loaded ({error}): run `make setup`, or set STORIES_SIGN=0",
            problem="missing-package",
        ) from error
    return c2pa


def signer(signing: Signing, own: Store) -> Signer | None:
    """own: of this machine, where the certificate that it makes is kept. None: not wanted, or c2pa-python is
    not installed.
    """
    if not signing.wanted or not find_spec(_PACKAGE):
        return None
    return Signer(partial(_credential, signing, own), signing.time_stamps)


def _credential(signing: Signing, own: Store) -> Credential:
    """Raises ConfigError."""
    from pipeline.exports.provenance import credential

    if signing.certificate and signing.key:
        return credential.read(signing.certificate, signing.key)
    pem = _kept(own)
    try:
        return credential.parse(pem, pem)
    except ValueError as error:
        raise ConfigError(
            f"{_KEY} of the store is damaged: delete that file; what was signed stays valid",
            problem="damaged-key",
        ) from error


def _kept(own: Store) -> bytes:
    """Made at the first use."""
    from pipeline.exports.provenance.self_made import self_made

    with suppress(NotFoundError):
        return own.get(_KEY)
    own.put_if_absent(_KEY, self_made(datetime.now(UTC)))
    return own.get(_KEY)
