"""What the argument parsers of all commands share."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import NoReturn, TypeAlias

from pipeline.cli.terminal import say, tell
from pipeline.config.profiles import DEFAULT_PROFILE, profiles
from pipeline.config.settings import DEFAULT_OUT

Commands: TypeAlias = "argparse._SubParsersAction[ArgumentParser]"


class Parser(ArgumentParser):
    """Prints as every command does; argparse itself is silent about a stream that fails."""

    def print_help(self, file: object = None) -> None:
        say(self.format_help().rstrip())

    def error(self, message: str) -> NoReturn:
        tell(f"{self.format_usage()}{self.prog}: error: {message}")
        raise SystemExit(2)


def shared_options() -> ArgumentParser:
    """The options that every command takes."""
    shared = ArgumentParser(add_help=False)
    shared.add_argument(
        "--profile",
        help=f"which engines: {', '.join(profiles())} (default: {DEFAULT_PROFILE}; STORIES_PROFILE)",
    )
    shared.add_argument(
        "--out", metavar="DIR", help=f"where stories are kept (default: {DEFAULT_OUT}; STORIES_OUT)"
    )
    shared.add_argument(
        "--model",
        help="the writer's weights: a name of `stories models`, or a GGUF's path; where STORIES_WRITER_URL "
        "names a server, the model's name there (STORIES_MODEL)",
    )
    shared.add_argument(
        "--prompt",
        metavar="NAME@VERSION",
        help="the story prompt (default: what `stories prompts` shows for the model)",
    )
    shared.add_argument(
        "--env-file",
        metavar="FILE",
        help='a file of settings (default: .env in the project\'s folder; STORIES_ENV_FILE; "" for none)',
    )
    shared.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return shared


def add_command(
    commands: Commands,
    shared: ArgumentParser,
    name: str,
    function: Callable[[Namespace], None],
    about: str,
) -> ArgumentParser:
    """The parser of a new command, which runs `function`. about: its line in the help."""
    parser: ArgumentParser = commands.add_parser(name, parents=[shared], help=about, description=about)
    parser.set_defaults(command=function)
    return parser
