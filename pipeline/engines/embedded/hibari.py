"""hibari: a small English voice, its weights inside its package, with a mark for each word; no GPL code."""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np

from pipeline.engines.embedded import pcm
from pipeline.engines.embedded.alignment import Anchor, Spoken, words
from pipeline.engines.embedded.loudness import levelled
from pipeline.engines.embedded.narration import narration, nothing_to_say
from pipeline.engines.embedded.pronunciation import FrontEnd, Pronunciation, pronounce
from pipeline.errors import ConfigError, EngineError, RequestError
from pipeline.types import Narration, Voice

_ENGINE = "hibari"
_PACKAGE = "hibari-tts"
_VOICE = "heart"  # the others are not in the package: it would download them
# One more output for the graph: how many frames each symbol lasts. A protobuf message appended to another
# is merged into it. As a ModelProto: graph { output { /Cast_32_output_0: INT64 } }
_DURATION = b":\x1bb\x19\n\x11/Cast_32_output_0\x12\x04\n\x02\x08\x07"
_FRAME = 600  # samples of a frame of the durations
_SEED = 0  # of the noise in consonants and breath
# Sentences take as long as Kokoro's: 189 and 186 words a minute, the pauses between them left out.
_SPEED = 0.8
# A symbol sounds three frames of 25 ms before the place that the durations give it, as with its teacher
# Kokoro. Measured where sound begins after silence: without this, marks were 25 to 140 ms late (median 55).
_EARLIER_MS = 75.0
# More where it speaks slower, less where faster: with this, marks at paces 0.7 to 1.3 are within 90 ms there.
_EARLIER_BY_PACE_MS = 270.0
_LUFS = -26.0  # of the voice as it comes: within 1.5 LU over fifty sentences


class HibariSpeech:
    """Voice.id is "heart", an American voice. Thread-safe; a synthesis takes one thread."""

    fingerprint = "hibari/heart-0.2.1/1"
    media_type = "audio/wav"
    parallel = 1

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: _Model | None = None

    def voices(self) -> tuple[Voice, ...]:
        return (Voice(_VOICE, "en", _ENGINE),)

    def synthesize(self, text: str, voice: Voice) -> Narration:
        """WAV, 24 kHz. Raises EngineError, RequestError, ConfigError (package missing or damaged)."""
        if (voice.id, voice.locale.partition("-")[0]) != (_VOICE, "en"):
            raise RequestError(
                f"hibari has no voice {voice.id!r} for {voice.locale}; it has {_VOICE!r} for en",
                problem="unknown-voice",
            )
        spoken = Spoken.of(text)
        if not words(spoken.text):
            raise nothing_to_say(text, _ENGINE)
        model = self._model()
        pieces = pronounce(spoken.text, model.front_end)
        if not any(character.isalpha() for piece in pieces for character in piece.symbols):
            raise nothing_to_say(text, _ENGINE)
        sounds = [model.speak(piece.symbols, _SPEED * voice.pace) for piece in pieces]
        earlier_ms = _EARLIER_MS + _EARLIER_BY_PACE_MS * (1 / voice.pace - 1)
        samples, anchors, times_ms = _joined(pieces, sounds, model.rate, earlier_ms)
        return narration(text, spoken, anchors, levelled(samples, _LUFS), model.rate, times_ms)

    def _model(self) -> _Model:
        with self._lock:
            if self._loaded is None:
                self._loaded = _load()
            return self._loaded


class _Model:
    """The package's voice. front_end: how it reads a text; rate: of its sound, in Hz."""

    def __init__(self) -> None:
        """Reads the package's files, in about half a second."""
        import hibari
        from hibari import dsp
        from hibari.g2p.normalize import normalize
        from hibari.voices import voice_path

        weights = Path(voice_path(_VOICE, download_missing=False)).read_bytes()
        self._hibari = hibari.Hibari(model=weights + _DURATION, threads=1)
        self._synthesize = dsp.synth
        self.rate: int = hibari.SAMPLE_RATE
        g2p = self._hibari.g2p
        g2p.lexicon.golds.d.update(_names())
        self.front_end = FrontEnd(
            sentences=self._hibari.split_sentences,
            write_out=normalize,
            tokens=lambda text: g2p.phonemize_tokens(g2p.tokenize(text)),
            vocabulary=self._hibari.vocab,
        )

    def speak(self, symbols: str, speed: float) -> tuple[pcm.Samples, list[float]]:
        """Samples, and when each symbol begins, in ms, with the end of the last. Raises EngineError."""
        inputs = {
            "ids": np.asarray([self._hibari.ids(symbols)], np.int64),
            "speed": np.asarray([speed], np.float32),
        }
        try:
            *parts, durations = self._hibari.sess.run(None, inputs)
            samples = self._synthesize(*(part[0] for part in parts), np.random.default_rng(_SEED))
        except Exception as error:  # ONNX Runtime's errors share no public parent
            raise EngineError(f"hibari could not speak ({type(error).__name__})", engine=_ENGINE) from error
        # A silent symbol stands before the first and after the last: where it ends, the first begins.
        begins = np.cumsum(durations.reshape(-1))[:-1] * (_FRAME * 1000 / self.rate)
        return samples, begins.tolist()


def _names() -> dict[str, str]:
    """Name -> its symbols."""
    return tomllib.loads(files("pipeline").joinpath("data", "english_names.toml").read_text("utf-8"))


def _load() -> _Model:
    try:
        return _Model()
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the voice hibari needs the package {_PACKAGE!r}: run `make setup`", problem="missing-package"
        ) from error
    except Exception as error:  # ONNX Runtime's errors share no public parent
        raise ConfigError(
            f"the voice hibari cannot be loaded: install the package {_PACKAGE!r} again (`make setup`)",
            problem="corrupt-weights",
        ) from error


def _joined(
    pieces: Sequence[Pronunciation],
    sounds: Sequence[tuple[pcm.Samples, list[float]]],
    rate: int,
    earlier_ms: float,
) -> tuple[pcm.Samples, list[Anchor], list[float]]:
    """The sounds one after another; anchors count the symbols of all, times_ms are from the first's start."""
    anchors: list[Anchor] = []
    times_ms: list[float] = []
    begin_ms = 0.0
    for piece, (samples, begins_ms) in zip(pieces, sounds, strict=True):
        anchors += [Anchor(a.position, len(times_ms) + a.phoneme) for a in piece.anchors]
        times_ms += [begin_ms + time_ms - earlier_ms for time_ms in begins_ms[:-1]]
        begin_ms += len(samples) * 1000 / rate
    return np.concatenate([samples for samples, _ in sounds]), anchors, [*times_ms, begin_ms]
