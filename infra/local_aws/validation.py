"""What Text Generation Inference refuses, in the words of its router (validation.rs), with HTTP 422."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from infra.local_aws.falcon_tokens import count

# JumpStart's MAX_INPUT_LENGTH and MAX_TOTAL_TOKENS of Falcon 7B and 40B (aws/amazon-sagemaker-examples, the
# notebook text-generation-falcon).
MAX_INPUT_TOKENS = 1024
MAX_TOTAL_TOKENS = 2048
DEFAULT_TOKENS = 100
_MAX_STOPS = 4


@dataclass
class InputError(Exception):
    """The container's own refusal: HTTP 422 in its JSON."""

    message: str

    @property
    def body(self) -> str:
        return json.dumps({"error": f"Input validation error: {self.message}", "error_type": "validation"})


def check(inputs: Any, parameters: dict[str, Any]) -> str:
    """The inputs. Raises InputError."""
    if not isinstance(inputs, str) or not inputs:
        raise InputError("`inputs` cannot be empty")
    tokens, stops = parameters.get("max_new_tokens", DEFAULT_TOKENS), len(parameters.get("stop", ()))
    size = count(inputs)
    rules = (
        (tokens > 0, "`max_new_tokens` must be strictly positive"),
        (parameters.get("temperature", 1.0) > 0, "`temperature` must be strictly positive"),
        (0 < parameters.get("top_p", 0.95) < 1, "`top_p` must be > 0.0 and < 1.0"),
        (stops <= _MAX_STOPS, f"`stop` supports up to {_MAX_STOPS} stop sequences. Given: {stops}"),
        (0 <= parameters.get("seed", 0) < 2**64, "`seed` must be a 64-bit integer"),
        (
            size + tokens <= MAX_TOTAL_TOKENS,
            f"`inputs` tokens + `max_new_tokens` must be <= {MAX_TOTAL_TOKENS}. "
            f"Given: {size} `inputs` tokens and {tokens} `max_new_tokens`",
        ),
        (
            size <= MAX_INPUT_TOKENS,
            f"`inputs` must have less than {MAX_INPUT_TOKENS} tokens. Given: {size}",
        ),
    )
    for valid, message in rules:
        if not valid:
            raise InputError(message)
    return inputs
