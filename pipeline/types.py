"""The values that steps and engines pass to one another: frozen, standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# What a record leaves out.
USUAL_AUDIENCE, USUAL_LENGTH = "children aged 3 to 7", "short"


@dataclass(frozen=True, slots=True)
class Hero:
    """The child that a private story is about. sounds: how its name is said, as "Shi-vawn"; "": as it is.

    Neither is shown by repr(), which libraries log.
    """

    name: str = field(repr=False)
    sounds: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class StoryRequest:
    """Which story is meant. The target locale is no part of it: a story is written once, in English.

    context: the one-line idea as the person typed it (NFC, trimmed), in any of our languages.
    variant: which of the many stories of this context; 0 <= variant < 2**53. audience: the prompt's words for
    it. length: a name of data/lengths.toml. hero: of a private story.
    """

    context: str
    variant: int = 0
    audience: str = USUAL_AUDIENCE
    length: str = USUAL_LENGTH
    hero: Hero | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """Exactly what is sent to a text engine, and so exactly what a cached completion is keyed by.

    name: "name@version" of the prompt text. examples: worked (user, assistant) turns before `user`.
    grammar: GBNF that the answer must match; an engine that cannot constrain ignores it, so the
    answer is parsed and checked all the same. choices: the answer is to be one of these, in one token.
    seed: 32 bits. attempt: raised after a bad answer. dry: how strongly a run of words is avoided that was
    there before, in the worked examples or in the answer itself (llama.cpp's DRY multiplier; 0: not at all);
    an engine that cannot ignores it, and the checks for copies and loops stand behind it.
    """

    name: str
    system: str
    user: str
    examples: tuple[tuple[str, str], ...] = ()
    max_tokens: int = 300
    temperature: float = 0.8
    top_p: float = 0.95
    seed: int = 0
    grammar: str = ""
    choices: tuple[str, ...] = ()
    attempt: int = 0
    dry: float = 0.0


@dataclass(frozen=True, slots=True)
class Completion:
    """stop_reason: "end" when the model stopped by itself, "length" when max_tokens cut it.

    confidence: for a prompt with choices, the probability (0 to 1) of the answer among them;
    1.0 from an engine that does not report it.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    stop_reason: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Story:
    """A text in one locale. segments: sentences, the unit of speech and of highlighting.

    scenes: which sentence each scene begins with, from 0; empty where there is one scene.
    """

    id: str
    locale: str
    title: str
    segments: tuple[str, ...]
    scenes: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(self.segments)


@dataclass(frozen=True, slots=True)
class Change:
    """A new text of a segment. segment: its number, from 0. text: "" takes it out."""

    segment: int
    text: str


@dataclass(frozen=True, slots=True)
class Revision:
    """What a person changed of a story, which makes another one of it.

    revises: the id of the story before. locale: of the text that was changed. title: "" where it stays.
    """

    revises: str
    locale: str
    changes: tuple[Change, ...] = ()
    title: str = ""


@dataclass(frozen=True, slots=True)
class Voice:
    """id: the engine's own name for it. locale: the BCP-47 tag of the language it is to speak.

    pace: how fast, as a share of the engine's usual pace in that language.
    """

    id: str
    locale: str
    engine: str
    pace: float = 1.0


@dataclass(frozen=True, slots=True)
class SpeechMark:
    """One spoken word: when it starts (ms from the segment's start), and which characters it is.

    start, end: character offsets into the segment's text, end exclusive; value == text[start:end].
    """

    time_ms: int
    start: int
    end: int
    value: str


@dataclass(frozen=True, slots=True)
class Early:
    """What a person may read of a text that is still written or translated: each sentence passed its own
    checks, the whole is not judged yet. locale: of the text. It may begin anew, where a draft was refused.

    passed: how many sentences, from the first, are of scenes that passed, and may be heard.
    """

    locale: str
    hero: str = ""
    title: str = ""
    sentences: tuple[str, ...] = ()
    passed: int = 0


@dataclass(frozen=True, slots=True)
class Narration:
    """A spoken segment. audio: a whole file of `media_type` (embedded engines: WAV, 16-bit mono).

    key: where it lies in the store, once it is kept there.
    """

    audio: bytes
    media_type: str
    duration_ms: int
    marks: tuple[SpeechMark, ...]
    key: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole story as one mp3, untagged. starts_ms: where each segment begins in it."""

    audio: bytes
    duration_ms: int
    starts_ms: tuple[int, ...]
    loudness_lufs: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What calls consumed: the unit of the cost ledger. seconds: wall time of the engine."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    characters: int = 0
    audio_seconds: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.characters + other.characters,
            round(self.audio_seconds + other.audio_seconds, 3),
            round(self.seconds + other.seconds, 3),
        )


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one rule. figure: what was measured; bound: what was required, in words."""

    name: str
    passed: bool
    figure: float | str | None = None
    bound: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check of the set-up. passed: None where it could not be checked.

    summary: the result, in words for a person. todo: what to do where it did not pass. needed: whether it is
    not known that all is ready while this could not be checked.
    """

    name: str
    passed: bool | None
    summary: str
    todo: str = ""
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Content:
    """What an object of the store holds. size: bytes. sha256: hex digits."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ManifestSegment:
    """audio: the store's key of the segment alone. start_ms: where it begins in the whole mp3."""

    text: str
    audio: str
    start_ms: int
    duration_ms: int
    marks: tuple[SpeechMark, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """An edition is complete: written last, it names everything. No timestamps, no URLs.

    voice: its name, where it is not the locale's own at its usual pace; pace: as in Voice.
    files: by key, the content of the mp3, of each text, and of each segment's sound (the sound alone: its
    cost, which lies in the same object, differs from run to run). Empty in older stores. audience, length: of
    the request. scenes: as in Story. revises: the story of which a person made this one; "" for one that
    nobody edited.
    """

    story_id: str
    locale: str
    title: str
    context: str
    idea: str
    variant: int
    segments: tuple[ManifestSegment, ...]
    mp3: str
    duration_ms: int
    labels: tuple[str, ...]
    engines: Mapping[str, str]
    checks: tuple[Check, ...] = ()
    usage: Mapping[str, Usage] = field(default_factory=dict)
    voice: str = ""
    pace: float = 1.0
    files: Mapping[str, Content] = field(default_factory=dict)
    revises: str = ""
    audience: str = USUAL_AUDIENCE
    length: str = USUAL_LENGTH
    scenes: tuple[int, ...] = ()
