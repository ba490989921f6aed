"""`stories prompts`: the story prompts, which model uses which, and undoing a promotion."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from pipeline.bootstrap import writer
from pipeline.cli.terminal import say, table, tell
from pipeline.config.settings import Settings
from pipeline.notebooks.experiment import promotion
from pipeline.story.prompt import EVERY_MODEL, current, read, story_prompt, story_prompts

_EXAMPLES = """
examples:
  stories prompts                              the prompts, and which model uses each
  stories prompts show story@1                 its text
  stories make "a shy snail" --prompt story@1  one story with it, nothing changed
  stories prompts use story@1                  from now on, for the profile's model
  stories prompts back                         undo the last use or promotion of that model

Notebook 02 compares prompts and promotes one. What is promoted is a change of files: commit it.
"""
_COMMIT = "commit pipeline/data/prompts/current.toml"


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    """Adds the parser of `stories prompts`."""
    text = "the story prompts, and which model uses which"
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
    rows: list[tuple[str, ...]] = [("prompt", "used by", "promoted")]
    for prompt_id in story_prompts():
        models = [_in_words(name) for name, ids in read("current")["models"].items() if ids[-1] == prompt_id]
        records = [
            " ".join(str(record[name]) for name in ("model", "date", "why") if name in record)
            for record in read(f"stories/{prompt_id}").get(promotion.RECORDS, [])
        ]
        rows.append((prompt_id, ", ".join(models), "; ".join(records)))
    say(table(rows))
    tell(f"{_in_words(model)} uses {current(model)}")


def _show(prompt_id: str, model: str) -> None:
    say(promotion.prompt_file(story_prompt(prompt_id or current(model)).id).read_text("utf-8").rstrip())


def _use(prompt_id: str, model: str) -> None:
    promotion.use(model, prompt_id)
    tell(f"{_in_words(model)} uses {current(model)} from now on; {_COMMIT}")


def _back(_: str, model: str) -> None:
    promotion.back(model)
    tell(f"{_in_words(model)} uses {current(model)} again; {_COMMIT}")


def _in_words(model: str) -> str:
    beginning = model.removesuffix("*")
    if model == EVERY_MODEL:
        return "every other model"
    return model if model == beginning else f"models that begin with {beginning}"


_ACTIONS: dict[str, Callable[[str, str], None]] = {"list": _list, "show": _show, "use": _use, "back": _back}
