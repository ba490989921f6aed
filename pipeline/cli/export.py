"""`stories export`: a story as a file for another program, from what is stored; nothing is made anew."""

from __future__ import annotations

import argparse
import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline.bootstrap import build_store
from pipeline.cli.parsers import Commands, add_command
from pipeline.cli.signing import build_signer, tell_of_signature
from pipeline.cli.terminal import name_damage, say, tell
from pipeline.config import paths
from pipeline.config.settings import Settings
from pipeline.errors import NotFoundError, RequestError
from pipeline.exports import formats, writing
from pipeline.exports.source import edition
from pipeline.exports.transcript import Transcript
from pipeline.ports import Store
from pipeline.storage import editions
from pipeline.storage.private import opened, today
from pipeline.storage.stories import find, manifests

_EXAMPLES = """
formats:
{formats}

examples:
  stories export 4f1c --format vtt --locale fr
  stories export 4f1c --format epub --locale en --locale fr
  stories export 4f1c 77ab --format m4b --locale fr --file evening.m4b
  stories export 4f1c --format vtt --file night.vtt --overwrite

A podcast feed: stories feed --help.

The file's path is printed on stdout. It is made of what is stored: no engine runs, and nothing is paid.
It is signed as made by AI (C2PA), but for vtt and print, which cannot be: STORIES_SIGN=0 leaves that out.
An edition by another voice is named as `stories list` does: --locale fr-x-sara.
"""


def add(commands: Commands, shared: ArgumentParser) -> None:
    description = "a story as a file for another program: " + ", ".join(formats.FORMATS)
    parser = add_command(commands, shared, "export", export, description)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    rows = "\n".join(f"  {name:6} {each.about}" for name, each in formats.FORMATS.items())
    parser.epilog = _EXAMPLES.format(formats=rows)
    parser.add_argument("ids", nargs="+", metavar="ID", help="its id, or how the id begins")
    parser.add_argument("--format", required=True, choices=tuple(formats.FORMATS))
    parser.add_argument(
        "--locale",
        action="append",
        metavar="TAG",
        help="language or edition (default: the only one that is made); two for a book side by side",
    )
    parser.add_argument(
        "--file", metavar="FILE", help="where to write it (default: the title, in this folder)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")


def export(options: Namespace) -> None:
    settings = Settings.from_options(os.environ, options)
    store, signer = build_store(settings), build_signer(settings)
    formats.check(options.format, len(options.ids), len(options.locale or ("",)))
    ids = [find(store, start) for start in options.ids]
    stores = {story_id: opened(store, story_id, today()) for story_id in ids}
    if len(set(stores.values())) > 1:
        raise RequestError("private stories leave one by one: export each alone", problem="bad-export")
    store = stores[ids[0]]
    chosen = [each for story_id in ids for each in _editions(store, story_id, options.locale)]
    path = paths.path(options.file or formats.file_name(options.format, chosen))
    writing.check(path, options.overwrite)
    data = formats.content(options.format, store, chosen, signer)
    writing.write(path, data, options.overwrite)
    say(str(path))
    tell(_summary(chosen, path))
    tell_of_signature(options.format, signer)


def _editions(store: Store, story_id: str, names: list[str] | None) -> list[Transcript]:
    """names: None for the only edition. Raises NotFoundError, DamagedError; RequestError: several."""
    if names:
        return [edition(store, story_id, name) for name in names]
    made_in = [editions.of(manifest) for manifest in manifests(store, story_id, name_damage)]
    if not made_in:
        raise NotFoundError(
            f"story {story_id[:8]} is not complete: stories make --id {story_id[:8]} --locale TAG"
        )
    if len(made_in) > 1:
        raise RequestError(
            f"story {story_id[:8]} is made in {', '.join(made_in)}: choose by --locale",
            problem="which-locale",
        )
    return [edition(store, story_id, made_in[0])]


def _summary(chosen: list[Transcript], path: Path) -> str:
    titles = " + ".join(f"{each.title} ({each.edition})" for each in chosen)
    notes = " ".join(dict.fromkeys(each.note for each in chosen))
    return f"{titles}, {path.stat().st_size:,} bytes. {notes}"
