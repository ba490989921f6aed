from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.engines.fake import MemoryStore
from pipeline.errors import ConfigError


@pytest.mark.parametrize(("environ", "parallel"), [({}, 2), ({"STORIES_SPEECH_PARALLEL": "6"}, 6)])
def test_polly_speaks_as_many_sentences_at_once_as_the_setting_says(
    environ: dict[str, str], parallel: int
) -> None:
    app = build_app(replace(Settings.from_env(environ), profile="aws"), MemoryStore())
    assert app.chains["fr"].speech.parallel == parallel


@pytest.mark.parametrize("value", ["0", "19", "many"])
def test_more_than_polly_takes_at_once_is_refused(value: str) -> None:
    """18 concurrent requests of neural voices (Polly's quotas)."""
    with pytest.raises(ConfigError, match="STORIES_SPEECH_PARALLEL"):
        Settings.from_env({"STORIES_SPEECH_PARALLEL": value})
