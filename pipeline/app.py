"""App: the engines, the store and the settings that the steps work with. bootstrap.py builds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import TypeVar

from pipeline.errors import RequestError
from pipeline.ports import (
    AudioEncoder,
    Changes,
    Covers,
    ForeignIdeas,
    IdeaMeanings,
    Kept,
    LanguageDetector,
    NoChanges,
    SpeechEngine,
    Store,
    TextEngine,
    TranslationEngine,
)
from pipeline.storage import editions, keys
from pipeline.storage import private as private_folders
from pipeline.storage.cache import CachedSpeech
from pipeline.storage.editions import FASTEST, SLOWEST, USUAL_PACE
from pipeline.storage.locks import Locks
from pipeline.storage.records import Private
from pipeline.storage.sounds import Sounds
from pipeline.story.judge import Judge
from pipeline.story.masking import NameKept
from pipeline.story.offers import Offer, offer
from pipeline.story.prompt import StoryPrompt
from pipeline.story.respelling import RespelledSpeech
from pipeline.story.word_filter import WordFilter
from pipeline.types import Hero, Voice

Engine = TypeVar("Engine")


@dataclass(frozen=True, slots=True)
class Choice:
    """A voice that a locale's stories may be asked in. paced: whether it speaks slower and faster, too.

    name, about, quality, labels: as in the table of voices.
    """

    name: str
    voice: Voice
    speech: SpeechEngine
    about: str
    quality: str
    paced: bool
    labels: tuple[str, ...] = ()

    def is_named(self, name: str) -> bool:
        """Whether `name` means this voice: its name, or the engine's own, in any case."""
        return name.lower() in {self.name, self.voice.id.lower()}


@dataclass(frozen=True, slots=True)
class Chain:
    """The engines of one locale. translation: None for the language that stories are written in.

    quality: a measured word for people; labels: what a listener must be told ("draft translation").
    labels_by_translator: the same for a text that was translated before by another engine than this chain's,
    under the first part of its fingerprint.
    edition: the name of what it makes of a story. voices: those to choose from, the locale's own first.
    """

    locale: str
    voice: Voice
    speech: SpeechEngine
    translation: TranslationEngine | None
    quality: str
    labels: tuple[str, ...] = ()
    experimental: bool = False
    labels_by_translator: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    voices: tuple[Choice, ...] = ()
    edition: str = ""

    def labels_of(self, translator: str) -> tuple[str, ...]:
        """What a listener must be told of a text that the engine with this fingerprint translated."""
        return self.labels_by_translator.get(translator.partition("/")[0], self.labels)

    def spoken(self, name: str = "", pace: float = USUAL_PACE) -> Chain:
        """The same by another voice, or at another pace. name: of the voice, "" for the locale's own.

        Raises RequestError: no such voice, or a pace that it cannot have.
        """
        choice = self._choice(name)
        pace = round(pace, 2)
        if pace != USUAL_PACE:
            _check_pace(choice, pace)
        elif choice is self.voices[0]:
            return self
        return replace(
            self,
            voice=replace(choice.voice, pace=pace),
            speech=choice.speech,
            labels=_united(self.labels, choice.labels),
            labels_by_translator={
                name: _united(labels, choice.labels) for name, labels in self.labels_by_translator.items()
            },
            edition=editions.name(self.locale, choice.name, pace),
        )

    def _choice(self, name: str) -> Choice:
        for choice in self.voices:
            if not name or choice.is_named(name):
                return choice
        raise RequestError(
            f"{self.locale} has no voice {name[:40]!r}: there are "
            f"{', '.join(choice.name for choice in self.voices)}",
            problem="unknown-voice",
        )


def _united(*labels: tuple[str, ...]) -> tuple[str, ...]:
    """Without repetitions, in order."""
    return tuple(dict.fromkeys(label for group in labels for label in group))


def _check_pace(choice: Choice, pace: float) -> None:
    if not SLOWEST <= pace <= FASTEST:
        raise RequestError(
            f"a pace of {pace:g} is not from {SLOWEST:g} (slow) to {FASTEST:g} (fast); 1 is the usual",
            problem="bad-pace",
        )
    if not choice.paced:
        raise RequestError(
            f"the voice {choice.name} speaks at its own pace only: leave the pace out, or choose another",
            problem="bad-pace",
        )


def _nowhere(_: Store) -> Iterable[App]:
    return ()


@dataclass(frozen=True, slots=True)
class App:
    """strict: whether a failed check refuses a text (profiles for quick looks only report it).

    chains: by locale. words: a language detector that costs nothing. foreign: translates an idea in a
    language that has no chain; foreign_ideas: notices such an idea, where nothing translates it. meanings:
    the second check of ideas, beside the word lists; None where there is none. changes: who follows how far
    an edition is. covers: None where stories have no pictures. over: the apps that may have made a story of
    this store, over another one; constructed, and nothing loaded. private_days: how long a story with a
    child's name is kept; private: of such a story, where this app works in its folder. today: in UTC. offer:
    the lengths and audiences that may be asked for.
    """

    profile: str
    text: TextEngine
    prompt: StoryPrompt
    judge: Judge
    word_filter: WordFilter
    language: LanguageDetector
    words: LanguageDetector
    encoder: AudioEncoder
    store: Store
    chains: Mapping[str, Chain]
    locks: Locks
    sounds: Sounds
    strict: bool = True
    foreign: TranslationEngine | None = None
    foreign_ideas: ForeignIdeas | None = None
    meanings: IdeaMeanings | None = None
    changes: Changes = field(default_factory=NoChanges)
    covers: Covers | None = None
    offer: Offer = field(default_factory=partial(offer, ""))
    over: Callable[[Store], Iterable[App]] = _nowhere
    private_days: int = 30
    private: Private | None = None
    today: Callable[[], date] = private_folders.today

    def of(self, story_id: str) -> App:
        """The app that works where this story lies: this one, or of a private story the same engines over its
        folder, with its hero's name kept in translations, and spoken as its family says it.

        Raises NotFoundError: there is no such private story, or it has expired. DamagedError.
        """
        if not keys.folder_of(story_id):
            return self
        accepted = private_folders.request(self.store, story_id, self.today())
        store = private_folders.store_of(self.store, story_id)
        moved = _Moved(store, accepted.request.hero)
        text = moved.engine(self.text)
        return replace(
            self,
            text=text,
            judge=replace(self.judge, engine=text),
            language=moved.engine(self.language),
            store=store,
            chains={locale: moved.chain(chain) for locale, chain in self.chains.items()},
            sounds=self.sounds.at(store, keys.folder(keys.folder_of(story_id))),
            foreign=self.foreign and moved.translation(self.foreign),
            private=accepted.private,
        )

    def chain(self, edition: str) -> Chain:
        """The engines of an edition, by its name. Raises KeyError: no such locale; as Chain.spoken() does."""
        locale, voice, pace = editions.parse(edition)
        chain = self.chains[locale]
        return chain.spoken(voice, pace) if voice else chain


class _Moved:
    """Engines over a private story's store, each created once, however many chains use it."""

    def __init__(self, store: Store, hero: Hero | None) -> None:
        self._store = store
        self._hero = hero
        self._speech: dict[int, SpeechEngine] = {}

    def engine(self, engine: Engine) -> Engine:
        """Its answers are kept in the store; of one that keeps none, the same."""
        moved: Engine = engine.at(self._store) if isinstance(engine, Kept) else engine
        return moved

    def translation(self, engine: TranslationEngine) -> TranslationEngine:
        return NameKept(self.engine(engine), self._hero.name) if self._hero else self.engine(engine)

    def speech(self, engine: SpeechEngine) -> SpeechEngine:
        if id(engine) not in self._speech:
            self._speech[id(engine)] = self._respelled(self.engine(engine))
        return self._speech[id(engine)]

    def _respelled(self, engine: SpeechEngine) -> SpeechEngine:
        """What is kept is what was spoken, with the marks of the text as it is written."""
        if self._hero is None or not self._hero.sounds:
            return engine
        if isinstance(engine, CachedSpeech):
            return CachedSpeech(RespelledSpeech(engine.engine, self._hero), self._store)
        return RespelledSpeech(engine, self._hero)

    def chain(self, chain: Chain) -> Chain:
        return replace(
            chain,
            speech=self.speech(chain.speech),
            translation=chain.translation and self.translation(chain.translation),
            voices=tuple(replace(choice, speech=self.speech(choice.speech)) for choice in chain.voices),
        )
