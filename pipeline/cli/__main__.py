"""The `stories` command: one story from one line, and what is there to see of those made before."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.cli import catalog, commands, doctor, endpoints, prompts
from pipeline.cli.exit_codes import INTERRUPTED, STATUS, status_of
from pipeline.cli.terminal import tell
from pipeline.config import env_file
from pipeline.config.profiles import DEFAULT_PROFILE, profiles
from pipeline.config.settings import DEFAULT_OUT
from pipeline.errors import StoriesError

_EXAMPLES = """
examples:
  stories make "a baby sphynx lost in an Egyptian pyramid" --locale fr
  stories make "een egel die niet kan slapen" --locale en --locale it
  stories make "a shy snail" --new          another story of the same idea
  stories make --id 4f1c --locale es        a story made before, in another language
  stories make "a shy snail" --profile draft   a quick look with small weights
  stories doctor --profile aws              is all there for the cloud, and what to do
  stories endpoints                         what is running on SageMaker, and what it costs
  stories catalog run catalogs/bedtime.yaml    many at once (stories catalog --help)

environment (an option goes before it; it goes before a file .env in this folder, or STORIES_ENV_FILE):
  STORIES_PROFILE, STORIES_OUT, STORIES_MODELS (folder of the weights), STORIES_MODEL, STORIES_PROMPT
  STORIES_CHECKS=report    story checks report and do not refuse
  STORIES_READINGS=0       keep nothing of what the local writer has read of its prompts
for --profile aws, beside boto3's own (AWS_REGION, AWS_PROFILE, …):
  STORIES_ENDPOINT         a SageMaker endpoint's name, or ssm:/an/ssm/parameter that holds it
  STORIES_BUCKET
  STORIES_COMPONENT        the inference component, for endpoints that have them
  STORIES_CONTAINER=chat   an endpoint that takes OpenAI's messages (default: text-generation)
  STORIES_STREAMED=0       whole answers instead of token by token
  STORIES_URL_SECONDS=300  how long a signed URL lives (default: 900)
  STORIES_FORMALITY, STORIES_TERMINOLOGY, STORIES_VOICES (a table of `stories voices refresh`)
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0, or the one that exits.py gives the problem."""
    try:
        try:
            return _run(_parser().parse_args(argv))
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough (`stories list | head`); that is no fault of theirs or ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _run(options: argparse.Namespace) -> int:
    # A terminal that lacks a letter shows "?" for it; stories hold many alphabets.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    command: Callable[[argparse.Namespace], None] = options.command
    try:
        env_file.fill(os.environ)
        command(options)
    except StoriesError as error:
        if options.debug:
            raise
        tell(f"stories: {error}")
        return status_of(error)
    except ModuleNotFoundError as error:
        # An engine's package, imported at its first use; one of our own would be a bug.
        if options.debug or (error.name or "").startswith("pipeline"):
            raise
        tell(f"stories: the package {error.name!r} is not installed: run `make setup`")
        return STATUS["missing-package"]
    except KeyboardInterrupt:
        if options.debug:
            raise
        tell("\nstories: stopped; the same command goes on where it stopped")
        return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stories",
        description="From one line of context to a children's story that a family hears in its own language.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shared = _shared()
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _make(verbs.add_parser("make", parents=[shared], help="make a story, in one language or more"))
    _add(verbs, shared, "list", commands.list_stories, "the stories made so far")
    show = _add(verbs, shared, "show", commands.show, "a story: text, checks, engines, where its mp3 is")
    show.add_argument("id", help="its id, or how the id begins")
    show.add_argument("--locale", help="only this language")
    play = _add(verbs, shared, "play", commands.play, "play a story, where this machine has a player")
    play.add_argument("id", help="its id, or how the id begins")
    play.add_argument("--locale", help="the language, where there is more than one")
    _add(verbs, shared, "locales", commands.locales, "the languages: engines, voice, measured quality")
    publish = _add(verbs, shared, "publish", commands.publish, "list a story in the API's GET /stories")
    publish.add_argument("id", help="its id, or how the id begins")
    publish.add_argument("--locale", help="only this language")
    catalog.add(verbs, shared)
    serve = _add(verbs, shared, "serve", _serve, "the API (and the page) on this machine")
    serve.add_argument(
        "--host", default="127.0.0.1", help="default: 127.0.0.1, this machine only; 0.0.0.0: your network too"
    )
    serve.add_argument("--port", type=int, default=8000, help="default: 8000; 0: any that is free")
    serve.add_argument(
        "--url",
        default="",
        help="how others reach it, where that is neither an address in figures nor this machine's own name",
    )
    models = _add(
        verbs, shared, "models", commands.models, "the weights: size, licence, whether they are here"
    )
    models.add_argument(
        "action", nargs="?", choices=["fetch", "verify"], help="bring them here, or hash them again"
    )
    models.add_argument("names", nargs="*", metavar="NAME", help="which (default: what the profile needs)")
    models.add_argument("--force", action="store_true", help="fetch anew what is here already")
    prompts.add(verbs, shared)
    voices = _add(verbs, shared, "voices", doctor.voices, "Polly's voices, for --profile aws")
    voices.add_argument("action", nargs="?", choices=["refresh"], help="ask the service what has changed")
    voices.add_argument(
        "--file", type=Path, help="where to keep the refreshed table (default: STORIES_VOICES)"
    )
    _add(verbs, shared, "doctor", doctor.doctor, "is all there that the profile needs, and what to do")
    endpoints.add(verbs, shared)
    _add(verbs, shared, "cost", commands.cost, "the ledger: calls, tokens, characters, seconds, money")
    return parser


def _serve(options: argparse.Namespace) -> None:
    from pipeline.cli.serve import serve  # a web server, which no other command needs

    serve(options)


def _shared() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    known = ", ".join(profiles())
    shared.add_argument(
        "--profile", help=f"which engines: {known} (default: {DEFAULT_PROFILE}; STORIES_PROFILE)"
    )
    shared.add_argument(
        "--out", metavar="DIR", help=f"where stories are kept (default: {DEFAULT_OUT}; STORIES_OUT)"
    )
    shared.add_argument("--model", help="the writer's weights: a name of `stories models`, or a GGUF's path")
    shared.add_argument(
        "--prompt",
        metavar="NAME@VERSION",
        help="the story prompt (default: what `stories prompts` shows for the model)",
    )
    shared.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return shared


def _make(make: argparse.ArgumentParser) -> None:
    make.set_defaults(command=commands.make)
    make.add_argument("context", nargs="?", help="the idea, in one line, in any of the languages")
    make.add_argument("--id", help="instead of an idea: a story made before, or how its id begins")
    make.add_argument(
        "--locale",
        action="append",
        metavar="TAG",
        help="language, as in fr or pt-BR; may be repeated (default: en)",
    )
    which = make.add_mutually_exclusive_group()
    which.add_argument(
        "--variant", type=int, default=0, metavar="N", help="which of the idea's many stories (default: 0)"
    )
    which.add_argument("--new", action="store_true", help="draw a variant, and say which")
    make.add_argument(
        "--experimental", action="store_true", help="also languages measured as not intelligible"
    )
    make.add_argument("--json", action="store_true", help="manifests on stdout, one line of JSON each")


def _add(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser],
    shared: argparse.ArgumentParser,
    name: str,
    command: Callable[[argparse.Namespace], None],
    text: str,
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, parents=[shared], help=text, description=text)
    parser.set_defaults(command=command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
