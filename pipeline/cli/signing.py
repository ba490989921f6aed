"""The signer of exports for commands, and what a person is told of a signature."""

from __future__ import annotations

import os

from pipeline.cli.terminal import tell
from pipeline.config.settings import Settings
from pipeline.exports.formats import FORMATS
from pipeline.exports.provenance.signer import Signer, Signing, signer

_SIGNED = "Signed as made by AI (C2PA); what readers say of that: docs/provenance.md"
_NOT_SIGNED = "Not signed as made by AI: the package c2pa-python is not installed (make setup)"


def build_signer(settings: Settings) -> Signer | None:
    """Its certificate is kept on this machine, whatever the store. Raises ConfigError."""
    from pipeline.engines.embedded.files import FileStore

    return signer(Signing.from_env(os.environ), FileStore(settings.out))


def tell_of_signature(name: str, signer: Signer | None) -> None:
    """name: of the format. Silent where it cannot be signed, or nobody wants that."""
    if FORMATS[name].origin and Signing.from_env(os.environ).wanted:
        tell(_SIGNED if signer else _NOT_SIGNED)
