"""Ideas of the bench's own, and the story prompt as chat messages for a bare server."""

from __future__ import annotations

from typing import Any

from pipeline.story.prompt import story_prompt
from pipeline.types import Prompt, StoryRequest

IDEAS = (
    "a lighthouse keeper's cat who counts the ships",
    "a snowman who wants to see the spring",
    "a girl who plants a button in the garden",
    "a tortoise who enters a kite race",
    "a teapot that is afraid of the dark cupboard",
    "a boy who teaches his shadow to dance",
    "a young whale who loses her song",
    "a mouse who bakes a cake for the moon",
    "a lantern that wants to follow the fireflies",
)


def story_bodies(count: int) -> list[dict[str, Any]]:
    """The first attempt at `count` ideas, as bodies of the server's chat completion."""
    prompt = story_prompt()
    return [chat_body(prompt.prompt(StoryRequest(idea), idea, 0)) for idea in IDEAS[:count]]


def chat_body(prompt: Prompt) -> dict[str, Any]:
    messages = [{"role": "system", "content": prompt.system}]
    for user, assistant in prompt.examples:
        messages += [{"role": "user", "content": user}, {"role": "assistant", "content": assistant}]
    return {
        "messages": [*messages, {"role": "user", "content": prompt.user}],
        "max_tokens": prompt.max_tokens,
        "temperature": prompt.temperature,
        "top_p": prompt.top_p,
        "seed": prompt.seed,
        "grammar": prompt.grammar,
        "stream": True,
        "stream_options": {"include_usage": True},
        "cache_prompt": True,
    }
