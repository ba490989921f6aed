"""Kokoro-82M through ONNX Runtime: the voices of the embedded profile, with a mark for each word."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.engines.embedded import pcm
from pipeline.engines.embedded.alignment import Spoken, words
from pipeline.engines.embedded.espeakng import library
from pipeline.engines.embedded.loudness import levelled
from pipeline.engines.embedded.narration import narration, nothing_to_say
from pipeline.engines.embedded.phonemes import phonemes
from pipeline.errors import ConfigError, EngineError, RequestError
from pipeline.types import Narration, Voice

_ENGINE = "kokoro"
# One more node and output for the graph, `duration`: how many frames each symbol lasts. A protobuf message
# appended to another is merged into it, so this needs no parsing and leaves no second file. As a ModelProto:
# graph { node { Cast(/encoder/Clip_output_0) -> duration, to INT64 }, output { duration: INT64 } }
_DURATION = (
    b':G\n3\n\x16/encoder/Clip_output_0\x12\x08duration"\x04Cast*\t\n\x02to\x18\x07\xa0\x01\x02'
    b"b\x10\n\x08duration\x12\x04\n\x02\x08\x07"
)

_VOICES = {
    "en": "af_heart",
    "fr": "ff_siwis",
    "it": "if_sara",
    "es": "ef_dora",
    "pt": "pf_dora",
    "de": "if_sara",
}
# A symbol sounds three frames of 25 ms before the place that the durations give it. Measured where sound
# begins after silence: marks were 74 to 121 ms late in en, es, it without this.
_EARLIER_MS = 75.0
# Speed 1 is 200 words a minute; these give 145 to 165, pauses included, and no more words misheard.
_SPEEDS = {"en": 0.8, "fr": 0.75, "it": 0.85, "es": 0.8, "pt": 0.8, "de": 0.8}
# Each style is evenly loud in itself (within 1.5 LU over ten sentences) but far from the others, and the
# loudest would clip. All are brought to one level, in LUFS; an unmeasured style counts as the loudest.
_LOUDEST = -14.6
_LEVELS = {
    "af_heart": -22.5,
    "af_nicole": -21.4,
    "am_michael": -23.9,
    "bf_emma": -20.2,
    "ef_dora": -23.5,
    "em_alex": -23.0,
    "ff_siwis": -19.7,
    "if_sara": -14.6,
    "im_nicola": -19.7,
    "pf_dora": -23.4,
    "pm_alex": -22.9,
}
# BCP-47 -> espeak-ng's name; a tag that is not here is pronounced as its primary language.
_LANGUAGES = {
    "en": "en-us",
    "en-GB": "en",
    "fr": "fr",
    "it": "it",
    "es": "es",
    "pt": "pt-br",
    "pt-PT": "pt",
    "de": "de",
}


class KokoroSpeech:
    """model, voices: return the paths of the .onnx and .npz files, called at first use.

    Any style vector of the .npz may speak any of our languages: Voice.id is the vector, Voice.locale
    the language. Thread-safe. threads: of one synthesis.
    """

    fingerprint = "kokoro/82m-int8/1"
    media_type = "audio/wav"
    parallel = 1  # one synthesis has `threads` of its own

    def __init__(self, model: Callable[[], Path], voices: Callable[[], Path], threads: int = 2) -> None:
        self._paths = (model, voices)
        self._threads = threads
        self._lock = threading.Lock()
        self._loaded: Any = None

    def voices(self) -> tuple[Voice, ...]:
        return tuple(Voice(name, locale, _ENGINE) for locale, name in _VOICES.items())

    def synthesize(self, text: str, voice: Voice) -> Narration:
        """WAV, 24 kHz. Raises EngineError, RequestError, ConfigError (weights missing or damaged)."""
        language = _language(voice.locale)
        spoken = Spoken.of(text)
        if not words(spoken.text):
            raise nothing_to_say(text, _ENGINE)
        kokoro = self._kokoro()
        if voice.id not in kokoro.voices:
            raise RequestError(f"kokoro has no voice {voice.id!r}", problem="unknown-voice")
        pronunciation = phonemes(spoken.text, language, library(), kokoro.tokenizer.vocab)
        if not any(map(str.isalpha, pronunciation.symbols)):
            raise nothing_to_say(text, _ENGINE)
        speed = _SPEEDS[voice.locale.partition("-")[0]] * voice.pace
        samples, rate, times_ms = _speak(kokoro, pronunciation.symbols, voice.id, speed)
        samples = levelled(samples, _LEVELS.get(voice.id, _LOUDEST))
        return narration(text, spoken, pronunciation.anchors, samples, rate, times_ms)

    def _kokoro(self) -> Any:
        with self._lock:
            if self._loaded is None:
                model, voices = (path() for path in self._paths)
                self._loaded = _load(model, voices, self._threads)
            return self._loaded


def _language(locale: str) -> str:
    language = _LANGUAGES.get(locale) or _LANGUAGES.get(locale.partition("-")[0])
    if language is None:
        known = ", ".join(_VOICES)
        raise RequestError(f"kokoro does not speak {locale!r}; it speaks {known}", problem="unknown-voice")
    return language


def _load(model: Path, voices: Path, threads: int) -> Any:
    import onnxruntime
    from kokoro_onnx import Kokoro

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        session = onnxruntime.InferenceSession(
            model.read_bytes() + _DURATION, options, providers=["CPUExecutionProvider"]
        )
        session._model_path = str(model)  # from_session() insists on a file
        return Kokoro.from_session(session, str(voices))
    except Exception as error:  # ONNX Runtime's errors share no public parent
        raise ConfigError(
            f"the Kokoro voice cannot be loaded from {model.parent}: run `stories models fetch`",
            problem="corrupt-weights",
        ) from error


def _speak(kokoro: Any, symbols: str, style: str, speed: float) -> tuple[pcm.Samples, int, list[float]]:
    """Samples, rate, and when each symbol that is no space begins, in ms, with the end of the last."""
    try:
        samples, rate, timings = kokoro.create_timed(symbols, style, speed, is_phonemes=True)
    except Exception as error:
        raise EngineError(f"Kokoro could not speak ({type(error).__name__})", engine=_ENGINE) from error
    audible = [timing for timing in timings if not timing.phoneme.isspace()]
    starts = [timing.start * 1000 - _EARLIER_MS for timing in audible]
    return samples, int(rate), [*starts, audible[-1].end * 1000]
