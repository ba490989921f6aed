"""Counts tokens as the container in Falcon's place has to: by Falcon 7B's own tokenizer.

falcon_merges.txt.gz has the merges of tiiuae/falcon-7b-instruct (Apache License 2.0). The tokens follow from
them: each byte, and what each merge joins. Their numbers are not the model's: only their count is of use.
"""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import Any

_MERGES = Path(__file__).with_name("falcon_merges.txt.gz")


def count(text: str) -> int:
    """How many tokens Falcon 7B reads in a text."""
    return len(_tokenizer().encode(text, add_special_tokens=False).ids)


@cache
def _tokenizer() -> Any:
    """As its tokenizer.json says. Imported at first use."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    _, *lines = gzip.decompress(_MERGES.read_bytes()).decode().splitlines()
    merges = [tuple(line.split(" ")) for line in lines]
    tokens = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *("".join(pair) for pair in merges)]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Punctuation(behavior="contiguous"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
            pre_tokenizers.Digits(individual_digits=False),
            pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), behavior="isolated"),
        ]
    )
    return tokenizer
