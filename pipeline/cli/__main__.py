"""The `stories` command: one story from one line of context, the stories made before, catalogs, the API."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.cli import (
    catalog,
    cost,
    doctor,
    edit,
    endpoints,
    export,
    family,
    feed,
    make,
    prompts,
    serve,
    stories,
    streams,
    verify,
    voices,
    weights,
)
from pipeline.cli.parsers import Parser, shared_options
from pipeline.cli.terminal import tell
from pipeline.config import env_file, project
from pipeline.errors import ConfigError, OutputError, StoriesError

_INTERRUPTED = 130
_GROUPS = (
    make,
    stories,
    family,
    edit,
    export,
    feed,
    catalog,
    serve,
    weights,
    prompts,
    voices,
    doctor,
    verify,
    endpoints,
    cost,
)
_EXAMPLES = """
examples:
  stories make "a baby sphynx lost in an Egyptian pyramid" --locale fr
  stories make "een egel die niet kan slapen" --locale en --locale it
  stories make "a shy snail" --new          another story of the same idea
  stories make --id 4f1c --locale es        a story made before, in another language
  stories make --id 4f1c --voice emma --pace 0.9   by another voice (stories voices), and slower
  stories make "a shy snail" --profile draft   a quick look with small weights
  stories edit 4f1c --segment 3 --text "She sat in the sand."   fix a sentence; --undo takes it back
  stories export 4f1c --format vtt          a file for another program (stories export --help)
  stories delete 4f1c                       everything of a story, from the disk or the bucket
  stories doctor --profile aws              whether everything for the cloud is ready, and what to do
  stories verify --heal                     check everything that is stored, make damaged parts again
  stories endpoints                         what is running on SageMaker, and what it costs
  stories catalog run catalogs/bedtime.yaml    many at once (stories catalog --help)

environment (an option goes before it; it goes before .env in the project's folder, or the file that
  --env-file or STORIES_ENV_FILE names; .env of another folder is not read):
  STORIES_PROFILE, STORIES_OUT, STORIES_MODELS (folder of the weights), STORIES_MODEL, STORIES_PROMPT
  STORIES_CHECKS=report    a story that fails a check is kept, and the failure reported
  STORIES_READINGS=0       do not keep the local writer's state after reading its prompts (300 MB)
  STORIES_SIGN=0           exports without the signature that AI made them (_SIGN_CERT, _SIGN_KEY: your own)
for a writer of your own choice, with any profile (--model is the model's name there):
  STORIES_WRITER_URL       its OpenAI protocol: http://127.0.0.1:11434/v1 is Ollama's
  STORIES_WRITER_KEY       its key, where it wants one
  STORIES_WRITER_HTTP=1    http:// is allowed to other hosts than this machine and private networks
  STORIES_WRITER=bedrock   a model of Amazon Bedrock: --model is its id, or an inference profile's
  STORIES_GUARDRAIL=ID:1   a guardrail of Bedrock's, and its version
  STORIES_SPEECH_PARALLEL=2  sentences of a story that Polly speaks at once
for --profile aws, beside boto3's own (AWS_REGION, AWS_PROFILE, …):
  STORIES_ENDPOINT         a SageMaker endpoint's name, or ssm:/an/ssm/parameter that holds it
  STORIES_BUCKET
  STORIES_COMPONENT        the inference component, for endpoints that have them
  STORIES_CONTAINER=chat   an endpoint that takes OpenAI's messages (default: text-generation)
  STORIES_STREAMED=0       whole completions instead of token by token
  STORIES_URL_SECONDS=300  how long a signed URL is valid (default: 900)
  STORIES_FORMALITY, STORIES_TERMINOLOGY, STORIES_VOICES (a table of `stories voices refresh`)

exit status: 0 success; 1 an unexpected failure; 2 a command line that cannot be parsed; 130 interrupted;
  3 other failures (as a catalog run with too many failed stories), 4 configuration, 5 request, 6 busy,
  7 engine, 8 throttled, 9 unavailable, 10 not suitable for children, 11 store, 12 not found,
  13 what is printed cannot be written (a reader that closes a pipe early is no failure), 14 damaged.
  An error's line ends with a stable name for scripts, as in [unknown-locale].
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; its exit status. Raises what is unexpected, and every error with --debug."""
    try:
        streams.check()
        try:
            return _run(_parser().parse_args(argv))
        finally:
            streams.flush()
    except OutputError as error:
        return streams.report(error)


def _run(options: argparse.Namespace) -> int:
    # Stories hold many alphabets: a terminal that lacks a letter shows "?" for it.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    command: Callable[[argparse.Namespace], None] = options.command
    try:
        _read_settings(options.env_file)
        command(options)
    except OutputError:
        raise
    except OSError:
        streams.flush()  # where it comes from a progress bar
        raise
    except StoriesError as error:
        return _failed(error, options)
    except ModuleNotFoundError as error:
        # An engine's package, imported at its first use; a missing module of ours would be a bug.
        if (error.name or "").startswith("pipeline"):
            raise
        message = f"the package {error.name!r} is not installed: run `make setup`"
        return _failed(ConfigError(message, problem="missing-package"), options)
    except KeyboardInterrupt:
        if options.debug:
            raise
        tell("\nstories: stopped; the same command goes on where it stopped")
        return _INTERRUPTED
    return 0


def _read_settings(named: str | None) -> None:
    """named: --env-file, None where it was not given. Raises ConfigError."""
    if named is not None:
        if named and not Path(named).expanduser().is_file():
            raise ConfigError(f"--env-file {named} is no file: name one of settings, or leave it out")
        os.environ[env_file.VARIABLE] = named
    for note in env_file.fill(os.environ, project.folder(), Path()):
        tell(note)


def _failed(error: StoriesError, options: argparse.Namespace) -> int:
    if options.debug:
        raise error
    tell(f"stories: {error} [{error.problem}]")
    return error.exit_status


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="stories",
        description="From one line of context to a children's story that a family hears in its own language.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shared = shared_options()
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for group in _GROUPS:
        group.add(commands, shared)
    return parser


if __name__ == "__main__":
    sys.exit(main())
