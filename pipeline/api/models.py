"""Bodies of requests, which are validated, and of responses: the schemas of the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.steps.accept import VARIANTS
from pipeline.storage.editions import FASTEST, SLOWEST

LONGEST_TAG = 35
_TAG = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$"
State = Literal["queued", "writing", "translating", "speaking", "done", "failed"]
Locale = Annotated[
    str, Field(min_length=2, max_length=LONGEST_TAG, pattern=_TAG, description="BCP-47, as fr or fr-CA")
]

VOICE = "A voice of the locale, by its name in GET /locales; none: the locale's own"
PACE = "How fast, where the voice can: 1 is the usual"
_SPOKEN_BY = "With pace, where it is not the locale's own voice at its usual pace"
_COVER = "The picture, below the API's own address; none where stories have no pictures"
_COVER_TEXT = "What the picture shows, in the story's language"
Voice = Annotated[str, Field(min_length=1, max_length=40, description=VOICE)]
Pace = Annotated[float, Field(ge=SLOWEST, le=FASTEST, description=PACE)]


class _Order(BaseModel):
    """Strict: no unknown field, no "1" for 1."""

    model_config = ConfigDict(extra="forbid", strict=True)


class StoryOrder(_Order):
    context: str = Field(
        min_length=1,
        max_length=2000,
        description="The idea in one line, in any of the languages",
        examples=["a baby sphynx lost in an Egyptian pyramid"],
    )
    locale: Locale = Field(default="en", description="The language to hear it in")
    variant: int | None = Field(
        default=None, ge=0, lt=VARIANTS, description="Which of the idea's many stories; none: a random one"
    )
    experimental: bool = Field(default=False, description="Also a language measured as hard to understand")
    voice: Voice | None = None
    pace: Pace | None = None


class LocaleOrder(_Order):
    locale: Locale
    experimental: bool = False
    voice: Voice | None = None
    pace: Pace | None = None


class PushOrder(_Order):
    """An empty object."""


class PushView(BaseModel):
    address: str = Field(description="Of a WebSocket (ws: or wss:), for one connection within a minute")


class Mark(BaseModel):
    timeMs: int = Field(description="From the segment's start")
    start: int = Field(description="Character offsets into the segment's text")
    end: int
    value: str


class Segment(BaseModel):
    text: str
    audioUrl: str | None = Field(default=None, description="Signed; present as soon as it is spoken")
    startMs: int | None = Field(default=None, description="Where it begins in the whole mp3")
    durationMs: int | None = None
    marks: list[Mark] = []


class ProgressView(BaseModel):
    done: int
    total: int = Field(description="0: not known")
    ahead: int | None = Field(default=None, description="Stories before it, while it is queued")
    firstWordSeconds: float | None = Field(
        default=None, description="Expected until it can be heard, by the last stories of this machine"
    )
    wholeSeconds: float | None = Field(default=None, description="Expected until it is done")
    soundRate: float | None = Field(default=None, description="Seconds of sound spoken in a second")


class EarlyView(BaseModel):
    """What may be read while a story is written; in English, and the hero's name alone in other languages."""

    hero: str | None = None
    title: str | None = None
    sentences: list[str] = []


class Accepted(BaseModel):
    id: str
    locale: str
    status: State
    variant: int | None = None
    voice: str | None = Field(default=None, description=_SPOKEN_BY)
    pace: float | None = None


class StoryView(BaseModel):
    """A story in a locale. Where its status is "failed", `detail` says why."""

    id: str
    locale: str
    status: State
    voice: str | None = Field(default=None, description=_SPOKEN_BY)
    pace: float | None = None
    progress: ProgressView | None = None
    early: EarlyView | None = None
    title: str | None = None
    story: str | None = None
    mp3Url: str | None = None
    downloadUrl: str | None = None
    durationMs: int | None = None
    segments: list[Segment] = []
    context: str | None = None
    variant: int | None = None
    locales: list[str] = Field(default=[], description="In which it is complete")
    labels: list[str] = Field(default=[], description="What a listener must know")
    engines: dict[str, str] = {}
    checks: list[dict[str, Any]] = []
    coverUrl: str | None = Field(default=None, description=_COVER)
    coverNightUrl: str | None = Field(default=None, description="The same for a dark room")
    coverPngUrl: str | None = Field(default=None, description="The same for lock screens")
    coverText: str | None = Field(default=None, description=_COVER_TEXT)
    problem: str | None = None
    detail: str | None = None
    retryable: bool | None = None


class Card(BaseModel):
    id: str
    locale: str
    title: str
    durationMs: int
    labels: list[str] = []
    voice: str | None = Field(default=None, description=_SPOKEN_BY)
    pace: float | None = None
    coverUrl: str | None = Field(default=None, description=_COVER)
    coverNightUrl: str | None = Field(default=None, description="The same for a dark room")
    coverPngUrl: str | None = Field(default=None, description="The same for lock screens")
    coverText: str | None = Field(default=None, description=_COVER_TEXT)


class StoryPage(BaseModel):
    stories: list[Card]
    cursor: str | None = Field(default=None, description="Of the next page; none: this is the last")


class VoiceView(BaseModel):
    name: str
    about: str = Field(description="Who speaks, in a few words of English")
    quality: str
    labels: list[str] = Field(description="What a listener must know")
    paced: bool = Field(description="It can speak slower and faster")


class SampleView(BaseModel):
    """One sentence of a voice."""

    text: str
    audioUrl: str = Field(description="Signed")
    durationMs: int


class LocaleView(BaseModel):
    locale: str
    quality: str
    labels: list[str]
    experimental: bool
    translation: str | None = Field(
        default=None, description="Engine that translates it; null: stories are written in it"
    )
    voices: list[VoiceView] = Field(description="The locale's own first")


class Locales(BaseModel):
    locales: list[LocaleView]
    exports: list[str] = Field(
        default=[], description="Formats in which a story is to be had, below /exports; none where it is not"
    )


class Health(BaseModel):
    status: str
    profile: str


class ProblemView(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
