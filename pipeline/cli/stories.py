"""The commands for stories that are made: list, show, play, publish; and locales."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from pipeline.bootstrap import build_app, build_store
from pipeline.cli import player, terminal
from pipeline.cli.parsers import Commands, add_command
from pipeline.cli.terminal import location, name_damage, say, tell
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError, NotFoundError
from pipeline.exports.source import mp3
from pipeline.ports import Store
from pipeline.storage import editions, family, private, private_folders, shelf
from pipeline.storage.stories import find, manifests
from pipeline.types import Check, Manifest

_HEAD = ("id", "locale", "length", "title", "idea")
_WHICH = "this language, or this edition, as in fr-x-sara"


def add(commands: Commands, shared: ArgumentParser) -> None:
    listing = add_command(commands, shared, "list", list_stories, "the stories made so far")
    listing.add_argument(
        "--private", action="store_true", help="only those with a child's name, and until when they are kept"
    )
    for name, function, description, locale in (
        ("show", show, "a story: text, checks, engines, where its mp3 is", f"only {_WHICH}"),
        ("play", play, "play a story, where this machine has a player", f"{_WHICH}, if there are several"),
        ("publish", publish, "list a story in the API's GET /stories", f"only {_WHICH}"),
    ):
        parser = add_command(commands, shared, name, function, description)
        parser.add_argument("id", help="its id, or how the id begins")
        parser.add_argument("--locale", help=locale)
    add_command(commands, shared, "locales", locales, "the languages: engines, voice, measured quality")


def list_stories(options: Namespace) -> None:
    """Those of the shelf first, the newest at the top; then those that the command made, by id."""
    store = _store(options)
    if options.private:
        _list_private(store)
        return
    order = {line.story_id: number for number, line in enumerate(family.lines(store, family.HOME))}
    listed = sorted(
        manifests(store, on_damage=name_damage),
        key=lambda manifest: order.get(manifest.story_id, len(order)),
    )
    rows = [_row(manifest) for manifest in listed]
    if not rows:
        tell('no stories yet: stories make "a shy snail"')
        return
    say(terminal.table([_HEAD, *rows]))


def _list_private(store: Store) -> None:
    rows = [
        (*_row(manifest), until)
        for story_id, until in private_folders.current(store, private.today(), name_damage)
        for manifest in manifests(private.store_of(store, story_id), story_id, name_damage)
    ]
    if not rows:
        tell('no private stories: stories make "a shy snail" --hero NAME')
        return
    say(terminal.table([(*_HEAD, "until"), *rows]))


def _row(manifest: Manifest) -> tuple[str, ...]:
    return (
        manifest.story_id[:12],
        editions.of(manifest),
        f"{manifest.duration_ms / 1000:.0f} s",
        manifest.title,
        manifest.context,
    )


def show(options: Namespace) -> None:
    store, shown = _manifests(_store(options), options)
    for manifest in shown:
        say(terminal.story(manifest, location(store, manifest.mp3)))
        checks = [_check_row(check) for check in manifest.checks]
        say(terminal.table([("check", "passed", "figure", "bound"), *checks]))
        say("\n" + terminal.table([("step", "engine"), *manifest.engines.items()]))
        english = f" ({manifest.idea})" if manifest.idea != manifest.context else ""
        say(f"\nidea: {manifest.context}{english}; variant {manifest.variant}; id {manifest.story_id}")


def play(options: Namespace) -> None:
    store, (manifest, *_) = _manifests(_store(options), options)
    mp3(store, manifest)  # a damaged one is not played
    path = location(store, manifest.mp3)
    command = player.find(path)
    if command is None:
        raise ConfigError(f"no player here ({player.NAMES}): open {path} by hand", problem="no-player")
    tell(f"{manifest.title} ({editions.of(manifest)}), {manifest.duration_ms / 1000:.0f} s, by {command[0]}")
    player.play(command, path)


def publish(options: Namespace) -> None:
    store, chosen = _manifests(_store(options), options)
    for manifest in chosen:
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


def _manifests(store: Store, options: Namespace) -> tuple[Store, list[Manifest]]:
    """Of the story that the options name, in their locale or in all, by the locale's own voice first; and
    where they are stored.

    Raises NotFoundError: none, or the story was private and has expired.
    """
    story_id = find(store, options.id)
    store = private.opened(store, story_id, private.today())
    matches = sorted(
        (
            manifest
            for manifest in manifests(store, story_id, name_damage)
            if options.locale in (None, manifest.locale, editions.of(manifest))
        ),
        key=lambda manifest: (manifest.locale, manifest.voice, manifest.pace),
    )
    if not matches:
        raise NotFoundError(
            f"story {story_id[:8]} is not complete in that language: "
            f"stories make --id {story_id[:8]} --locale TAG"
        )
    return store, matches


def _check_row(check: Check) -> tuple[str, ...]:
    figure = "" if check.figure is None else str(check.figure)
    return (check.name, "yes" if check.passed else "NO", figure, check.bound)
