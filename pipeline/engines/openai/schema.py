"""A story's shape as a JSON schema, for servers that take no grammar: a property a line, and back to lines.

The shape is that of the worked examples: "Hero: …", "Title: …", "1. …". A number becomes "line 1", since
JavaScript, in which some servers are written, sorts properties that are numbers before all others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pipeline.types import Prompt

_LINE = re.compile(r"(?:(?P<number>\d+)\.|(?P<label>[A-Z][A-Za-z ]*):) +(?P<value>\S.*)")
_PAIR = re.compile(r'("(?:[^"\\]|\\.)*")\s*:\s*("(?:[^"\\]|\\.)*")', re.DOTALL)
_NUMBERED = "line "


def labels(prompt: Prompt) -> tuple[str, ...]:
    """The labels of every worked example, in order; () where they have none, or the prompt no grammar."""
    shapes = {tuple(_fields(answer)) for _, answer in prompt.examples}
    return shapes.pop() if prompt.grammar and len(shapes) == 1 else ()


def schema(names: Sequence[str]) -> dict[str, Any]:
    """OpenAI's strict form, which Ollama, LM Studio, vLLM and llama.cpp take as well."""
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": list(names),
        "additionalProperties": False,
    }


def in_json(prompt: Prompt) -> Prompt:
    """The prompt with its worked examples in JSON: a model follows these more than a schema."""
    examples = tuple(
        (user, json.dumps(_fields(answer), ensure_ascii=False, indent=0)) for user, answer in prompt.examples
    )
    return replace(prompt, examples=examples)


class JsonLines:
    """Turns the JSON of such an answer into its lines, each once it is whole; other text passes as it is."""

    def __init__(self) -> None:
        self._held = ""
        self._is_json: bool | None = None
        self._begun = False

    def feed(self, text: str) -> str:
        """text: does not begin with blanks."""
        if self._is_json is None and text:
            self._is_json = text[0] in "{`"  # or fenced, as models write it of themselves
        if not self._is_json:
            return text
        self._held += text
        lines = ""
        while pair := _PAIR.search(self._held):
            self._held = self._held[pair.end() :]
            lines += self._line(*pair.groups())
        return lines

    def _line(self, name: str, value: str) -> str:
        try:
            label, text = json.loads(name, strict=False), json.loads(value, strict=False)
        except ValueError:  # an escape that JSON does not know
            return ""
        break_before, self._begun = ("\n" if self._begun else ""), True
        number = label.removeprefix(_NUMBERED)
        head = f"{number}." if number.isdigit() else f"{label}:"
        return f"{break_before}{head} {' '.join(text.split())}"


def _fields(answer: str) -> dict[str, str]:
    """Label -> value; {} where a line has none."""
    matches = [_LINE.fullmatch(line.strip()) for line in answer.strip().splitlines()]
    fields = {
        (f"{_NUMBERED}{match['number']}" if match["number"] else match["label"]): match["value"]
        for match in matches
        if match
    }
    return fields if len(fields) == len(matches) else {}
