"""Which formats an installation can make."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from pipeline.exports import formats


def test_a_format_whose_package_is_not_installed_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    assert formats.available() == tuple(formats.FORMATS)
    monkeypatch.setattr(formats, "find_spec", lambda name: None if name == "av" else find_spec(name))
    assert "m4b" not in formats.available()
    assert {"epub", "print", "mp3", "vtt"} <= set(formats.available())
