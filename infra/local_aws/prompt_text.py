"""Reads the text that a text-generation container gets back into the turns it was rendered from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from string import Template

from pipeline.story.prompt import StoryPrompt, story_prompt, story_prompts
from pipeline.types import Prompt, StoryRequest

Turn = tuple[str, str]

# How a turn begins, by role; at the start of a line. Falcon's instruct models are taught with plain names.
_MARKS = {
    "system": r"System:|<\|system\|>|<\|im_start\|>system\n",
    "user": r"User:|Human:|<\|user\|>|<\|im_start\|>user\n",
    "assistant": r"Assistant:|Falcon:|<\|assistant\|>|<\|im_start\|>assistant\n",
}
_MARK = re.compile(
    "^(?:" + "|".join(f"(?P<{role}>{mark})" for role, mark in _MARKS.items()) + ")", re.MULTILINE
)
_END = re.compile(r"<\|im_end\|>|<\|endoftext\|>|<\|end\|>")
_YES_NO = re.compile(r"answer (with one word: )?yes or no", re.IGNORECASE)


def turns(inputs: str) -> list[Turn]:
    """(role, text) of each turn; text before the first mark is the system's. The open one is left out."""
    found: list[Turn] = []
    role, start = "system", 0
    for mark in _MARK.finditer(inputs):
        found.append((role, inputs[start : mark.start()]))
        role, start = str(mark.lastgroup), mark.end()
    found.append((role, inputs[start:]))
    tidy = [(role, _END.sub("", text).strip()) for role, text in found]
    return [turn for turn in tidy if turn[1]]


def prompt_of(told: Sequence[Turn], max_tokens: int, temperature: float, top_p: float, seed: int) -> Prompt:
    """The pipeline's Prompt that these turns were made from, as far as they tell."""
    system = "\n\n".join(text for role, text in told if role == "system")
    said = [turn for turn in told if turn[0] != "system"]
    user = said[-1][1] if said else system
    pairs = [(one[1], two[1]) for one, two in zip(said[:-1:2], said[1::2], strict=False) if one[0] == "user"]
    return Prompt(
        name="wire@1",
        system=system,
        user=user,
        examples=tuple(pairs),
        max_tokens=max_tokens,
        temperature=temperature,
        top_p=top_p,
        seed=seed,
        # A crutch that lives here only: the wire carries no grammar, and the small model that stands in for
        # Falcon does not keep to the plan of a story, or to one word, without one.
        grammar=_grammar(system, user),
        choices=("yes", "no") if _YES_NO.search(f"{system}\n{user}") else (),
    )


def _grammar(system: str, user: str) -> str:
    """Of the shipped story prompt that these texts were made from; "" where none was."""
    fitting = (shape for shape in _shapes() if shape.system.fullmatch(system) and shape.user.fullmatch(user))
    return next((shape.grammar for shape in fitting), "")


@dataclass(frozen=True)
class _Shape:
    system: re.Pattern[str]
    user: re.Pattern[str]
    grammar: str


@cache
def _shapes() -> tuple[_Shape, ...]:
    return tuple(_shape(story_prompt(prompt_id)) for prompt_id in story_prompts())


def _shape(story: StoryPrompt) -> _Shape:
    asked = story.prompt(StoryRequest("a snail", audience="AUDIENCE"), "a snail", 0)
    user = Template(re.escape(story.spec["user"].strip()).replace(r"\$", "$"))
    return _Shape(
        re.compile(re.escape(asked.system).replace("AUDIENCE", ".+")),
        re.compile(user.substitute(idea=".+", hero=".+", friend=".+")),
        asked.grammar,
    )
