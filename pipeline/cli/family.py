"""What a grown-up decides about stories that are made: to delete or unpublish one, and the server's PIN."""

from __future__ import annotations

import getpass
import os
import sys
from argparse import ArgumentParser, Namespace

from pipeline.bootstrap import build_app, build_store
from pipeline.cli.parsers import Commands, add_command
from pipeline.cli.terminal import name_damage, tell
from pipeline.config.profiles import profile
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError, RequestError
from pipeline.ports import Store
from pipeline.storage import editions, pin, shelf
from pipeline.storage.stories import find, manifests

_ID = "its id, or how the id begins"


def add(commands: Commands, shared: ArgumentParser) -> None:
    about = "delete a story: text, sound, and everything that was paid for it"
    parser = add_command(commands, shared, "delete", delete, about)
    parser.add_argument("id", help=_ID)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    about = "list a story in GET /stories no longer; it stays, and may be published again"
    parser = add_command(commands, shared, "unpublish", unpublish, about)
    parser.add_argument("id", help=_ID)
    parser.add_argument("--locale", help="only this language, or this edition, as in fr-x-sara")
    about = "the PIN that a server on this machine wants for deleting, publishing and editing"
    inner = commands.add_parser("pin", help=about, description=about).add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )
    add_command(inner, shared, "set", set_pin, "choose it, in place of any other")
    add_command(inner, shared, "clear", clear_pin, "there is none any more")


def delete(options: Namespace) -> None:
    """Raises RequestError: nobody said yes."""
    from pipeline.steps.delete import delete_all

    app = build_app(Settings.from_options(os.environ, options))
    story_id = find(app.store, options.id)
    titles = [manifest.title for manifest in manifests(app.store, story_id, name_damage)]
    if not options.yes:
        _ask(f"Delete {story_id[:8]} {' / '.join(titles)}: its texts, its sounds, everything? [y/N] ")
    for deleted in delete_all(app, story_id):
        tell(f"{deleted.story_id[:8]} is gone, with all of its {deleted.objects} objects")
        if not deleted.whole:
            tell(
                "Not every call that it was made of could be found, as its engines are not set up here: "
                "docs/security.md says what may be left."
            )


def unpublish(options: Namespace) -> None:
    """Raises NotFoundError: there is no such story."""
    store = build_store(Settings.from_options(os.environ, options))
    story_id = find(store, options.id)
    for manifest in manifests(store, story_id, name_damage):
        edition = editions.of(manifest)
        if options.locale in (None, manifest.locale, edition):
            shelf.withhold(store, story_id, edition)
            tell(f"{story_id[:8]} {edition} is not published: {manifest.title}")


def set_pin(options: Namespace) -> None:
    """Raises RequestError: it is no PIN, or not the same twice."""
    store = _local(options)
    chosen = getpass.getpass("PIN (4 to 8 digits, not shown): ")
    if getpass.getpass("Again: ") != chosen:
        raise RequestError("that was not the same twice: run it again", problem="bad-pin")
    pin.choose(store, chosen)
    tell("The PIN is set. Whoever has this machine's disk can delete it, and the stories.")


def clear_pin(options: Namespace) -> None:
    pin.clear(_local(options))
    tell("There is no PIN any more: whoever chooses one first on the page decides it.")


def _local(options: Namespace) -> Store:
    """Raises ConfigError: a bucket, where a sign-in says who is a grown-up."""
    settings = Settings.from_options(os.environ, options)
    if profile(settings.profile)["store"] != "files":
        raise ConfigError(f"a PIN is for a server on this machine, not for --profile {settings.profile}")
    return build_store(settings)


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise RequestError("nobody can be asked here: add --yes to delete it", problem="not-confirmed")
    tell(question)
    if sys.stdin.readline().strip().casefold() not in {"y", "yes"}:
        raise RequestError("nothing was deleted", problem="not-confirmed")
