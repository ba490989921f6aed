"""`stories feed`: podcast feeds of the shelf, which a server on this machine serves."""

from __future__ import annotations

import argparse
import os
from argparse import ArgumentParser, Namespace

from pipeline.bootstrap import build_store
from pipeline.cli.parsers import Commands
from pipeline.cli.terminal import name_damage, say, table, tell
from pipeline.config.profiles import profile
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError
from pipeline.exports.feeds import tokens
from pipeline.ports import Store
from pipeline.story.locales import match

_BASE = "http://127.0.0.1:8000"
_EXAMPLES = """
examples:
  stories feed new --locale fr      an address for a podcast app on this machine
  stories feed list                 the addresses, which are secrets
  stories feed revoke 4f1c          this address, and all sounds below it, are gone
  stories feed new --locale fr --base http://192.168.1.20:8000
                                    for a phone in the house, beside stories serve --host 0.0.0.0

A feed lists the published stories of a language, the newest first, each with its mp3, its picture and its
transcript; what the server makes is published, other stories are by `stories publish ID`. Whoever has the
address can hear them: give it to nobody who should not. It answers while `stories serve` runs.
"""


def add(commands: Commands, shared: ArgumentParser) -> None:
    description = "podcast feeds of the shelf, at addresses that can be revoked"
    parser = commands.add_parser(
        "feed",
        help=description,
        description=description,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    parsers = {}
    for name, function, text in (
        ("new", new, "a new address for the stories of a language"),
        ("list", list_feeds, "the feeds' addresses"),
        ("revoke", revoke, "an address answers no longer"),
    ):
        parsers[name] = inner.add_parser(name, parents=[shared], help=text, description=text)
        parsers[name].set_defaults(command=function)
    parsers["new"].add_argument("--locale", required=True, metavar="TAG", help="language, as in fr or pt-BR")
    parsers["revoke"].add_argument("token", metavar="TOKEN", help="how it begins, after /feeds/")
    for name in ("new", "list"):
        parsers[name].add_argument(
            "--base",
            default=_BASE,
            metavar="URL",
            help=f"the server, as an app reaches it (default: {_BASE})",
        )


def new(options: Namespace) -> None:
    store, settings = _opened(options)
    feed = tokens.create(store, match(options.locale, profile(settings.profile)["locales"]))
    say(_address(feed, options.base))
    tell(
        f"Add it to a podcast app while `stories serve` runs. To end it: stories feed revoke {feed.token[:8]}"
    )


def list_feeds(options: Namespace) -> None:
    store, _ = _opened(options)
    rows = [(feed.locale, _address(feed, options.base)) for feed in tokens.feeds(store, name_damage)]
    if not rows:
        tell("no feeds yet: stories feed new --locale en")
        return
    say(table([("locale", "address"), *sorted(rows)]))


def revoke(options: Namespace) -> None:
    store, _ = _opened(options)
    feed = tokens.revoke(store, options.token)
    tell(f"the feed {feed.token[:8]} of stories in {feed.locale} answers no longer")


def _address(feed: tokens.Feed, base: str) -> str:
    return f"{base.rstrip('/')}/feeds/{feed.token}.xml"


def _opened(options: Namespace) -> tuple[Store, Settings]:
    """Raises ConfigError: a bucket, which no server on this machine serves."""
    settings = Settings.from_options(os.environ, options)
    if profile(settings.profile)["store"] != "files":
        raise ConfigError(
            f"feeds are served from this machine's folder, not with --profile {settings.profile}"
        )
    return build_store(settings), settings
