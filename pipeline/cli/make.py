"""`stories make`: one story from one line of context, in one language or more."""

from __future__ import annotations

import os
import secrets
import time
from argparse import ArgumentParser, Namespace
from dataclasses import replace

from pipeline.app import App
from pipeline.bootstrap import build_app, tidy
from pipeline.cli import terminal
from pipeline.cli.parsers import Commands, add_command
from pipeline.cli.playing import Playing
from pipeline.cli.terminal import TerminalProgress, say, say_json, tell
from pipeline.cli.weights import fetch_for
from pipeline.config.settings import Settings
from pipeline.errors import RequestError
from pipeline.steps.accept import VARIANTS, accept, chain
from pipeline.steps.committed import is_whole
from pipeline.steps.run import run
from pipeline.storage.editions import FASTEST, SLOWEST, USUAL_PACE
from pipeline.storage.records import dump
from pipeline.storage.stories import find
from pipeline.story.offers import SHORT, YOUNG, audiences, lengths
from pipeline.types import Hero


def add(commands: Commands, shared: ArgumentParser) -> None:
    parser = add_command(commands, shared, "make", make, "make a story, in one language or more")
    parser.add_argument("context", nargs="?", help="the idea, in one line, in any of the languages")
    parser.add_argument("--id", help="instead of an idea: a story made before, or how its id begins")
    parser.add_argument(
        "--locale",
        action="append",
        metavar="TAG",
        help="language, as in fr or pt-BR; may be repeated (default: en)",
    )
    parser.add_argument(
        "--voice",
        default="",
        metavar="NAME",
        help="a voice of `stories voices` (default: the language's own)",
    )
    parser.add_argument(
        "--pace",
        type=float,
        default=USUAL_PACE,
        help=f"{SLOWEST:g} (slow) to {FASTEST:g} (fast), where the voice can (default: 1)",
    )
    parser.add_argument(
        "--length",
        default="",
        help=f"{', '.join(lengths())}, where the writer was measured to do it (default: {SHORT})",
    )
    parser.add_argument(
        "--audience",
        default="",
        help=f"for whom: {', '.join(audiences())}, as --length; or words of your own (default: {YOUNG})",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--variant", type=int, default=0, metavar="N", help="which of the idea's many stories (default: 0)"
    )
    which.add_argument("--new", action="store_true", help="draw a variant, and print it")
    parser.add_argument(
        "--experimental",
        action="store_true",
        help="also languages measured as not intelligible, and lengths not measured to be done well",
    )
    parser.add_argument(
        "--hero",
        metavar="NAME",
        help="the child that it is about: the story is private, and expires (STORIES_PRIVATE_DAYS)",
    )
    parser.add_argument("--sounds", metavar="RESPELLING", help='how that name is said, as "Shi-vawn"')
    parser.add_argument("--play", action="store_true", help="play each sentence as soon as it is spoken")
    parser.add_argument("--json", action="store_true", help="manifests on stdout, one line of JSON each")


def make(options: Namespace) -> None:
    settings = Settings.from_options(os.environ, options)
    started = time.perf_counter()
    app = _app(settings, options)
    playing = Playing(app.store) if options.play else None
    progress = playing or TerminalProgress()
    tidy(settings)
    wanted = [
        chain(app, tag, options.experimental, options.voice, options.pace).edition
        for tag in options.locale or ["en"]
    ]
    story_id = _story_id(app, options)
    if options.length in app.offer.experimental:
        tell(f"{options.length}: an experiment, not measured to be done well (docs/quality.md)")
    app = app.of(story_id)
    if playing:
        playing.store = app.store
    if app.private:
        tell(f"private: it is in no list, and deleted after {app.private.expires}")
    is_made = all(is_whole(app, story_id, edition) for edition in wanted)
    if not is_made and fetch_for(app, settings, wanted):
        app = _app(settings, options).of(story_id)
    for edition in dict.fromkeys(wanted):
        tell(f"{edition}: story {story_id}")
        manifest = run(app, story_id, edition, progress)
        if playing:
            playing.end(manifest.mp3)
        if options.json:
            say_json(dump(manifest))
        else:
            say(terminal.story(manifest, app.store.url(manifest.mp3)))
    if playing:
        playing.finish()
    steps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in progress.seconds.items())
    tell(f"{time.perf_counter() - started:.1f} s in all{f': {steps}' if steps else ' (it was made before)'}")
    again = f"stories make --id {story_id[:8]} --locale it --profile {settings.profile}"
    tell(f"Another one: add --new. In another language: {again}")


def _app(settings: Settings, options: Namespace) -> App:
    app = build_app(settings)
    return replace(app, offer=app.offer.with_experimental) if options.experimental else app


def _story_id(app: App, options: Namespace) -> str:
    """Of the story that --id names, or of the idea. Raises RequestError, NotFoundError."""
    if (options.id is None) == (options.context is None):
        raise RequestError(
            'give either an idea, as in stories make "a shy snail", or --id', problem="empty-idea"
        )
    if options.sounds and not options.hero:
        raise RequestError("--sounds says how a name is said: give it by --hero", problem="bad-request")
    if options.id is not None:
        if options.hero:
            raise RequestError("a story that is made keeps its hero: leave --hero out", problem="bad-request")
        return find(app.store, options.id)
    hero = Hero(options.hero, options.sounds or "") if options.hero else None
    if not options.new:
        return accept(app, options.context, options.variant, options.audience, options.length, hero)
    variant = secrets.randbelow(VARIANTS)
    tell(f"variant {variant}: --variant {variant} means this story again")
    return accept(app, options.context, variant, options.audience, options.length, hero)
