"""`stories models`: the pinned weights; `fetch`, which other commands call before they need them."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace

from pipeline.bootstrap import models_dir, weights
from pipeline.cli.parsers import Commands, add_command
from pipeline.cli.terminal import say, table, tell
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError


def add(commands: Commands, shared: ArgumentParser) -> None:
    description = "the weights: size, licence, whether they are here"
    parser = add_command(commands, shared, "models", models, description)
    parser.add_argument(
        "action",
        nargs="?",
        choices=["fetch", "verify", "try", "use"],
        help="bring them here; hash them again; five stories by another writer, beside this machine's; "
        "make it this machine's",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which (default: what the profile needs)")
    parser.add_argument("--force", action="store_true", help="fetch anew what is here already")


def models(options: Namespace) -> None:
    from pipeline.engines.embedded import models as pinned

    settings = Settings.from_options(os.environ, options)
    names = tuple(options.names) or weights(settings)
    if options.action in {"try", "use"}:
        _writer(options.action, options.names, settings)
    elif options.action == "fetch":
        fetch(names, settings, force=options.force)
    elif options.action == "verify":
        for name in names:
            say(f"{name}: {pinned.verify(pinned.find(name), models_dir(settings))} is whole")
    else:
        _list(settings)


def _writer(action: str, names: list[str], settings: Settings) -> None:
    from pipeline.cli import writers

    if len(names) != 1:
        raise ConfigError(
            f"stories models {action} takes one writer: a name of `stories models`, or a GGUF's path",
            problem="unknown-weights",
        )
    if action == "try":
        writers.try_writer(settings, names[0])
    else:
        writers.use_writer(settings, names[0], os.environ)


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
        (
            name,
            pinned.amount(model.size),
            model.licence,
            "to fetch" if name in absent else "here",
            model.use,
            model.about,
        )
        for name, model in pinned.table().items()
    ]
    say(table([("name", "size", "licence", "where", "for", "about"), *rows]))
    tell(f"in {directory}")
