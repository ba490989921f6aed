"""`stories models`: the pinned weights; `fetch`, which other commands call before they need them."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.bootstrap import models_dir, translated_languages, weights
from pipeline.cli.parsers import Commands, add_command
from pipeline.cli.terminal import say, table, tell
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError
from pipeline.story.locales import language

if TYPE_CHECKING:
    from pipeline.app import App
    from pipeline.engines.embedded.translators import Direction


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
    from pipeline.engines.embedded import translators

    settings = Settings.from_options(os.environ, options)
    if options.action in {"try", "use"}:
        _writer(options.action, options.names, settings)
        return
    known = translators.table().directions
    pairs = [known[name] for name in options.names if name in known]
    names = tuple(name for name in options.names if name not in known)
    if options.action == "fetch":
        languages = [pair.language for pair in pairs] if options.names else translated_languages(settings)
        fetch(names if options.names else weights(settings), settings, force=options.force)
        _fetch_translators(settings, languages, again=True, force=options.force)
    elif options.action == "verify":
        _verify(names if options.names else weights(settings), pairs, models_dir(settings))
    else:
        _list(models_dir(settings))


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


def fetch_for(app: App, settings: Settings, editions: Iterable[str]) -> bool:
    """What writes, translates and speaks these editions; True where a translator came, which an app that was
    built before does not know.

    Says where a translator cannot be had. Raises ConfigError, EngineError: writer or voice.
    """
    wanted = set(editions)
    fetch(weights(settings, {app.chain(edition).voice.engine for edition in wanted}), settings)
    languages = {language(edition) for edition in wanted}
    return _fetch_translators(
        settings, [each for each in translated_languages(settings) if each in languages]
    )


def _fetch_translators(
    settings: Settings, languages: Iterable[str], *, again: bool = False, force: bool = False
) -> bool:
    """again: also those that could not be had today."""
    from pipeline.engines.embedded import translator_fetch
    from pipeline.engines.embedded.progress import progress_on

    progress, directory = progress_on(sys.stderr), models_dir(settings)
    return translator_fetch.fetch(languages, directory, settings.mirror, progress, again=again, force=force)


def _verify(names: tuple[str, ...], pairs: list[Direction], directory: Path) -> None:
    from pipeline.engines.embedded import models as pinned
    from pipeline.engines.embedded import translators

    for name in names:
        say(f"{name}: {pinned.verify(pinned.find(name), directory)} is whole")
    for pair in pairs:
        translators.read(pair, directory)
        say(f"{pair.name}: its {len(pair.parts)} files are whole")


def _list(directory: Path) -> None:
    from pipeline.engines.embedded import models as pinned
    from pipeline.engines.embedded import translators

    absent = {model.name for model in pinned.missing(pinned.table(), directory)}
    known = translators.table()
    rows = [
        (name, pinned.amount(model.size), model.licence, _where(name not in absent), model.use, model.about)
        for name, model in pinned.table().items()
    ]
    rows += [
        (
            pair.name,
            pinned.amount(pair.size),
            known.licence,
            _where(translators.are_here((pair,), directory)),
            "translator",
            "",
        )
        for pair in known.directions.values()
    ]
    say(table([("name", "size", "licence", "where", "for", "about"), *rows]))
    tell(f"in {directory}")


def _where(is_here: bool) -> str:
    return "here" if is_here else "to fetch"
