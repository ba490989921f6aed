"""Everything that Falcon is sent fits its container, counted by its own tokenizer, whatever the idea."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace

import pytest

from infra.local_aws.falcon_tokens import count
from infra.local_aws.validation import MAX_INPUT_TOKENS, MAX_TOTAL_TOKENS
from pipeline.config.profiles import profile
from pipeline.engines.aws.prompt_formats import format_of
from pipeline.errors import RequestError, StoriesError
from pipeline.notebooks.experiment.grading import Grader
from pipeline.ports import OnText, ignore
from pipeline.story import ideas
from pipeline.story.judge import Judge
from pipeline.story.prompt import current, named, read, story_prompt
from pipeline.story.text import MAX_CONTEXT
from pipeline.story.word_filter import word_filter
from pipeline.types import Completion, Prompt, StoryRequest

MODEL = profile("aws")["text"]
PROMPT = story_prompt(current(MODEL))
MOST = 760
USUAL = StoryRequest("").audience
ROOM = PROMPT.spec["most_bytes"] - len(USUAL)
ROOM_OF_TWO = PROMPT.spec["examples"][0]["most_bytes"] - len(USUAL)
# One character in so many: some of every script.
STEP = 32


def sent(idea: str, audience: str = USUAL, variant: int = 0) -> int:
    """Tokens of the story prompt as it is sent."""
    prompt = PROMPT.prompt(StoryRequest(idea, variant, audience), idea, 0)
    return count(format_of(MODEL).render(prompt))


def filled(unit: str, room: int, start: str = "a ") -> str:
    """As many of the unit as an idea may hold, and a word before them."""
    times = min((MAX_CONTEXT - len(start)) // len(unit), (room - len(start)) // len(unit.encode()))
    return start + unit * times


def accepted(idea: str) -> bool:
    try:
        return ideas.accept(idea, word_filter()) == idea
    except StoriesError:
        return False


def costliest() -> Iterator[str]:
    """Of every script's characters those that take most tokens, each as an idea that is accepted."""
    scripts: dict[str, tuple[int, str]] = {}
    for code in (*range(0x21, 0x7F), *range(0xA0, 0x32000, STEP)):
        script = unicodedata.name(chr(code), "").partition(" ")[0]
        if script:
            scripts[script] = max(scripts.get(script, (0, "")), (count(chr(code) * 12), chr(code)))
    candidates = (filled(char, ROOM) for _, char in scripts.values())
    yield from filter(accepted, candidates)


def test_falcon_has_a_prompt_of_its_own() -> None:
    assert PROMPT.id != current("*")
    for size in ("7b-instruct-bf16", "7b-bf16", "40b-instruct-bf16", "180b-chat-bf16"):
        assert current(f"huggingface-llm-falcon-{size}") == PROMPT.id
    assert (
        current("huggingface-llm-falcon-3-10B-Instruct")
        == current("huggingface-llm-qwen2-7b")
        == current("*")
    )


def test_the_story_prompt_has_760_tokens_at_most_in_every_script() -> None:
    worst = list(costliest())
    assert len(worst) > 100
    counts = [sent(idea) for idea in worst]
    assert MOST - 20 < max(counts) <= MOST  # else there would be room for longer ideas


@pytest.mark.parametrize(
    "unit",
    [
        "<|",
        "<<|",
        "~}",
        "!?",
        "x1",
        "1 ",
        "q j",
        "’",
        "é",
        "🐌",
        "👩\u200d🚀",
        "𓀀",
        "𰀀",
        "蝸",
        "ﷺ",
        "a\u0301b",
    ],
)
def test_no_mixture_of_characters_costs_more(unit: str) -> None:
    for room in (ROOM, ROOM_OF_TWO):
        assert max(sent(filled(unit, room), variant=variant) for variant in range(20)) <= MOST
        # The idea's own name for its hero is sent twice. The name: of 200 at random the costliest.
        assert sent(filled(unit, room, "Qxkjfvjxqbjkzvkx and ")) <= MOST
    # Shared with the audience, which is free text too.
    half = (PROMPT.spec["most_bytes"] - 4) // 2
    assert sent(filled(unit, half), filled(unit, half)) <= MOST


def test_a_short_idea_has_two_worked_examples_and_a_long_one_has_room_for_one() -> None:
    for idea, examples in (("a baby sphynx lost in an Egyptian pyramid", 2), ("x" * 75, 1), ("é" * 38, 1)):
        assert len(PROMPT.prompt(StoryRequest(idea), idea, 0).examples) == examples
    # No more is left out than has to be.
    assert sent(filled("~}", ROOM_OF_TWO)) > MOST - 20


def test_a_word_longer_than_names_are_is_no_name() -> None:
    assert named("Maximiliane and the owl") == "Maximiliane"
    assert named("M" + "a" * 200 + " and the owl") == ""


def test_every_idea_of_300_plain_characters_has_room() -> None:
    assert sent("a " + "owl " * 74 + "ok") < MOST
    assert sent("“Don’t go!” " + "x" * 288) <= MOST


def test_an_idea_without_room_is_refused_in_words() -> None:
    with pytest.raises(
        RequestError, match=rf"take \d+ bytes in English, {PROMPT.spec['most_bytes']} at most"
    ) as caught:
        sent("a " + "🐌" * 200)
    assert caught.value.problem == "long-idea"
    with pytest.raises(RequestError):
        sent("a snail", audience="é" * 200)


def test_every_cast_has_room() -> None:
    names = PROMPT.names
    longest = max((*names["she"], *names["he"]), key=lambda name: count(f" {name} (she)"))
    spec = {"she": [longest, longest + "a"], "he": [longest, longest + "a"], "words": names["words"]}
    prompt = replace(PROMPT, names=spec).prompt(StoryRequest(""), filled("𓀀", ROOM), 0)
    assert count(format_of(MODEL).render(prompt)) <= MOST


class Recording:
    """Keeps the prompts, and answers with a word or a number."""

    fingerprint, parallel = "recording/1", 1

    def __init__(self) -> None:
        self.prompts: list[Prompt] = []

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        self.prompts.append(prompt)
        return Completion(prompt.choices[0] if prompt.choices else "7", 1, 1, "end")


def test_the_judge_and_the_grader_have_room_for_the_longest_story_of_the_longest_idea() -> None:
    """The story's text has the tokens that Falcon may write, at most."""
    engine, idea = Recording(), filled("𓀀", ROOM)
    title, text = "Wanda", "~}" * (PROMPT.spec["max_tokens"] // 2)
    Judge(engine, read("judge")).judge(idea, title, text)
    Grader(engine, read("grades")).grade(idea, title, text)
    assert len(engine.prompts) == 4 + 3
    for prompt in engine.prompts:
        tokens = count(format_of(MODEL).render(prompt))
        assert tokens <= MAX_INPUT_TOKENS
        assert tokens + prompt.max_tokens <= MAX_TOTAL_TOKENS
