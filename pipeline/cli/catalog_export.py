"""`stories catalog export`: each story of a run as a file, in a folder.

`stories --help` imports this, too: what the command needs is imported when it runs.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.bootstrap import build_store
from pipeline.cli.signing import build_signer, tell_of_signature
from pipeline.cli.terminal import say, tell
from pipeline.config import paths
from pipeline.config.settings import Settings
from pipeline.errors import DamagedError, NotFoundError, RequestError
from pipeline.exports import formats, writing
from pipeline.exports.source import edition
from pipeline.storage import shelf

if TYPE_CHECKING:
    from pipeline.batch.runs import Run


def export(options: Namespace) -> None:
    """What is there already stays, so that the same command goes on after any stop. Raises DamagedError: a
    story could not be read; the others are written."""
    from pipeline.batch.runs import Run

    settings = Settings.from_options(os.environ, options)
    store, signer = build_store(settings), build_signer(settings)
    folder = paths.path(options.folder)
    if not folder.is_dir():
        raise RequestError(f"there is no folder {folder}: create it first", problem="bad-file")
    run = Run(store, options.run)
    run.about()
    written = there_before = damaged = 0
    for story_id, name in _editions(run, options.locale):
        try:
            story = edition(store, story_id, name)
            path = folder / formats.file_name(options.format, [story], story_id[:8])
            if path.exists() and not options.overwrite:
                there_before += 1
                continue
            data = formats.content(options.format, store, [story], signer)
            writing.write(path, data, options.overwrite)
        except (DamagedError, NotFoundError) as error:
            tell(f"stories: {error}")
            damaged += 1
        else:
            written += 1
            say(str(path))
    tell(f"{written} files written, {there_before} were there before, {damaged} could not be read")
    tell_of_signature(options.format, signer)
    if damaged:
        raise DamagedError(f"{damaged} stories of {run.id} are not complete or damaged", problem="damaged")


def _editions(run: Run, locales: list[str] | None) -> Iterator[tuple[str, str]]:
    """(story id, edition), each once, without what a person withheld."""
    refused = shelf.withheld(run.store)
    seen_before: set[tuple[str, str]] = set()
    for item in run.all_items():
        for name in item.locales:
            pair = (item.id, name)
            if pair not in refused | seen_before and (not locales or name in locales):
                seen_before.add(pair)
                yield pair
