"""The composition root: the only place where engines are chosen, created and wrapped, for entry points."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from pipeline.api.runner import InProcess, Recorded, Runner
from pipeline.app import App, Chain, Choice
from pipeline.config.profiles import DEFAULT_PROFILE, profile
from pipeline.config.settings import Settings
from pipeline.config.voices import VoiceRow, paced
from pipeline.engines.registry import create
from pipeline.engines.voices import offered
from pipeline.ports import LanguageDetector, SpeechEngine, Store, TextEngine, TranslationEngine
from pipeline.storage.cache import CachedDetection, CachedSpeech, CachedText, CachedTranslation
from pipeline.storage.locks import Locks, this_machine
from pipeline.story.judge import Judge
from pipeline.story.locales import language
from pipeline.story.prompt import current, read, story_prompt
from pipeline.story.word_filter import word_filter
from pipeline.types import Voice

_CLAIM_SECONDS = 15.0
_FIREFOX = "firefox"


def build_app(settings: Settings, store: Store | None = None) -> App:
    """Nothing is loaded yet: weights, packages and clients are asked for at the first use of their engine.

    Raises ConfigError: unknown profile or story prompt, missing package.
    """
    parts = _Parts(settings, store)
    spec = parts.spec
    return App(
        profile=settings.profile,
        text=parts.text,
        prompt=story_prompt(settings.prompt or current(writer(settings))),
        judge=Judge(parts.text, read("judge")),
        word_filter=word_filter(),
        language=parts.language,
        encoder=create(spec["encoder"]),
        store=parts.store,
        chains={locale: parts.chain(locale, row) for locale, row in spec["locales"].items()},
        locks=_locks(parts),
        strict=spec["strict"] if settings.strict is None else settings.strict,
        foreign=parts.translation(spec["foreign"]) if "foreign" in spec else None,
    )


def build_batch(settings: Settings) -> App:
    """An app that adds up what its fresh calls cost (app.store is a Metered). Raises as build_app does."""
    from pipeline.batch.metering import Metered

    return build_app(settings, Metered(build_store(settings)))


def build_grader(app: App, environ: Mapping[str, str], profile: str, model: str) -> TextEngine | None:
    """The model that grades stories, cached in the app's store; None where neither profile nor model names
    one.

    model: a name of `stories models`, or a GGUF's path. STORIES_JUDGE_ENDPOINT is the endpoint of the profile
    aws, where it is another than writes. Where it is the very model that writes, it is not loaded twice.
    Raises ConfigError, as build_app does.
    """
    if not profile and not model:
        return None
    judge_environ = {
        **environ,
        "STORIES_ENDPOINT": environ.get("STORIES_JUDGE_ENDPOINT") or environ.get("STORIES_ENDPOINT", ""),
    }
    # A writer that the environment names is the app's.
    for name in ("STORIES_MODEL", "STORIES_WRITER_URL"):
        judge_environ.pop(name, None)
    settings = Settings.from_env(judge_environ, profile=profile or DEFAULT_PROFILE, model=model)
    grader = _Parts(settings, app.store).text
    same = grader.fingerprint == app.text.fingerprint and not environ.get("STORIES_JUDGE_ENDPOINT")
    return app.text if same else grader


def build_runner(app: App, settings: Settings) -> Runner:
    """The state machine where one is named, else threads of this process."""
    if settings.aws.workflow:
        from pipeline.engines.aws.clients import Clients
        from pipeline.engines.aws.workflow import Workflow

        # StartSyncExecution is silent until all is over: the wait is the read timeout.
        clients = Clients(timeouts={"stepfunctions": max(1, settings.serving.wait)})
        return Recorded(Workflow(clients, settings.aws.workflow), app.store)
    serving = settings.serving
    return InProcess(app, serving.workers, serving.waiting, serving.publish)


def build_store(settings: Settings) -> Store:
    """Where the profile keeps its stories. Raises ConfigError, as build_app does."""
    return _Parts(settings, None).store


def weights(settings: Settings) -> tuple[str, ...]:
    """The names of the weights that the profile needs; a model given by path needs no fetching."""
    from pipeline.engines.embedded import models

    spec = profile(settings.profile)
    name = settings.model or spec["text"]
    named = (name,) if _writer(spec, settings) == "llama" and not models.is_path(name) else ()
    return (*named, *spec["weights"])


def translated_languages(settings: Settings) -> tuple[str, ...]:
    """The languages that a translator of Firefox's is to translate, where its files are on this machine."""
    rows = profile(settings.profile)["locales"]
    return tuple(
        dict.fromkeys(language(locale) for locale, row in rows.items() if row.get("translation") == _FIREFOX)
    )


def writer(settings: Settings) -> str:
    """The name of the model that writes, which is the key of its story prompt in current.toml."""
    spec = profile(settings.profile)
    name: str = settings.model or spec["text"]
    return _model_name(name) if _writer(spec, settings) == "llama" else name


def models_dir(settings: Settings) -> Path:
    from pipeline.engines.embedded import models

    return settings.models or models.models_dir(os.environ)


def _locks(parts: _Parts) -> Locks:
    """In a store of this machine a claim ends with its process. In a bucket it ends by its expiry only, which
    is short: a function that was ended in the middle leaves its claim behind.
    """
    if parts.spec["store"] == "files":
        return Locks(parts.store, machine=this_machine())
    return Locks(parts.store, seconds=_CLAIM_SECONDS)


class _Parts:
    """Creates each part once, however many locales use it."""

    def __init__(self, settings: Settings, store: Store | None) -> None:
        self.settings = settings
        self.spec = profile(settings.profile)
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
        return CachedText(self._create(_writer(self.spec, self.settings)), self.store)

    @cached_property
    def language(self) -> LanguageDetector:
        detector: LanguageDetector = self._create(self.spec["language"])
        return detector

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
        key = f"{name} {language(locale)}" if name == _FIREFOX else name
        if key not in self._created:
            created = self._create_firefox(locale) if name == _FIREFOX else self._create(name)
            # Translations by the local model are completions of the cached writer, kept one by one already.
            self._created[key] = (
                created if name == "llm-translation" else CachedTranslation(created, self.store)
            )
        engine: TranslationEngine = self._created[key]
        return engine

    def _has_translator(self, row: dict[str, Any], locale: str) -> bool:
        """Decided here, once for the whole life of an app: its fingerprints and labels never change."""
        if row.get("translation") != _FIREFOX:
            return True
        from pipeline.engines.embedded import translators

        return translators.are_here(translators.of(language(locale)), models_dir(self.settings))

    def _create_firefox(self, locale: str) -> Any:
        from pipeline.engines.embedded import translators

        read = partial(translators.read, directory=models_dir(self.settings))
        return create(_FIREFOX, directions=translators.of(language(locale)), read=read)

    def _speech(self, name: str) -> SpeechEngine:
        if name not in self._created:
            self._created[name] = CachedSpeech(self._create(name), self.store)
        engine: SpeechEngine = self._created[name]
        return engine

    def _create(self, name: str) -> Any:
        options = _OPTIONS.get(name)
        return create(name, **(options(self) if options else {}))


def _labels(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(row.get("labels", ()))


def _llama(parts: _Parts) -> dict[str, Any]:
    settings = parts.settings
    name = settings.model or parts.spec["text"]
    return {
        "name": _model_name(name),
        "weights": partial(_weights, name, settings),
        "readings": models_dir(settings) / "readings" if settings.readings else None,
    }


def _kokoro(parts: _Parts) -> dict[str, Any]:
    return {
        "model": partial(_weights, "kokoro-82m-int8", parts.settings),
        "voices": partial(_weights, "kokoro-voices", parts.settings),
    }


def _sagemaker(parts: _Parts) -> dict[str, Any]:
    aws = parts.settings.aws
    return {
        "clients": parts.clients,
        "endpoint": aws.endpoint,
        "model": parts.settings.model or parts.spec["text"],
        "container": aws.container,
        "streamed": aws.streamed,
        "component": aws.component,
    }


def _openai(parts: _Parts) -> dict[str, Any]:
    writer = parts.settings.writer
    return {
        "url": writer.url,
        "key": writer.key,
        "plain": writer.plain,
        "model": parts.settings.model,
        "attempts": parts.settings.aws.attempts,
    }


def _amazon_translate(parts: _Parts) -> dict[str, Any]:
    aws = parts.settings.aws
    return {"clients": parts.clients, "formality": aws.formality, "terminology": aws.terminology}


def _service_language(parts: _Parts) -> dict[str, Any]:
    paid = CachedDetection(create("amazon-detection", clients=parts.clients), parts.store)
    return {"detect_paid": paid, "words": create("function-words")}


def _s3(parts: _Parts) -> dict[str, Any]:
    aws = parts.settings.aws
    return {"clients": parts.clients, "bucket": aws.bucket, "url_seconds": aws.url_seconds}


# The options of each engine's constructor; an engine that is not listed has none.
_OPTIONS: dict[str, Callable[[_Parts], dict[str, Any]]] = {
    "llama": _llama,
    "llm-translation": lambda parts: {"text": parts.text, "detector": parts.language},
    "kokoro": _kokoro,
    "lingua": lambda parts: {"words": create("function-words")},
    "files": lambda parts: {"root": parts.settings.out},
    "openai": _openai,
    "sagemaker": _sagemaker,
    "amazon-translate": _amazon_translate,
    "service-language": _service_language,
    "polly": lambda parts: {"clients": parts.clients, "table": parts.settings.aws.voices},
    "s3": _s3,
}


def _writer(spec: dict[str, Any], settings: Settings) -> str:
    """A server that the settings name writes for every profile. A fake has no model: where a model is named,
    the writer is a local one."""
    if settings.writer.url:
        return "openai"
    writer: str = spec["writer"]
    return "llama" if settings.model and writer == "fake-text" else writer


def _weights(name: str, settings: Settings) -> Path:
    from pipeline.engines.embedded import models

    return models.path_of(name, models_dir(settings))


def _model_name(name_or_path: str) -> str:
    from pipeline.engines.embedded import models

    return models.fingerprint_name(name_or_path)
