"""`stories verify`: whether everything that is stored is what was written; with --heal, made again."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence

from pipeline.app import App
from pipeline.bootstrap import build_app
from pipeline.cli.parsers import Commands, add_command
from pipeline.cli.terminal import TerminalProgress, say, table, tell
from pipeline.config.settings import Settings
from pipeline.errors import DamagedError
from pipeline.storage import keys, private_folders

_HEALED = "healed"


def add(commands: Commands, shared: ArgumentParser) -> None:
    description = "whether everything that is stored is what was written; with --heal, made again"
    parser = add_command(commands, shared, "verify", verify, description)
    parser.add_argument("ids", nargs="*", metavar="ID", help="only these stories (default: the whole store)")
    parser.add_argument(
        "--heal",
        action="store_true",
        help="make again what can be made from what was paid for; damaged files are kept in quarantine/",
    )
    parser.add_argument("--json", action="store_true", help="the result on stdout, one line of JSON")


def verify(options: Namespace) -> None:
    """Raises DamagedError where something is damaged, and stays so."""
    from pipeline.steps import verify as verifying
    from pipeline.steps.heal import heal
    from pipeline.storage.stories import find

    app, progress = build_app(Settings.from_options(os.environ, options)), TerminalProgress()
    ids = [find(app.store, start) for start in options.ids]
    objects, rows, left = 0, list[tuple[str, str, str]](), 0
    for place, chosen in _places(app, ids):
        verified = verifying.verify(place.store, chosen, progress)
        todo = dict.fromkeys((fault.key for fault in verified.faults), "stories verify --heal")
        if options.heal:
            todo = heal(place, verified.faults, progress)
        prefix = keys.folder(place.private.folder) if place.private else ""
        rows += [(prefix + fault.key, fault.what, todo[fault.key] or _HEALED) for fault in verified.faults]
        left += sum(map(bool, todo.values()))
        objects += verified.objects
    if options.json:
        names = ("object", "fault", "todo")
        faults = [dict(zip(names, row, strict=True)) for row in rows]
        say(json.dumps({"objects": objects, "faults": faults}, ensure_ascii=False))
    elif rows:
        say(table([("object", "fault", "to do"), *rows]))
    if left:
        raise DamagedError(f"{left} of {objects} objects are damaged or gone", problem="damaged")
    healed = f", {len(rows)} healed" if rows else ""
    tell(f"{objects} objects, all whole{healed}")


def _places(app: App, ids: Sequence[str]) -> Iterator[tuple[App, tuple[str, ...]]]:
    """What is verified together: the usual stories, and each private folder; none of `ids`: all of it."""
    usual = tuple(story_id for story_id in ids if not keys.folder_of(story_id))
    if usual or not ids:
        yield app, usual
    for story_id in ids:
        if keys.folder_of(story_id):
            yield app.of(story_id), (story_id,)
    whole = (
        {}
        if ids
        else {keys.folder_of(each): each for each, _ in private_folders.current(app.store, app.today())}
    )
    for story_id in whole.values():
        yield app.of(story_id), ()
