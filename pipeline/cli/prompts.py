"""`stories prompts`: the story prompts that are there, which model is asked with which, and the way back.

Promotion is imported where it is used: its TOML writer would slow every other command's start.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

from pipeline.bootstrap import writer
from pipeline.cli.terminal import say, table, tell
from pipeline.config.settings import Settings
from pipeline.story.prompt import EVERY_MODEL, current, read, story_prompt, story_prompts

_EXAMPLES = """
examples:
  stories prompts                              what is there, and who is asked with it
  stories prompts show story@1                 its text
  stories make "a shy snail" --prompt story@1  one story with it, nothing changed
  stories prompts use story@1                  from now on, for the profile's model
  stories prompts back                         undo the last use or promotion of that model

Notebook 02 compares prompts and promotes one. What is promoted is a change of files: commit it.
"""


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    text = "the story prompts, and which model is asked with which"
    parser = verbs.add_parser(
        "prompts",
        parents=[shared],
        help=text,
        description=text,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", nargs="?", choices=list(_ACTIONS), default="list", help="default: list")
    parser.add_argument("id", nargs="?", default="", metavar="NAME@VERSION", help="for show and use")
    parser.add_argument(
        "--every-model", action="store_true", help="use, back: for models that have no prompt of their own"
    )
    parser.set_defaults(command=_prompts)


def _prompts(options: argparse.Namespace) -> None:
    settings = Settings.from_options(os.environ, options)
    model = EVERY_MODEL if options.every_model else writer(settings)
    _ACTIONS[options.action](options.id or settings.prompt, model)


def _list(_: str, model: str) -> None:
    from pipeline.notebooks.experiment import promotion

    users = {name: ids[-1] for name, ids in promotion.users().items()}
    rows = []
    for prompt_id in story_prompts():
        names = [_named(name) for name, used in users.items() if used == prompt_id]
        records = read(f"stories/{prompt_id}").get(promotion.RECORDS, [])
        rows.append((prompt_id, ", ".join(names), "; ".join(map(_record, records))))
    say(table([("prompt", "asked of", "promoted"), *rows]))
    tell(f"{_named(model)} is asked with {current(model)}")


def _show(prompt_id: str, model: str) -> None:
    from pipeline.notebooks.experiment import promotion

    say(promotion.text(story_prompt(prompt_id or current(model)).id).rstrip())


def _use(prompt_id: str, model: str) -> None:
    from pipeline.notebooks.experiment import promotion

    promotion.use(model, prompt_id)
    tell(
        f"{_named(model)} is asked with {current(model)} from now on; "
        "commit pipeline/data/prompts/current.toml"
    )


def _back(_: str, model: str) -> None:
    from pipeline.notebooks.experiment import promotion

    now = promotion.back(model)
    tell(f"{_named(model)} is asked with {now} again; commit pipeline/data/prompts/current.toml")


def _named(model: str) -> str:
    return "every other model" if model == EVERY_MODEL else model


def _record(record: dict[str, Any]) -> str:
    return " ".join(str(record[name]) for name in ("model", "date", "why") if name in record)


_ACTIONS: dict[str, Callable[[str, str], None]] = {"list": _list, "show": _show, "use": _use, "back": _back}
