"""`stories edit`: a person changes words or sentences of a story, which makes another story of it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pipeline.app import App
from pipeline.bootstrap import build_app, tidy
from pipeline.cli import terminal
from pipeline.cli.numbered import changes, numbered, place
from pipeline.cli.parsers import Commands, add_command
from pipeline.cli.terminal import TerminalProgress, say, say_json, tell
from pipeline.cli.weights import fetch_for
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError, RequestError, StoriesError
from pipeline.steps.accept import chain
from pipeline.steps.revise import Edited, edited, revise, text_before, undo
from pipeline.steps.run import run
from pipeline.storage.keys import WRITTEN_IN
from pipeline.storage.records import dump
from pipeline.storage.stories import find
from pipeline.types import Change, Revision, Story

Result = TypeVar("Result")


def add(commands: Commands, shared: ArgumentParser) -> None:
    parser = add_command(
        commands, shared, "edit", edit, "change words or sentences of a story; only those are spoken again"
    )
    parser.add_argument("id", help="its id, or how the id begins")
    add_options(parser)
    parser.add_argument("--json", action="store_true", help="the manifest on stdout, as one line of JSON")


def add_options(parser: ArgumentParser) -> None:
    """What says which changes are made."""
    parser.add_argument("--locale", default=WRITTEN_IN, metavar="TAG", help="whose text (default: en)")
    parser.add_argument(
        "--segment", action="append", default=[], metavar="N", help="a sentence's number, from 1; with --text"
    )
    parser.add_argument(
        "--text",
        action="append",
        default=[],
        help='the new sentence; "" takes it out; may be repeated, as --segment (default: in $EDITOR)',
    )
    parser.add_argument("--title", default="", help="a new title")
    parser.add_argument("--undo", action="store_true", help="delete the edited story; the one before counts")


def edit(options: Namespace) -> None:
    settings = Settings.from_options(os.environ, options)
    app = build_app(settings)
    story_id = find(app.store, options.id)
    if options.undo:
        before = undo(app, story_id)
        tell(f"{story_id[:8]} is deleted; the story before counts again: stories show {before[:8]}")
        return
    edition, app = chain(app, options.locale, experimental=True).edition, app.of(story_id)
    new = with_changes(app, story_id, options, lambda revision: edited(app, revision))
    if new is None:
        return
    tell_changes(new)
    tidy(settings)
    if fetch_for(app, settings, [edition]):
        app = build_app(settings).of(story_id)
    assert new.accepted.revision
    story_id = revise(app, new.accepted.revision).story_id
    manifest = run(app, story_id, edition, TerminalProgress())
    if options.json:
        say_json(dump(manifest))
    else:
        say(terminal.story(manifest, app.store.url(manifest.mp3)))
    tell(f"The text before is kept: stories edit {story_id[:8]} --undo")
    tell(f"In another language: stories make --id {story_id[:8]} --locale TAG --profile {settings.profile}")


def with_changes(
    app: App, story_id: str, options: Namespace, apply: Callable[[Revision], Result]
) -> Result | None:
    """What `apply` makes of the changes that the options name, or that a person makes in an editor.

    None: nothing was changed there, or there is no editor and the sentences were printed. Where `apply`
    raises, what the person wrote is kept.
    """
    chosen = chain(app, options.locale, experimental=True)
    locale = chosen.locale if chosen.translation else WRITTEN_IN
    before = text_before(app, story_id, locale)
    if options.segment or options.text or options.title:
        return apply(Revision(story_id, locale, _named(options, before), options.title))
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor or not sys.stdin.isatty():
        say(numbered(before).rstrip())
        tell('change one: add --segment N --text "..."; or all of them in $EDITOR, at a terminal')
        return None
    with tempfile.NamedTemporaryFile(
        "w", prefix="story-", suffix=".txt", encoding="utf-8", delete=False
    ) as file:
        file.write(numbered(before))
    path = Path(file.name)
    try:
        _open(editor, path)
        edits, title = changes(path.read_text("utf-8"), before)
        if not edits and title == before.title:
            tell("nothing is changed")
            result = None
        else:
            result = apply(Revision(story_id, locale, edits, title))
    except (StoriesError, UnicodeDecodeError):
        tell(f"what you wrote is kept in {path}")
        raise
    path.unlink()
    return result


def tell_changes(new: Edited) -> None:
    """Old and new sentences, and how many of them a voice speaks again."""
    old, edits = new.before, new.accepted.revision
    assert edits
    if edits.title:
        tell(f"  title\n    - {old.title}\n    + {edits.title}")
    for change in edits.changes:
        tell(f"  {change.segment + 1}\n    - {old.segments[change.segment]}\n    + {change.text or '(out)'}")
    count = sum(1 for change in edits.changes if change.text and change.text not in old.segments)
    tell(f"{count} of {len(new.after.segments)} sentences {'is' if count == 1 else 'are'} spoken again")


def _named(options: Namespace, before: Story) -> tuple[Change, ...]:
    if len(options.segment) != len(options.text):
        raise RequestError("give each --segment its --text: nothing is changed", problem="bad-edit")
    pairs = zip(options.segment, options.text, strict=True)
    return tuple(Change(place(number, before), text) for number, text in pairs)


def _open(editor: str, path: Path) -> None:
    """Returns when the person closed it. Raises ConfigError."""
    try:
        subprocess.run([*shlex.split(editor), str(path)], check=True)  # noqa: S603 - the person's own
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        raise ConfigError(f"the editor {editor!r} failed: set EDITOR", problem="bad-setting") from error
