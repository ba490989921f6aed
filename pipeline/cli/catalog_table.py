"""`stories catalog table`: what a run made as a Parquet table.

`stories --help` imports this, too: what the command needs is imported when it runs.
"""

from __future__ import annotations

import os
from argparse import Namespace

from pipeline.bootstrap import build_store
from pipeline.cli.terminal import location, say, tell
from pipeline.config import paths
from pipeline.config.settings import Settings
from pipeline.exports import writing
from pipeline.storage import keys


def table(options: Namespace) -> None:
    """Beside the run, or in a file. Raises NotFoundError: no such run; RequestError: the file is there."""
    from pipeline.batch.runs import Run
    from pipeline.batch.table import parquet

    store = build_store(Settings.from_options(os.environ, options))
    run = Run(store, options.run)
    run.about()
    if options.file:
        path = paths.path(options.file)
        with writing.opened(path, options.overwrite) as file:
            rows = parquet.write(run, file)
        say(str(path))
    else:
        rows = parquet.keep(run)
        folder = keys.run(run.id, parquet.FOLDER)
        say(location(store, folder) if store.url(folder).startswith("file:") else folder)
    tell(f"{rows} rows, one a story and language; the columns: docs/table.md")
