"""`stories catalog edit`: a reviewer changes words of a run's story, which is then published so.

`stories --help` imports this, too: what the command needs is imported when it runs.
"""

from __future__ import annotations

import os
from argparse import Namespace
from typing import TYPE_CHECKING

from pipeline.cli.terminal import TerminalProgress, tell
from pipeline.config.settings import Settings

if TYPE_CHECKING:
    from pipeline.types import Revision


def edit(options: Namespace) -> None:
    from pipeline.batch import edits
    from pipeline.batch.runs import Run
    from pipeline.bootstrap import build_batch
    from pipeline.cli.edit import tell_changes, with_changes
    from pipeline.steps.revise import edited

    app = build_batch(Settings.from_options(os.environ, options))
    run = Run(app.store, options.run)
    story = edits.planned(run, options.id)
    if options.undo:
        before = edits.take_back(app, story)
        tell(f"the edit is taken back: {before[:12]} is published with the run")
        return

    def make(revision: Revision) -> str:
        tell_changes(edited(app, revision))
        return edits.edit(app, story, revision, TerminalProgress())

    if edited_id := with_changes(app, story.current, options, make):
        tell(f"{edited_id[:12]} is published in place of {story.id[:12]}: stories catalog publish {run.id}")
