"""A rendered prompt is parsed back."""

from __future__ import annotations

import pytest

from infra.local_aws.prompt_text import prompt_of, turns


@pytest.mark.parametrize(
    "inputs",
    [
        "Be kind.\n\nUser: Hi, User: said\nnobody.\n\nAssistant: Hello.\n\nUser: Bye\n\nAssistant:",
        "System: Be kind.\nUser: Hi, User: said\nnobody.\nFalcon: Hello.\nUser: Bye\nFalcon:",
        "<|system|>\nBe kind.\n<|user|>\nHi, User: said\nnobody.\n<|assistant|>\nHello.<|endoftext|>\n"
        "<|user|>\nBye\n<|assistant|>\n",
    ],
)
def test_each_models_format_is_parsed_into_turns_and_a_prompt(inputs: str) -> None:
    dialog = turns(inputs)
    assert [role for role, _ in dialog] == ["system", "user", "assistant", "user"]
    prompt = prompt_of(dialog, 10, 0.5, 0.9, 3)
    assert (prompt.system, prompt.user) == ("Be kind.", "Bye")
    assert prompt.examples == (("Hi, User: said\nnobody.", "Hello."),)


def test_text_without_marks_is_the_users() -> None:
    prompt = prompt_of(turns("Tell me of a snail."), 10, 0.5, 0.9, 3)
    assert (prompt.user, prompt.grammar, prompt.choices) == ("Tell me of a snail.", "", ())
