"""A sentence by which a voice is heard before it is chosen: kept as any narration, so it is paid for once."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.app import App, Chain
from pipeline.config.voices import sentence
from pipeline.storage.narrations import find


@dataclass(frozen=True, slots=True)
class Sample:
    """key: of the sound in the store."""

    text: str
    key: str
    duration_ms: int


def sample(app: App, chain: Chain) -> Sample:
    """What the chain's voice says of itself. Raises EngineError, ConfigError, StoreError."""
    text = sentence(chain.locale)
    stored = find(app.store, chain.speech, text, chain.voice)
    if stored is not None and app.sounds.is_whole(stored.audio):
        return Sample(text, stored.audio, stored.duration_ms)
    narration = chain.speech.synthesize(text, chain.voice)
    return Sample(text, narration.key, narration.duration_ms)
