"""The words of a finding: nobody's name in them, and what is wrong apart from what to do."""

from __future__ import annotations

import re

_WHO = re.compile(r"arn:[\w-]+:(?:iam|sts)::\d*:[\w+=,.@:/*-]+")
_KEY_ID = re.compile(r"\bA[KS]IA[A-Z0-9]{12,}")
# As a word or as a part of an ARN; a bucket's name may hold the number, and is needed whole.
_ACCOUNT_ID = re.compile(r"(?<=[: ])\d{8}(\d{4})(?=[: .,)]|$)")


def masked(text: str) -> str:
    """AWS's own words name persons, accounts and keys."""
    return _ACCOUNT_ID.sub(r"…\1", _KEY_ID.sub("(a key)", _WHO.sub("(this identity)", text)))


def parted(message: str, otherwise: str) -> tuple[str, str]:
    """What is wrong, what to do: our errors say both, with a colon between and AWS's words in brackets."""
    for colon in reversed([found.start() for found in re.finditer(": ", message)]):
        parts = message[:colon], message[colon + 2 :]
        if all(part.count("(") == part.count(")") for part in parts):
            return parts
    return message, otherwise
