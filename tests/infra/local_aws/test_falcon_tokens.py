"""The stand-in counts as Falcon's own tokenizer does."""

from __future__ import annotations

import pytest

from infra.local_aws.falcon_tokens import count


# Texts and counts of llama.cpp's reference cases for this tokenizer (ggml-vocab-falcon.gguf.inp, .out).
@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("   ", 1),
        ("\n\n\n", 1),
        ("Hello, world!", 4),
        ("ied 4 ½ months", 6),
        (" this is 🦙.cpp", 7),
        ("w048 7tuijk dsdfhu", 9),
        ("нещо на Български", 19),
        ("កាន់តែពិសេសអាចខលចេញ", 42),
        ("🚀 (normal) 😶\u200d🌫️ (multiple emojis concatenated) ✅ (only emoji that has its own token)", 35),
        ("    Hello\n    Hello", 4),
        ("\n =", 2),
        ("' era", 2),
        ("Hello, y'all! How are you 😁 ?我想在apple工作1314151天～", 27),
        ("!!!!!!", 1),
        ("333", 1),
        ("33333333", 3),
        ("Cửa Việt", 8),
    ],
)
def test_a_text_has_as_many_tokens_as_for_falcon(text: str, tokens: int) -> None:
    assert count(text) == tokens
