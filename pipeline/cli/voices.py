"""`stories voices`: Polly's voices of our table, and `refresh`, which compares them with the service."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli.parsers import Commands, add_command
from pipeline.cli.terminal import say, table, tell
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.engines.aws.voices import Changes, Table


def add(commands: Commands, shared: ArgumentParser) -> None:
    parser = add_command(commands, shared, "voices", voices, "Polly's voices, for --profile aws")
    parser.add_argument("action", nargs="?", choices=["refresh"], help="ask the service what has changed")
    parser.add_argument(
        "--file", type=Path, help="where to keep the refreshed table (default: STORIES_VOICES)"
    )


def voices(options: Namespace) -> None:
    from pipeline.engines.aws import voices as polly
    from pipeline.engines.aws.clients import Clients

    path = Settings.from_env(os.environ).aws.voices
    known = polly.read_table(path)
    if options.action == "refresh":
        changes = polly.refresh(Clients(), table=known)
        _print_changes(changes)
        if changes:
            _write(options.file or path, polly.render(changes.table))
    else:
        _list(known)


def _list(known: Table) -> None:
    rows = [
        (
            voice.language,
            voice.id,
            ", ".join(voice.engines),
            ", ".join(locale for locale, name in known.locales.items() if name == voice.id),
        )
        for voice in known.voices
    ]
    say(table([("language", "voice", "engines", "default for"), *rows]))
    tell(f"as of {known.dated}; `stories voices refresh` asks the service")


def _print_changes(changes: Changes) -> None:
    moved = tuple(f"{locale}: {name or 'no voice'}" for locale, name in changes.moved.items())
    for what, names in (
        ("gone", changes.gone),
        ("no longer neural", changes.lost),
        ("neural now", changes.gained),
        ("new", tuple(f"{voice.id} ({voice.language})" for voice in changes.new)),
        ("another default voice", moved),
    ):
        if names:
            tell(f"{what}: {', '.join(names)}")
    if not changes:
        tell("nothing has changed")


def _write(path: Path | None, text: str) -> None:
    """Whole or not at all. Raises ConfigError: it cannot be written."""
    if path is None:
        tell("to use it: stories voices refresh --file voices.toml, and set STORIES_VOICES to that file")
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(text, "utf-8")
        fresh.replace(path)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path} ({error.strerror}): choose another --file", problem="unwritable"
        ) from error
    tell(f"written to {path}; STORIES_VOICES={path} uses it")
