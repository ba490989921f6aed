"""Bodies of requests, which are validated, and of responses: the schemas of the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from pipeline.errors import RequestError
from pipeline.steps.accept import VARIANTS
from pipeline.storage.editions import FASTEST, SLOWEST
from pipeline.story import heroes
from pipeline.story.edits import LONGEST_SEGMENT, LONGEST_TITLE, MOST_CHANGES
from pipeline.story.heroes import LONGEST_NAME, LONGEST_SOUNDS
from pipeline.story.offers import YOUNG
from pipeline.types import USUAL_LENGTH, Hero

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


def _checked(text: str) -> str:
    """As heroes.accept() does later: what is no name is a malformed request, whose answer says why."""
    try:
        return heroes.checked(text, len(text))
    except RequestError as error:
        raise PydanticCustomError("name", "{reason}", {"reason": str(error)}) from None


class HeroOrder(_Order):
    """A child's name makes a story private, and it expires."""

    # repr=False: Powertools logs a route's arguments at DEBUG.
    name: Annotated[str, AfterValidator(_checked)] = Field(
        min_length=1,
        max_length=LONGEST_NAME,
        repr=False,
        description="Letters of any script, hyphens, apostrophes, blanks",
    )
    sounds: Annotated[str, AfterValidator(_checked)] | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_SOUNDS,
        repr=False,
        description="How it is said, as Shi-vawn",
    )

    @property
    def hero(self) -> Hero:
        return Hero(self.name, self.sounds or "")


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
    length: str = Field(
        default=USUAL_LENGTH, max_length=20, description="A name of `lengths` in GET /locales"
    )
    audience: str = Field(default=YOUNG, max_length=20, description="A name of `audiences` in GET /locales")
    experimental: bool = Field(default=False, description="Also a language measured as hard to understand")
    voice: Voice | None = None
    pace: Pace | None = None
    hero: HeroOrder | None = None


class NameOrder(HeroOrder):
    voice: Voice | None = None


class NameView(BaseModel):
    """A name, spoken; kept nowhere."""

    mediaType: str
    audio: str = Field(description="Base64")
    durationMs: int


class LocaleOrder(_Order):
    locale: Locale
    experimental: bool = False
    voice: Voice | None = None
    pace: Pace | None = None


class ChangeOrder(_Order):
    segment: int = Field(ge=0, description="The sentence's number, from 0")
    text: str = Field(max_length=LONGEST_SEGMENT, description='"" takes it out, of the English text only')


class EditOrder(LocaleOrder):
    """locale: of the text that is changed. In English it changes all languages, in another that one alone."""

    changes: list[ChangeOrder] = Field(default=[], max_length=MOST_CHANGES)
    title: str | None = Field(default=None, max_length=LONGEST_TITLE)


class PushOrder(_Order):
    """An empty object."""


class UndoOrder(_Order):
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


class Before(BaseModel):
    id: str = Field(description="Of the story before it was edited")


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
    revises: str | None = Field(default=None, description="The story of which a person made this one")
    length: str | None = Field(default=None, description="With audience, where it is not the default")
    audience: str | None = Field(default=None, description="An age band's name, or free words")
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
    private: bool | None = Field(
        default=None, description="It has a child's name: in no list, never published"
    )
    expires: str | None = Field(default=None, description="The last day on which a private story is there")


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


class ShelfCard(Card):
    """A story that was made for this family, by one of its editions."""

    locales: list[str] = Field(description="In which it is complete")
    created: str = Field(description="When it was asked for first (ISO 8601)")
    published: bool = Field(description="This edition is in GET /stories")
    private: bool = Field(description="It has a child's name, and is never published")
    expires: str | None = Field(default=None, description="The last day of a private story (ISO 8601)")
    quick: bool = Field(description="A quick look, of small engines or of none")
    revises: str | None = Field(default=None, description="The story of which a person made this one")


class ShelfPage(BaseModel):
    stories: list[ShelfCard]
    cursor: str | None = Field(default=None, description="Of the next page; none: this is the last")


class PublishedOrder(_Order):
    published: bool


class PublishedView(BaseModel):
    published: bool


class PinView(BaseModel):
    needed: bool = Field(description="Deleting, publishing and editing need the header X-Pin")
    set: bool = Field(description="There is one")


class PinOrder(_Order):
    # In no repr: Powertools logs a route's arguments at DEBUG.
    pin: str = Field(pattern=r"^[0-9]{4,8}$", description="4 to 8 digits", repr=False)
    old: str = Field(default="", max_length=8, description="The one before, where there is one", repr=False)


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


class LengthView(BaseModel):
    name: str
    words: list[int] = Field(description="From and to")
    minutes: int = Field(description="About, read aloud")


class AudienceView(BaseModel):
    name: str
    ages: list[int] = Field(description="In years, from and to")


class Locales(BaseModel):
    """With what may be asked for here beside a language; the defaults come first."""

    locales: list[LocaleView]
    lengths: list[LengthView]
    audiences: list[AudienceView]
    privateDays: int = Field(description="How long a story with a child's name is kept")
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
