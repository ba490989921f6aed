"""Engines that are slow to load, once a session."""

from __future__ import annotations

import pytest

from pipeline.engines.embedded.language import LinguaDetector


@pytest.fixture(scope="session")
def lingua() -> LinguaDetector:
    """Alone, without the table of everyday words."""
    return LinguaDetector()
