"""Parses the text that a text-generation container receives into the turns that it was rendered from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from string import Template

from pipeline.story.prompt import StoryPrompt, story_prompt, story_prompts
from pipeline.types import Prompt, StoryRequest

Turn = tuple[str, str]

# How a turn begins, by role, at the start of a line. Falcon's instruct models use plain names.
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
    """(role, text) of each turn; text before the first mark is the system's. The open turn is left out."""
    parts: list[Turn] = []
    role, start = "system", 0
    for mark in _MARK.finditer(inputs):
        parts.append((role, inputs[start : mark.start()]))
        role, start = str(mark.lastgroup), mark.end()
    parts.append((role, inputs[start:]))
    tidy = [(role, _END.sub("", text).strip()) for role, text in parts]
    return [turn for turn in tidy if turn[1]]


def prompt_of(
    all_turns: Sequence[Turn], max_tokens: int, temperature: float, top_p: float, seed: int
) -> Prompt:
    """The pipeline's Prompt that these turns were rendered from, as far as they contain it."""
    system = "\n\n".join(text for role, text in all_turns if role == "system")
    dialog = [turn for turn in all_turns if turn[0] != "system"]
    user = dialog[-1][1] if dialog else system
    pairs = zip(dialog[:-1:2], dialog[1::2], strict=False)
    examples = tuple((first[1], second[1]) for first, second in pairs if first[0] == "user")
    return Prompt(
        name="wire@1",
        system=system,
        user=user,
        examples=examples,
        max_tokens=max_tokens,
        temperature=temperature,
        top_p=top_p,
        seed=seed,
        # Only here: the request carries no grammar, and the small model in Falcon's place does not keep to
        # the plan of a story, or to one word, without it.
        grammar=_grammar(system, user),
        choices=("yes", "no") if _YES_NO.search(f"{system}\n{user}") else (),
    )


def _grammar(system: str, user: str) -> str:
    """Of the packaged story prompt that these texts were rendered from; "" where there is none."""
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
    prompt = story.prompt(StoryRequest("a snail", audience="AUDIENCE"), "a snail", 0)
    user = Template(re.escape(story.spec["user"].strip()).replace(r"\$", "$"))
    return _Shape(
        re.compile(re.escape(prompt.system).replace("AUDIENCE", ".+")),
        re.compile(user.substitute(idea=".+", hero=".+", friend=".+")),
        prompt.grammar,
    )
