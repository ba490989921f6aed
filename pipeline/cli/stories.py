"""The commands for single stories: make, list, show, play, locales, publish."""

from __future__ import annotations

import os
import secrets
import time
from argparse import ArgumentParser, Namespace

from pipeline.app import App
from pipeline.bootstrap import build_app, build_store, tidy
from pipeline.cli import player, terminal
from pipeline.cli.parsers import Commands, add_command
from pipeline.cli.terminal import TerminalProgress, location, say, say_json, tell
from pipeline.cli.weights import fetch_for
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError, NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.steps.accept import VARIANTS, accept, chain
from pipeline.steps.committed import is_complete
from pipeline.steps.run import run
from pipeline.storage import editions, shelf
from pipeline.storage.editions import FASTEST, SLOWEST, USUAL_PACE
from pipeline.storage.records import dump
from pipeline.types import Check, Manifest

_WHICH = "this language, or this edition, as in fr-x-sara"


def add(commands: Commands, shared: ArgumentParser) -> None:
    _add_make(add_command(commands, shared, "make", make, "make a story, in one language or more"))
    add_command(commands, shared, "list", list_stories, "the stories made so far")
    for name, function, description, locale in (
        ("show", show, "a story: text, checks, engines, where its mp3 is", f"only {_WHICH}"),
        ("play", play, "play a story, where this machine has a player", f"{_WHICH}, if there are several"),
        ("publish", publish, "list a story in the API's GET /stories", f"only {_WHICH}"),
    ):
        parser = add_command(commands, shared, name, function, description)
        parser.add_argument("id", help="its id, or how the id begins")
        parser.add_argument("--locale", help=locale)
    add_command(commands, shared, "locales", locales, "the languages: engines, voice, measured quality")


def _add_make(parser: ArgumentParser) -> None:
    parser.add_argument("context", nargs="?", help="the idea, in one line, in any of the languages")
    parser.add_argument("--id", help="instead of an idea: a story made before, or how its id begins")
    parser.add_argument(
        "--locale",
        action="append",
        metavar="TAG",
        help="language, as in fr or pt-BR; may be repeated (default: en)",
    )
    parser.add_argument(
        "--voice",
        default="",
        metavar="NAME",
        help="a voice of `stories voices` (default: the language's own)",
    )
    parser.add_argument(
        "--pace",
        type=float,
        default=USUAL_PACE,
        help=f"{SLOWEST:g} (slow) to {FASTEST:g} (fast), where the voice can (default: 1)",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--variant", type=int, default=0, metavar="N", help="which of the idea's many stories (default: 0)"
    )
    which.add_argument("--new", action="store_true", help="draw a variant, and print it")
    parser.add_argument(
        "--experimental", action="store_true", help="also languages measured as not intelligible"
    )
    parser.add_argument("--json", action="store_true", help="manifests on stdout, one line of JSON each")


def make(options: Namespace) -> None:
    settings = Settings.from_options(os.environ, options)
    started = time.perf_counter()
    app = build_app(settings)
    tidy(settings)
    wanted = [
        chain(app, tag, options.experimental, options.voice, options.pace).edition
        for tag in options.locale or ["en"]
    ]
    story_id = _story_id(app, options)
    is_made = all(is_complete(app.store, story_id, edition) for edition in wanted)
    if not is_made and fetch_for(app, settings, wanted):
        app = build_app(settings)
    progress = TerminalProgress()
    for edition in dict.fromkeys(wanted):
        tell(f"{edition}: story {story_id}")
        manifest = run(app, story_id, edition, progress)
        if options.json:
            say_json(dump(manifest))
        else:
            say(terminal.story(manifest, app.store.url(manifest.mp3)))
    steps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in progress.seconds.items())
    tell(f"{time.perf_counter() - started:.1f} s in all{f': {steps}' if steps else ' (it was made before)'}")
    again = f"stories make --id {story_id[:8]} --locale it --profile {settings.profile}"
    tell(f"Another one: add --new. In another language: {again}")


def list_stories(options: Namespace) -> None:
    rows = [
        (
            manifest.story_id[:12],
            editions.of(manifest),
            f"{manifest.duration_ms / 1000:.0f} s",
            manifest.title,
            manifest.context,
        )
        for manifest in shelf.manifests(_store(options))
    ]
    if not rows:
        tell('no stories yet: stories make "a shy snail"')
        return
    say(terminal.table([("id", "locale", "length", "title", "idea"), *rows]))


def show(options: Namespace) -> None:
    store = _store(options)
    for manifest in _manifests(store, options):
        say(terminal.story(manifest, location(store, manifest.mp3)))
        checks = [_check_row(check) for check in manifest.checks]
        say(terminal.table([("check", "passed", "figure", "bound"), *checks]))
        say("\n" + terminal.table([("step", "engine"), *manifest.engines.items()]))
        english = f" ({manifest.idea})" if manifest.idea != manifest.context else ""
        say(f"\nidea: {manifest.context}{english}; variant {manifest.variant}; id {manifest.story_id}")


def play(options: Namespace) -> None:
    store = _store(options)
    manifest = _manifests(store, options)[0]
    path = location(store, manifest.mp3)
    command = player.find(path)
    if command is None:
        raise ConfigError(f"no player here ({player.NAMES}): open {path} by hand", problem="no-player")
    tell(f"{manifest.title} ({editions.of(manifest)}), {manifest.duration_ms / 1000:.0f} s, by {command[0]}")
    player.play(command, path)


def publish(options: Namespace) -> None:
    store = _store(options)
    for manifest in _manifests(store, options):
        shelf.publish(store, manifest)
        tell(f"{manifest.story_id[:8]} {editions.of(manifest)} is published: {manifest.title}")


def locales(options: Namespace) -> None:
    app = build_app(Settings.from_options(os.environ, options))
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


def _store(options: Namespace) -> Store:
    return build_store(Settings.from_options(os.environ, options))


def _story_id(app: App, options: Namespace) -> str:
    """Of the story that --id names, or of the idea. Raises RequestError, NotFoundError."""
    if (options.id is None) == (options.context is None):
        raise RequestError(
            'give either an idea, as in stories make "a shy snail", or --id', problem="empty-idea"
        )
    if options.id is not None:
        return shelf.find(app.store, options.id)
    if not options.new:
        return accept(app, options.context, options.variant)
    variant = secrets.randbelow(VARIANTS)
    tell(f"variant {variant}: --variant {variant} means this story again")
    return accept(app, options.context, variant)


def _manifests(store: Store, options: Namespace) -> list[Manifest]:
    """Of the story that the options name, in their locale or in all, by the locale's own voice first.

    Raises NotFoundError: none.
    """
    story_id = shelf.find(store, options.id)
    manifests = sorted(
        (
            manifest
            for manifest in shelf.manifests(store, story_id)
            if options.locale in (None, manifest.locale, editions.of(manifest))
        ),
        key=lambda manifest: (manifest.locale, manifest.voice, manifest.pace),
    )
    if not manifests:
        raise NotFoundError(
            f"story {story_id[:8]} is not complete in that language: "
            f"stories make --id {story_id[:8]} --locale TAG"
        )
    return manifests


def _check_row(check: Check) -> tuple[str, ...]:
    figure = "" if check.figure is None else str(check.figure)
    return (check.name, "yes" if check.passed else "NO", figure, check.bound)
