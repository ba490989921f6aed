"""Voices out of an npm tarball, by the real npm, from a scripted registry on loopback."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pipeline.engines.embedded.models import Weights
from pipeline.engines.embedded.sources import Source
from pipeline.engines.embedded.sources.npm import pack
from pipeline.errors import ConfigError, EngineError, UnavailableError
from tests.engines.embedded.loopback import Turn, serving
from tests.engines.embedded.origin import Origin, archive_of, weights_of

TARBALL = "/files/story-voices-1.0.0.tgz"
VOICES = {
    name: np.random.default_rng(seed).standard_normal((510, 1, 256)).astype("<f4")
    for seed, name in enumerate(["im_nicola", "af_heart"])
}


def tarball_of(voices: dict[str, np.ndarray], level: int = 9) -> bytes:
    tarball = io.BytesIO()
    files = {"package/package.json": b'{"name": "story-voices", "version": "1.0.0"}'}
    files |= {f"package/voices/{name}.bin": voice.tobytes() for name, voice in voices.items()}
    files["package/dist/kokoro.bin"] = b"not a voice"
    with tarfile.open(fileobj=tarball, mode="w:gz", compresslevel=level) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return tarball.getvalue()


def integrity(content: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


@dataclass
class Registry(Origin):
    """A package registry that holds the tarball, and the pins of it."""

    pinned: bytes
    packed: bytes

    def publish(self, content: bytes, stated: str | None = None) -> None:
        self.site.files[TARBALL] = content
        dist = {"tarball": self.site.url + TARBALL, "integrity": stated or integrity(content)}
        version = {"name": "story-voices", "version": "1.0.0", "dist": dist}
        document = {"name": "story-voices", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
        self.site.files["/story-voices"] = json.dumps(document).encode()

    @property
    def weights(self) -> Weights:
        package = archive_of("story-voices@1.0.0", self.pinned, "package/voices")
        return weights_of(self.packed, Source("npm", (package,)))


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    for name in [name for name in os.environ if name.lower().startswith("npm_config_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("npm_config_userconfig", os.devnull)
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_update_notifier", "false")
    content = tarball_of(VOICES)
    (tmp_path / "voices.tgz").write_bytes(content)
    pack(tmp_path / "voices.tgz", "package/voices", tmp_path / "voices.npz")
    with serving() as site:
        monkeypatch.setenv("npm_config_registry", f"{site.url}/")
        registry = Registry(site, tmp_path / "models", content, (tmp_path / "voices.npz").read_bytes())
        registry.publish(content)
        yield registry


def test_the_packed_voices_load_as_numpy_wrote_them(registry: Registry) -> None:
    with np.load(io.BytesIO(registry.fetch())) as loaded:
        assert sorted(loaded.files) == sorted(VOICES)
        for name, voice in VOICES.items():
            assert loaded[name].shape == (510, 1, 256)
            np.testing.assert_array_equal(loaded[name], voice)
    left = {path.name for path in registry.directory.rglob("*") if path.is_file()}
    assert left == {"mine.gguf", "mine.gguf.verified", "mine.lock"}


def test_the_pack_does_not_depend_on_the_order_in_the_tarball(tmp_path: Path) -> None:
    packs = []
    for voices in (VOICES, dict(reversed(VOICES.items()))):
        (tmp_path / "voices.tgz").write_bytes(tarball_of(voices))
        pack(tmp_path / "voices.tgz", "package/voices", tmp_path / "voices.npz")
        packs.append((tmp_path / "voices.npz").read_bytes())
    assert packs[0] == packs[1]


def test_a_tarball_that_is_not_the_pinned_one_is_not_kept(registry: Registry) -> None:
    """It holds the right voices, but what else it may hold is not pinned."""
    registry.publish(tarball_of(VOICES, level=1))
    registry.fails(EngineError, "hash-mismatch")
    assert not list(registry.directory.rglob("*.tgz"))
    registry.publish(registry.pinned)
    assert registry.fetch() == registry.packed


def test_a_tarball_that_differs_from_what_its_registry_states_is_not_kept(registry: Registry) -> None:
    registry.publish(registry.pinned, stated=integrity(b"another"))
    registry.fails(EngineError, "hash-mismatch")


def test_a_missing_version_is_not_reported_as_no_network(registry: Registry) -> None:
    del registry.site.files["/story-voices"]
    assert "does not have it" in registry.fails(ConfigError, "no-such-package")


def test_a_registry_out_of_reach_is_no_network(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as gone:
        monkeypatch.setenv("npm_config_registry", f"{gone.url}/")
    assert "cannot reach" in registry.fails(UnavailableError, "no-network")


@pytest.mark.parametrize(
    ("turn", "problem"), [(Turn(cut=100_000), "download-cut"), (Turn(status=503), "index-error")]
)
def test_a_registry_that_fails_again_and_again_is_given_up(
    registry: Registry, turn: Turn, problem: str
) -> None:
    registry.site.script = [turn] * 20
    registry.fails(UnavailableError, problem)
    assert len(registry.site.gets()) <= 4


def test_a_machine_without_npm_names_the_command(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "make setup" in registry.fails(ConfigError, "missing-package")
