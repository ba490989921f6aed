"""`stories verify`: whether everything that is stored is what was written; with --heal, made again."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace

from pipeline.bootstrap import build_app
from pipeline.cli.parsers import Commands, add_command
from pipeline.cli.terminal import TerminalProgress, say, table, tell
from pipeline.config.settings import Settings
from pipeline.errors import DamagedError

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
    verified = verifying.verify(app.store, ids, progress)
    todo = dict.fromkeys((fault.key for fault in verified.faults), "stories verify --heal")
    if options.heal:
        todo = heal(app, verified.faults, progress)
    rows = [(fault.key, fault.what, todo[fault.key] or _HEALED) for fault in verified.faults]
    if options.json:
        names = ("object", "fault", "todo")
        faults = [dict(zip(names, row, strict=True)) for row in rows]
        say(json.dumps({"objects": verified.objects, "faults": faults}, ensure_ascii=False))
    elif rows:
        say(table([("object", "fault", "to do"), *rows]))
    left = sum(map(bool, todo.values()))
    if left:
        raise DamagedError(f"{left} of {verified.objects} objects are damaged or gone", problem="damaged")
    healed = f", {len(rows)} healed" if rows else ""
    tell(f"{verified.objects} objects, all whole{healed}")
