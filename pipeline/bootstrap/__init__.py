"""The composition root: the only place where engines are chosen, created and wrapped, for entry points."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.api.runner import Recorded, Runner
from pipeline.app import App
from pipeline.bootstrap.models import model_name, writing_engine
from pipeline.bootstrap.models import models_dir as models_dir
from pipeline.bootstrap.parts import FIREFOX, Parts
from pipeline.config.profiles import DEFAULT_PROFILE, profile, profiles
from pipeline.config.settings import Settings
from pipeline.engines.registry import create
from pipeline.errors import ConfigError
from pipeline.ports import NoChanges, Store, TextEngine
from pipeline.storage.claims import this_machine
from pipeline.storage.locks import Locks
from pipeline.storage.sounds import Sounds
from pipeline.story.judge import Judge
from pipeline.story.locales import language
from pipeline.story.offers import offer
from pipeline.story.prompt import current, read, story_prompt
from pipeline.story.word_filter import word_filter

if TYPE_CHECKING:
    from pipeline.api.followers import Followers, StoredTickets

_CLAIM_SECONDS = 15.0


def build_app(settings: Settings, store: Store | None = None) -> App:
    """Nothing is loaded yet: weights, packages and clients are asked for at the first use of their engine.

    Raises ConfigError: unknown profile or story prompt, missing package.
    """
    parts = Parts(settings, store)
    spec = parts.spec
    return App(
        profile=settings.profile,
        text=parts.text,
        prompt=story_prompt(settings.prompt or current(writer(settings))),
        judge=Judge(parts.text, read("judge")),
        word_filter=word_filter(),
        language=parts.language,
        words=parts.words,
        encoder=create(spec["encoder"]),
        store=parts.store,
        chains={locale: parts.chain(locale, row) for locale, row in spec["locales"].items()},
        locks=_locks(parts),
        # S3 keeps a checksum of each object, and compares it.
        sounds=Sounds(parts.store if spec["store"] == "files" else None),
        strict=spec["strict"] if settings.strict is None else settings.strict,
        foreign=parts.translation(spec["foreign"]) if "foreign" in spec else None,
        foreign_ideas=None if "foreign" in spec else create("foreign-ideas", words=parts.words),
        meanings=parts.meanings,
        changes=_followers(settings, parts.store) if settings.aws.push else NoChanges(),
        covers=parts.covers,
        over=partial(_over, settings),
        private_days=settings.private_days,
        offer=offer(writer(settings)),
    )


def _over(settings: Settings, store: Store) -> Iterator[App]:
    """Of this profile, then of the others that keep their stories in the same place."""
    kept = profile(settings.profile)["store"]
    others = (name for name in profiles() if name != settings.profile and profile(name)["store"] == kept)
    for name in (settings.profile, *others):
        with suppress(ConfigError):  # what is missing for it here has made nothing here
            yield build_app(replace(settings, profile=name), store)


def _followers(settings: Settings, store: Store) -> Followers:
    from pipeline.api.followers import Followers
    from pipeline.engines.aws.clients import Clients
    from pipeline.engines.aws.connections import GatewayConnections

    # Its connections are managed at the same address, wss as https.
    addresses = {"apigatewaymanagementapi": settings.aws.push.replace("ws", "http", 1)}
    return Followers(store, GatewayConnections(Clients(addresses=addresses), settings.aws.bucket))


def build_tickets(settings: Settings, store: Store) -> StoredTickets | None:
    """Of the WebSocket API; None where there is none."""
    from pipeline.api.followers import StoredTickets

    return StoredTickets(store, settings.aws.push) if settings.aws.push else None


def build_batch(settings: Settings) -> App:
    """An app that adds up what its fresh calls cost (app.store is a Metered). Raises as build_app does."""
    from pipeline.batch.metering import Metered

    return build_app(settings, Metered(build_store(settings)))


def build_grader(app: App, environ: Mapping[str, str], profile: str, model: str) -> TextEngine | None:
    """The model that grades stories, cached in the app's store; None where neither profile nor model names
    one.

    model: a name of `stories models`, or a GGUF's path; without a profile, and where STORIES_WRITER_URL names
    a server, one of that server's. STORIES_JUDGE_ENDPOINT is the endpoint of the profile aws, where it is
    another than writes. Where it is the very model that writes, it is not loaded twice.
    Raises ConfigError, as build_app does.
    """
    if not profile and not model:
        return None
    judge_environ = {
        **environ,
        "STORIES_ENDPOINT": environ.get("STORIES_JUDGE_ENDPOINT") or environ.get("STORIES_ENDPOINT", ""),
    }
    # A writer that the environment names is the app's, and a profile means the engine of its own.
    for name in ("STORIES_MODEL", *(("STORIES_WRITER_URL", "STORIES_WRITER") if profile else ())):
        judge_environ.pop(name, None)
    settings = Settings.from_env(judge_environ, profile=profile or DEFAULT_PROFILE, model=model)
    grader = Parts(settings, app.store).text
    same = grader.fingerprint == app.text.fingerprint and not environ.get("STORIES_JUDGE_ENDPOINT")
    return app.text if same else grader


def build_runner(app: App, settings: Settings) -> Runner:
    """The state machine where one is named, else threads of this process."""
    if settings.aws.workflow:
        from pipeline.engines.aws.clients import Clients
        from pipeline.engines.aws.workflow import Workflow

        return Recorded(Workflow(Clients(), settings.aws.workflow), app.store)
    from pipeline.api.in_process.runner import InProcess

    serving = settings.serving
    return InProcess(app, serving.workers, serving.waiting, serving.publish)


def build_store(settings: Settings) -> Store:
    """Where the profile keeps its stories. Raises ConfigError, as build_app does."""
    return Parts(settings, None).store


def tidy(settings: Settings) -> None:
    """Removes what killed writers left in a store of files, beside the caller: a large one takes seconds."""
    if profile(settings.profile)["store"] == "files":
        store: Any = build_store(settings)
        threading.Thread(target=store.tidy, daemon=True).start()


def weights(settings: Settings, speech: Collection[str] | None = None) -> tuple[str, ...]:
    """The names of the weights of the profile's writer and voices; a model given by path needs no fetching.

    speech: only the voices of these engines; None: of all.
    """
    from pipeline.engines.embedded import gguf

    spec = profile(settings.profile)
    name = settings.model or spec["text"]
    named = (name,) if writing_engine(spec, settings) == "llama" and not gguf.is_path(name) else ()
    voices = spec.get("weights", {}).items()
    return (
        *named,
        *(each for engine, names in voices if speech is None or engine in speech for each in names),
    )


def translated_languages(settings: Settings) -> tuple[str, ...]:
    """The languages that a translator of Firefox's is to translate, where its files are on this machine."""
    rows = profile(settings.profile)["locales"]
    return tuple(
        dict.fromkeys(language(locale) for locale, row in rows.items() if row.get("translation") == FIREFOX)
    )


def writer(settings: Settings) -> str:
    """The name of the model that writes, which is the key of its story prompt in current.toml."""
    spec = profile(settings.profile)
    name: str = settings.model or spec["text"]
    return model_name(name) if writing_engine(spec, settings) == "llama" else name


def _locks(parts: Parts) -> Locks:
    """In a store of this machine a claim ends with its process. In a bucket it ends by its expiry only, which
    is short: a function that was ended in the middle leaves its claim behind.
    """
    if parts.spec["store"] == "files":
        return Locks(parts.store, machine=this_machine())
    return Locks(parts.store, seconds=_CLAIM_SECONDS)
