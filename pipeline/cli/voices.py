"""`stories voices`: the voices that a story may be asked in, and `refresh`, which compares Polly's with the
service.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.cli import player
from pipeline.cli.parsers import Commands, add_command
from pipeline.cli.terminal import location, say, table, tell
from pipeline.config import paths
from pipeline.config.profiles import profile
from pipeline.config.settings import Settings
from pipeline.config.voices import VoiceRow
from pipeline.engines.voices import is_default, offered
from pipeline.errors import ConfigError
from pipeline.story.locales import match

if TYPE_CHECKING:
    from pipeline.engines.aws.voices import Changes


_REFRESH = "refresh"


def add(commands: Commands, shared: ArgumentParser) -> None:
    parser = add_command(commands, shared, "voices", voices, "the voices to choose from, in each language")
    parser.add_argument(
        "locale",
        nargs="?",
        metavar="LOCALE",
        help=f"only this language; or `{_REFRESH}`: ask the service what has changed of Polly's voices",
    )
    parser.add_argument("--play", action="store_true", help="each voice says one sentence")
    parser.add_argument(
        "--file", type=Path, help="where to keep the refreshed table (default: STORIES_VOICES)"
    )


def voices(options: Namespace) -> None:
    settings = Settings.from_options(os.environ, options)
    if options.locale == _REFRESH:
        _refresh(options.file, settings.aws.voices)
        return
    spec = profile(settings.profile)
    served = match(options.locale, spec["locales"]) if options.locale else ""
    rows = [row for row in offered(spec, settings.aws.voices) if served in ("", row.locale)]
    say(_listed(rows, spec))
    if options.play:
        _play(settings, rows)


def _listed(rows: Sequence[VoiceRow], spec: Mapping[str, Any]) -> str:
    """spec: the profile. An asterisk stands at the voice that speaks where none is asked for."""
    lines = [
        (
            row.locale,
            f"{row.name} *" if is_default(spec, row) else row.name,
            f"{row.engine} {row.id}",
            row.quality,
            "; ".join((row.about, *row.labels)),
        )
        for row in rows
    ]
    return table([("locale", "voice", "engine", "quality", "who speaks"), *lines])


def _play(settings: Settings, rows: Sequence[VoiceRow]) -> None:
    """Each sentence is kept in the store, as any narration: a voice is paid for once."""
    from pipeline.bootstrap import build_app
    from pipeline.cli.weights import fetch
    from pipeline.steps.sample import sample

    needed = profile(settings.profile).get("weights", {})
    fetch(tuple(name for engine in {row.engine for row in rows} for name in needed.get(engine, ())), settings)
    wanted = {(row.locale, row.name) for row in rows}
    app = build_app(settings)
    choices = [(chain.locale, choice) for chain in app.chains.values() for choice in chain.voices]
    silent = False
    for locale, choice in choices:
        if (locale, choice.name) not in wanted:
            continue
        path = location(app.store, sample(app, app.chains[locale].spoken(choice.name)).key)
        tell(f"{locale} {choice.name}: {path}")
        if command := player.find(path):
            player.play(command, path)
        else:
            silent = True
    if silent:
        tell(f"no player here ({player.NAMES}): open the files by hand")


def _refresh(file: Path | None, path: Path | None) -> None:
    from pipeline.engines.aws import voices as polly
    from pipeline.engines.aws.clients import Clients

    changes = polly.refresh(Clients(), table=polly.read_table(path))
    _print_changes(changes)
    if changes:
        _write(paths.path(file) if file else path, polly.render(changes.table))


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
