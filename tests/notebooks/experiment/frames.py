"""Tables of drafts as grid.run makes them, from figures that a test gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas
from pandas import DataFrame

USUAL: dict[str, Any] = {
    "idea": "",
    "failure": "",
    "title": "A title",
    "text": "A text.",
    "hero": "Nora",
    "refused": "",
    "complete": 1.0,
    "unsafe": 0.0,
    "english": 1.0,
    "seconds": 10.0,
    "tokens": 1000,
    "words": 100,
    "ari": 3.0,
    "nearest": 0.2,
}


def rows(prompt: str, accepted: Sequence[float], variants: int = 1, **changed: Any) -> list[dict[str, Any]]:
    """A draft for each of `accepted`: context 0 with all its variants, then context 1."""
    return [
        {
            **USUAL,
            "prompt": prompt,
            "context": f"context {index // variants:02}",
            "variant": index % variants,
            "accepted": share,
            **changed,
        }
        for index, share in enumerate(accepted)
    ]


def table(*parts: list[dict[str, Any]]) -> DataFrame:
    return pandas.DataFrame([row for part in parts for row in part])
