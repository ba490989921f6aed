"""The prompt format of each model: data/prompt_formats.toml, read once."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pipeline.types import Prompt

_BLANK_LINES = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Format:
    """One row of data/prompt_formats.toml."""

    model: str
    system: str
    user: str
    assistant: str
    opening: str
    stops: tuple[str, ...]
    blank_lines: bool

    def render(self, prompt: Prompt) -> str:
        """The whole conversation as one text, up to where the answer begins."""
        turns = [self.system.replace("{text}", _plain(prompt.system))] if prompt.system.strip() else []
        for user, assistant in prompt.examples:
            turns += [self._turn(self.user, user), self._turn(self.assistant, assistant)]
        turns += [self._turn(self.user, prompt.user), self.opening]
        return "".join(turns).lstrip()

    def _turn(self, template: str, text: str) -> str:
        plain = _plain(text)
        return template.replace("{text}", plain if self.blank_lines else _BLANK_LINES.sub("\n", plain))


def format_of(model: str) -> Format:
    """The row whose model is the longest beginning of this id; letter case does not matter."""
    matches = [row for row in _rows() if model.casefold().startswith(row.model.casefold())]
    return max(matches, key=lambda row: len(row.model))


@cache
def _rows() -> tuple[Format, ...]:
    file = resources.files("pipeline").joinpath("data", "prompt_formats.toml")
    rows = tomllib.loads(file.read_text("utf-8"))["formats"]
    return tuple(Format(**row | {"stops": tuple(row["stops"])}) for row in rows)


def _plain(text: str) -> str:
    """No turn may open another: tokenizers read "<|assistant|>" in a typed idea as the real mark. No longer
    than the text, so that what is sent has as many bytes, and tokens, at most."""
    return text.strip().replace("\r\n", "\n").replace("<|", "(|")
