"""All four steps of an edition: what each one returns is passed on to the next.

One maker at a time, wherever it runs, by the app's locks. What is committed is never made again: the
text once as story.json, each translation once as <locale>/text.json, and manifest.json last, which says
that the edition is complete. Editions of one locale by other voices share its text.
"""

from __future__ import annotations

import threading

from pipeline.app import App
from pipeline.errors import NotFoundError
from pipeline.ports import Progress, ignore
from pipeline.steps import committed
from pipeline.steps.early import SpeakingAhead
from pipeline.steps.generate import generate
from pipeline.steps.speak import speak
from pipeline.steps.store import store
from pipeline.steps.translate import translate
from pipeline.storage import keys
from pipeline.types import Manifest


def run(app: App, story_id: str, edition: str, progress: Progress) -> Manifest:
    """The manifest; what is complete is only read, and what of it is damaged or gone is made again. Raises
    what the steps raise.
    """
    try:
        return committed.whole(app, story_id, edition)
    except NotFoundError as error:
        if error.problem != NotFoundError.default_problem:
            progress.note(str(error).partition(":")[0] + ": it is made again, from what was paid for")
    # Beside the writer, which computes outside Python: the mp3 does not wait for it at the end.
    threading.Thread(target=app.encoder.prepare, daemon=True).start()

    def make() -> Manifest:
        # Under one lock: a sentence that is spoken ahead of its text is not paid for by another maker too.
        chain = app.chain(edition)
        with SpeakingAhead(chain, progress) as ahead:
            source = generate(app, story_id, progress, ignore if chain.translation else ahead.say)
            text = translate(app, story_id, edition, progress, source, ahead.say)
        narrations = speak(app, story_id, edition, progress, text, ahead.spoken)
        return store(app, story_id, edition, progress, source, text, narrations)

    return app.locks.once(
        keys.manifest(story_id, edition),
        lambda: committed.whole(app, story_id, edition),
        make,
        progress.note,
    )
