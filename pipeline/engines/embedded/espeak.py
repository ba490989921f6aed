"""espeak-ng: a small, robotic voice for every locale, in milliseconds, with a mark for each word."""

from __future__ import annotations

from functools import cached_property

from pipeline.engines.embedded import pcm
from pipeline.engines.embedded.alignment import Spoken, words
from pipeline.engines.embedded.espeakng import library
from pipeline.engines.embedded.narration import narration, nothing_to_say
from pipeline.errors import RequestError
from pipeline.types import Narration, Voice

_ENGINE = "espeak"
# Locale -> espeak-ng's language and rate. Measured on ten story sentences, these rates give 8 to 12 phonemes
# a second (140 to 165 words a minute, Arabic 105).
_VOICES = {
    "en": ("en-us", 130),
    "fr": ("fr", 120),
    "nl": ("nl", 140),
    "ar": ("ar", 140),
    "it": ("it", 130),
    "es": ("es", 130),
    "de": ("de", 135),
    "pt": ("pt-br", 140),
}


class EspeakSpeech:
    """Voice.id is espeak-ng's name of a language ("en-us"), one for each locale. Thread-safe.

    Not deterministic: the same text comes out a few milliseconds longer or shorter.
    """

    media_type = "audio/wav"
    parallel = 1  # a segment takes some hundredths of a second

    @cached_property
    def fingerprint(self) -> str:
        return f"espeak-ng/{library().version}/1"

    def voices(self) -> tuple[Voice, ...]:
        return tuple(Voice(language, locale, _ENGINE) for locale, (language, _) in _VOICES.items())

    def synthesize(self, text: str, voice: Voice) -> Narration:
        """WAV, 22.05 kHz. Raises EngineError, RequestError, ConfigError (the library cannot be loaded)."""
        rates = dict(_VOICES.values())
        if voice.id not in rates or _primary(voice.id) != _primary(voice.locale):
            raise RequestError(
                f"espeak-ng has no voice {voice.id!r} for {voice.locale}; its voices are {', '.join(rates)}",
                problem="unknown-voice",
            )
        spoken = Spoken.of(text)
        if not words(spoken.text):
            raise nothing_to_say(text, _ENGINE)
        utterance = library().speak(spoken.text, voice.id, round(rates[voice.id] * voice.pace))
        samples = pcm.from_int16(bytes(utterance.pcm))
        times_ms = [*utterance.times_ms, pcm.milliseconds(samples, utterance.rate)]
        return narration(text, spoken, utterance.anchors, samples, utterance.rate, times_ms)


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()
