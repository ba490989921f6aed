"""What is read back from a rendered prompt."""

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
def test_turns_are_found_in_each_models_format(inputs: str) -> None:
    assert turns(inputs) == [
        ("system", "Be kind."),
        ("user", "Hi, User: said\nnobody."),
        ("assistant", "Hello."),
        ("user", "Bye"),
    ]


def test_the_last_users_turn_is_asked_and_the_others_are_examples() -> None:
    told = turns(
        "Be kind.\n\nUser: one\n\nAssistant: 1\n\nUser: two\n\nAssistant: 2\n\nUser: three\n\nAssistant:"
    )
    prompt = prompt_of(told, 10, 0.5, 0.9, 3)
    assert (prompt.system, prompt.user) == ("Be kind.", "three")
    assert prompt.examples == (("one", "1"), ("two", "2"))


def test_bare_text_is_what_is_asked() -> None:
    prompt = prompt_of(turns("Tell me of a snail."), 10, 0.5, 0.9, 3)
    assert prompt.user == "Tell me of a snail."
    assert (prompt.grammar, prompt.choices) == ("", ())
