"""What every engine that speaks OpenAI's chat messages shares: turns, events, choices, and careful JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from pipeline.storage.digest import well_formed
from pipeline.types import Prompt

# A rough figure for English and a vocabulary of 65,000 (Falcon) to 130,000: four characters a token.
_CHARACTERS_PER_TOKEN = 4
# llama.cpp's DRY sampling lets runs of so many tokens come again. Qwen 1.5B on 30 ideas copied lines of a
# worked example with 4, none with 3; on 40 others 3 halved loops and copies.
_DRY_ALLOWED = 3


def messages(prompt: Prompt) -> list[dict[str, str]]:
    """System, worked examples, user."""
    turns = [("system", prompt.system)] if prompt.system else []
    for user, assistant in prompt.examples:
        turns += [("user", user), ("assistant", assistant)]
    return [{"role": role, "content": text} for role, text in [*turns, ("user", prompt.user)]]


def dry(prompt: Prompt, look_back: int) -> dict[str, Any]:
    """llama.cpp's fields for `Prompt.dry`. look_back: tokens in which a run may have been before."""
    if not prompt.dry:
        return {}
    return {
        "dry_multiplier": prompt.dry,
        "dry_allowed_length": _DRY_ALLOWED,
        "dry_penalty_last_n": look_back,
    }


def chosen(text: str, choices: Sequence[str]) -> str:
    """The first word that is one of the choices; the text as it came where none is."""
    known = {choice.casefold(): choice for choice in choices}
    words = (word.casefold() for word in re.findall(r"\w+", text))
    return next((known[word] for word in words if word in known), text)


def estimate(text: str) -> int:
    """Tokens of a text that nobody counted, at least 1."""
    return max(1, -(-len(text) // _CHARACTERS_PER_TOKEN))


class Odds:
    """The odds of each choice, from the log-probabilities of the first token that could be one of them."""

    def __init__(self, choices: Sequence[str]) -> None:
        self._choices = {choice.casefold(): choice for choice in choices}
        self._odds: dict[str, float] = {}

    def add(self, logprobs: Any) -> None:
        """logprobs: of OpenAI's choice: {"content": [{"top_logprobs": [{"token", "logprob"}]}]}."""
        for token in items(table(logprobs).get("content")):
            if self._odds:
                return
            for candidate in map(table, items(table(token).get("top_logprobs"))):
                word = self._choices.get(string(candidate.get("token")).strip().casefold())
                logprob = candidate.get("logprob")
                if word is not None and isinstance(logprob, int | float) and logprob <= 0:
                    self._odds[word] = self._odds.get(word, 0.0) + math.exp(logprob)

    def best(self) -> tuple[str, float]:
        """The likeliest choice and its share, 0 to 1; ("", 0.0) where the model considered none of them."""
        total = sum(self._odds.values())
        if not total:
            return "", 0.0
        best = max(self._odds, key=lambda word: self._odds[word])
        return best, round(self._odds[best] / total, 4)


def data(line: str) -> str:
    """A server-sent event's data, or a line of JSON. Comments (":") and an event's other fields are ""."""
    if line.startswith("data:"):
        return line[len("data:") :].strip()
    return "" if line.startswith((":", "event:", "id:", "retry:")) else line.strip()


def table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def string(value: Any) -> str:
    return well_formed(value) if isinstance(value, str) else ""


def count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0
