"""A reviewer's edits: an edited story stands for the planned one, in this run and in later ones."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.app import App
from pipeline.batch.runs import Run
from pipeline.errors import RequestError
from pipeline.ports import Progress
from pipeline.steps.revise import revise, story_before, undo
from pipeline.steps.run import run as run_step
from pipeline.storage import shelf
from pipeline.types import Revision


@dataclass(frozen=True, slots=True)
class Planned:
    """A story of a run. id: as it was planned; current: as it is published now. editions: their names."""

    id: str
    current: str
    editions: tuple[str, ...]


def planned(run: Run, start: str) -> Planned:
    """The story whose id, planned or current, begins so. Raises RequestError: none does, or more than one."""
    run.about()
    originals = {new: old for old, new in shelf.replacements(run.store).items()}
    editions: dict[str, dict[str, None]] = {}
    for item in run.all_items():
        if start and (item.id.startswith(start) or originals.get(item.id, "").startswith(start)):
            editions.setdefault(item.id, {}).update(dict.fromkeys(item.locales))
    if len(editions) != 1:
        fault = "begins more than one story" if editions else "is not a story"
        raise RequestError(f"{start[:40]!r} {fault} of run {run.id}", problem="bad-id")
    ((current, names),) = editions.items()
    return Planned(originals.get(current, current), current, tuple(names))


def edit(app: App, story: Planned, revision: Revision, progress: Progress) -> str:
    """Makes every edition of the edited story, and only then puts it in the place of the planned one; its id.

    Raises what revise() and the steps raise; the planned story stands then, and the same call goes on.
    """
    edited_id = revise(app, revision).story_id
    for name in story.editions:
        run_step(app, edited_id, name, progress)
    shelf.replace_by(app.store, story.id, edited_id)
    return edited_id


def take_back(app: App, story: Planned) -> str:
    """The story before the last edit stands again; its id. Raises RequestError: nobody edited it."""
    before = story_before(app, story.current)
    shelf.replace_by(app.store, story.id, before)
    return undo(app, story.current)
