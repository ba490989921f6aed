"""What each command of the CLI does. Results go to stdout, everything else to stderr."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from argparse import Namespace
from dataclasses import asdict
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pipeline.app import App
from pipeline.bootstrap import build_app, build_store, models_dir, weights
from pipeline.cli import terminal
from pipeline.cli.terminal import Terminal, say, tell
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError, NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.steps.accept import accept
from pipeline.steps.accept import chain as chain_step
from pipeline.steps.committed import is_complete
from pipeline.steps.run import run
from pipeline.storage import ledger as costs
from pipeline.storage import shelf
from pipeline.storage.digest import canonical
from pipeline.storage.ledger import payments
from pipeline.types import Manifest

_PLAYERS = (
    ("afplay",),
    ("mpv", "--no-video"),
    ("ffplay", "-nodisp", "-autoexit"),
    ("mpg123", "-q"),
    ("cvlc", "--play-and-exit"),
)


def make(options: Namespace) -> None:
    settings = _settings(options)
    started = time.perf_counter()
    app = build_app(settings)
    wanted = [chain_step(app, tag, options.experimental).locale for tag in options.locale or ["en"]]
    story_id = _which(app, options)
    if not all(is_complete(app.store, story_id, locale) for locale in wanted):
        fetch(weights(settings), settings)
    progress = Terminal()
    for locale in dict.fromkeys(wanted):
        tell(f"{locale}: story {story_id}")
        manifest = run(app, story_id, locale, progress)
        if options.json:
            _print_json(canonical(asdict(manifest)))
        else:
            say(_told(app, manifest))
    took = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in progress.seconds.items())
    tell(f"{time.perf_counter() - started:.1f} s in all{f': {took}' if took else ' (it was made before)'}")
    again = f"stories make --id {story_id[:8]} --locale it --profile {settings.profile}"
    tell(f"Another one: add --new. In another language: {again}")


def list_stories(options: Namespace) -> None:
    rows = [
        (one.story_id[:12], one.locale, f"{one.duration_ms / 1000:.0f} s", one.title, one.context)
        for one in shelf.manifests(_store(options))
    ]
    if not rows:
        tell('no stories yet: stories make "a shy snail"')
        return
    say(terminal.table([("id", "locale", "length", "title", "idea"), *rows]))


def show(options: Namespace) -> None:
    store = _store(options)
    for one in _found(store, options):
        say(terminal.story(one, where(store, one.mp3)))
        checks = [
            (
                check.name,
                "yes" if check.passed else "NO",
                str(check.figure if check.figure is not None else ""),
                check.bound,
            )
            for check in one.checks
        ]
        say(terminal.table([("check", "passed", "figure", "bound"), *checks]))
        say("\n" + terminal.table([("step", "engine"), *one.engines.items()]))
        say(
            f"\nidea: {one.context}"
            + (f" ({one.idea})" if one.idea != one.context else "")
            + f"; variant {one.variant}; id {one.story_id}"
        )


def play(options: Namespace) -> None:
    store = _store(options)
    one = _found(store, options)[0]
    player = next((found for found in _PLAYERS if shutil.which(found[0])), None)
    path = where(store, one.mp3)
    if player is None:
        names = ", ".join(found[0] for found in _PLAYERS)
        raise ConfigError(f"no player here ({names}): open {path} by hand", problem="no-player")
    tell(f"{one.title} ({one.locale}), {one.duration_ms / 1000:.0f} s, by {player[0]}")
    subprocess.run([*player, path], check=False)  # noqa: S603 - a player of the table and a path of the store


def locales(options: Namespace) -> None:
    app = build_app(_settings(options))
    rows = [
        (
            chain.locale,
            chain.quality + (" (experimental)" if chain.experimental else ""),
            chain.translation.fingerprint if chain.translation else "written in it",
            f"{chain.speech.fingerprint} {chain.voice.id}",
            "; ".join(chain.labels),
        )
        for chain in app.chains.values()
    ]
    say(terminal.table([("locale", "quality", "translation", "voice", "labels"), *rows]))


def models(options: Namespace) -> None:
    from pipeline.engines.embedded import fetch as fetching
    from pipeline.engines.embedded import models as pinned
    from pipeline.engines.embedded.verification import amount

    settings = _settings(options)
    directory = models_dir(settings)
    names = tuple(options.names) or weights(settings)
    if options.action == "fetch":
        fetch(names, settings, force=options.force)
    if options.action == "verify":
        for name in names:
            say(f"{name}: {fetching.verify(name, directory)} is whole")
    if options.action is None:
        absent = {one.name for one in pinned.missing(pinned.table(), directory)}
        rows = [
            (name, amount(one.size), one.licence, "to fetch" if name in absent else "here", one.use)
            for name, one in pinned.table().items()
        ]
        say(terminal.table([("name", "size", "licence", "where", "for"), *rows]))
        tell(f"in {directory}")


def publish(options: Namespace) -> None:
    """Listed by the API from now on."""
    store = _store(options)
    for one in _found(store, options):
        shelf.publish(store, one)
        tell(f"{one.story_id[:8]} {one.locale} is published: {one.title}")


def cost(options: Namespace) -> None:
    prices = costs.price_table()
    found = costs.rows(payments(_store(options)), prices)
    rows = [
        (
            row.of,
            row.engine,
            str(row.usage.calls),
            str(row.usage.prompt_tokens),
            str(row.usage.completion_tokens),
            str(row.usage.characters),
            f"{row.usage.audio_seconds:.1f}",
            f"{row.usage.seconds:.1f}",
            "?" if row.dollars is None else f"{row.dollars:.4f}",
        )
        for row in found
    ]
    heading = (
        "for",
        "engine",
        "calls",
        "tokens in",
        "tokens out",
        "characters",
        "audio s",
        "engine s",
        "US$",
    )
    say(terminal.table([heading, *rows]))
    tell(f"US$ {sum(row.dollars or 0 for row in found):.4f} in all, by prices of {prices['dated']}")


def _settings(options: Namespace) -> Settings:
    return Settings.from_options(os.environ, options)


def _store(options: Namespace) -> Store:
    return build_store(_settings(options))


def where(store: Store, key: str) -> str:
    """A path where it lies on this machine, else the address that it can be had from."""
    url = urlsplit(store.url(key))
    return url2pathname(url.path) if url.scheme == "file" else url.geturl()


def _which(app: App, options: Namespace) -> str:
    if (options.id is None) == (options.context is None):
        raise RequestError(
            'say either an idea, as in stories make "a shy snail", or --id', problem="empty-idea"
        )
    if options.id is not None:
        return shelf.find(app.store, options.id)
    variant = secrets.randbelow(2**53) if options.new else options.variant
    if options.new:
        tell(f"variant {variant}: --variant {variant} means this story again")
    return accept(app, options.context, variant)


def fetch(names: tuple[str, ...], settings: Settings, force: bool = False) -> None:
    from pipeline.engines.embedded import fetch as fetching
    from pipeline.engines.embedded import models as pinned
    from pipeline.engines.embedded.progress import progress_on

    directory = models_dir(settings)
    if announcement := pinned.announce(names, directory):
        tell(announcement)
    fetching.ensure(names, directory, progress_on(sys.stderr), force=force)


def _found(store: Store, options: Namespace) -> list[Manifest]:
    story_id = shelf.find(store, options.id)
    found = [one for one in shelf.manifests(store, story_id) if options.locale in (None, one.locale)]
    if not found:
        raise NotFoundError(
            f"story {story_id[:8]} is not complete in that language: "
            f"stories make --id {story_id[:8]} --locale TAG"
        )
    return found


def _told(app: App, manifest: Manifest) -> str:
    return terminal.story(manifest, app.store.url(manifest.mp3))


def _print_json(data: bytes) -> None:
    """JSON is UTF-8, whatever the terminal's encoding."""
    sys.stdout.buffer.write(data + b"\n")
    sys.stdout.buffer.flush()
