"""`stories models`: the pinned weights, and `fetch`, which other commands call before they need them."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace

from pipeline.bootstrap import models_dir, weights
from pipeline.cli.parsers import Commands, add_command
from pipeline.cli.terminal import say, table, tell
from pipeline.config.settings import Settings


def add(commands: Commands, shared: ArgumentParser) -> None:
    description = "the weights: size, licence, whether they are here"
    parser = add_command(commands, shared, "models", models, description)
    parser.add_argument(
        "action", nargs="?", choices=["fetch", "verify"], help="bring them here, or hash them again"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which (default: what the profile needs)")
    parser.add_argument("--force", action="store_true", help="fetch anew what is here already")


def models(options: Namespace) -> None:
    from pipeline.engines.embedded import models as pinned

    settings = Settings.from_options(os.environ, options)
    names = tuple(options.names) or weights(settings)
    if options.action == "fetch":
        fetch(names, settings, force=options.force)
    elif options.action == "verify":
        for name in names:
            say(f"{name}: {pinned.verify(pinned.find(name), models_dir(settings))} is whole")
    else:
        _list(settings)


def fetch(names: tuple[str, ...], settings: Settings, force: bool = False) -> None:
    """Downloads the weights that are not here, or all with `force`. Raises ConfigError, EngineError."""
    from pipeline.engines.embedded import fetch as fetching
    from pipeline.engines.embedded import models as pinned
    from pipeline.engines.embedded.progress import progress_on

    directory = models_dir(settings)
    if announcement := pinned.announce(names, directory):
        tell(announcement)
    fetching.ensure(names, directory, progress_on(sys.stderr), force=force)


def _list(settings: Settings) -> None:
    from pipeline.engines.embedded import models as pinned

    directory = models_dir(settings)
    absent = {model.name for model in pinned.missing(pinned.table(), directory)}
    rows = [
        (name, pinned.amount(model.size), model.licence, "to fetch" if name in absent else "here", model.use)
        for name, model in pinned.table().items()
    ]
    say(table([("name", "size", "licence", "where", "for"), *rows]))
    tell(f"in {directory}")
