"""The espeak-ng C library, bound once for both its users: the espeak voice and Kokoro's phonemes.

The library keeps its state in process globals, so one lock guards it and every call sets the voice
and the rate it needs. Other users in this process (the phonemizer package) load private copies of the
library file, so they do not share this state.
"""

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass, field
from functools import cache

from pipeline.engines.embedded.alignment import Anchor
from pipeline.errors import ConfigError, EngineError

_SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: audio goes to the callback, espeak_Synth returns when done
_OPTIONS = 0x8003  # phoneme events, named in IPA; never exit() the process
_UTF8 = 1
_RATE = 1  # espeak_PARAMETER: words per minute
_CHARACTER = 1  # espeak_POSITION_TYPE
_WORD, _PHONEME = 1, 7  # espeak_EVENT_TYPE
_IPA_TIED = 0x02 | 0x80 | ord("^") << 8  # IPA, letters of one phoneme joined by "^"


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(slots=True)
class Utterance:
    """A spoken text. pcm: 16-bit mono. phonemes[i] (IPA, may be cut to 8 bytes) starts at times_ms[i].

    anchors: where its words begin, as (character offset in the text, index into phonemes). It merges
    ("of the") and splits ("25") words as it speaks them, so these are not the words of the text.
    """

    rate: int
    pcm: bytearray = field(default_factory=bytearray)
    phonemes: list[str] = field(default_factory=list)
    times_ms: list[int] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)

    def add(self, event: _Event) -> None:
        if event.type == _WORD:  # its positions count from 1
            self.anchors.append(Anchor(event.text_position - 1, len(self.phonemes)))
        elif event.type == _PHONEME:
            self.phonemes.append(event.id.string.decode("utf-8", "ignore"))
            self.times_ms.append(event.audio_position)


class EspeakNg:
    """One loaded library. Thread-safe. Raises ConfigError where it cannot be started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        try:
            import espeakng_loader  # GPL: it is not loaded where nothing but English is spoken

            self._library = ctypes.CDLL(espeakng_loader.get_library_path())
            data = espeakng_loader.get_data_path().encode()
        except (ImportError, OSError, RuntimeError) as error:
            raise ConfigError(
                "the espeak-ng library cannot be loaded: run `make setup` again", problem="missing-package"
            ) from error
        self._declare()
        self._rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _OPTIONS)
        if self._rate <= 0:
            raise ConfigError(
                "espeak-ng does not find its language data: run `make setup` again", problem="missing-package"
            )

    def _declare(self) -> None:
        library = self._library
        library.espeak_Info.restype = ctypes.c_char_p
        library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        library.espeak_TextToPhonemes.argtypes = (ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int)
        library.espeak_Synth.argtypes = (
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        )

    @property
    def version(self) -> str:
        return str(self._library.espeak_Info(None).decode().split()[0])

    def speak(self, text: str, language: str, words_per_minute: int = 160) -> Utterance:
        """language: espeak-ng's name of it ("en-us", "fr"). Raises EngineError."""
        utterance = Utterance(self._rate)

        @_Callback
        def receive(samples, count, events):  # type: ignore[no-untyped-def]
            if samples and count:
                utterance.pcm += ctypes.string_at(samples, count * 2)
            for event in events:
                if not event.type:
                    break
                utterance.add(event)
            return 0

        data = text.encode()
        with self._lock:
            self._choose(language)
            self._library.espeak_SetParameter(_RATE, words_per_minute, 0)
            self._library.espeak_SetSynthCallback(receive)
            status = self._library.espeak_Synth(data, len(data) + 1, 0, _CHARACTER, 0, _UTF8, None, None)
        if status:
            raise EngineError(f"espeak-ng could not speak (status {status})", engine="espeak")
        return utterance

    def transcribe(self, text: str, language: str) -> str:
        """The phonemes of `text` in IPA with stress marks: words apart, diphthongs tied by "^"."""
        buffer = ctypes.create_string_buffer(text.encode())
        rest = ctypes.c_void_p(ctypes.addressof(buffer))
        clauses = []
        with self._lock:
            self._choose(language)
            while rest.value:  # a call for each clause; the pointer moves on, and ends as NULL
                clauses.append(self._library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA_TIED))
        return " ".join(clause.decode() for clause in clauses if clause)

    def _choose(self, language: str) -> None:
        if self._library.espeak_SetVoiceByName(language.encode()):
            raise EngineError(f"espeak-ng does not have the language {language!r}", engine="espeak")


@cache
def library() -> EspeakNg:
    """The one library of this process: its state is global, so a second binding would share it unguarded."""
    return EspeakNg()
