"""Weights called "mine", which a scripted server offers, and a fetch of them."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.engines.embedded.fetch import ensure
from pipeline.engines.embedded.models import Weights
from pipeline.engines.embedded.sources import Archive, Source
from pipeline.errors import StoriesError
from tests.engines.embedded.loopback import Loopback


def archive_of(name: str, content: bytes, *members: str) -> Archive:
    return Archive(name, len(content), hashlib.sha256(content).hexdigest(), members)


def weights_of(content: bytes, *sources: Source) -> Weights:
    """Pinned to this content."""
    digest = hashlib.sha256(content).hexdigest()
    return Weights("mine", "mine.gguf", len(content), digest, "Apache-2.0", "writer", "", sources)


@dataclass
class Origin(ABC):
    site: Loopback
    directory: Path

    @property
    @abstractmethod
    def weights(self) -> Weights: ...

    @property
    def path(self) -> Path:
        return self.directory / "mine.gguf"

    def fetch(self) -> bytes:
        return ensure(["mine"], self.directory, known={"mine": self.weights})["mine"].read_bytes()

    def fails(self, error: type[StoriesError], problem: str) -> str:
        """The message of a fetch that is expected to fail, and to change nothing."""
        present = self.path.exists()
        with pytest.raises(error) as raised:
            self.fetch()
        assert raised.value.problem == problem
        assert "\n" not in str(raised.value)
        assert self.path.exists() is present
        return str(raised.value)
