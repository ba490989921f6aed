"""What is claimed of an export, as c2pa-python takes it: how it came to be, and by which engines.

Nothing of a family: neither the idea nor the story's text, no time, and no title that may hold a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pipeline
from pipeline.exports.transcript import Transcript
from pipeline.storage import keys

# Codes of IPTC's vocabulary of digital source types: by models trained on examples; by rules alone.
TRAINED, RULES = "trainedAlgorithmicMedia", "algorithmicMedia"
_VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_GENERATOR = {"name": "stories", "version": pipeline.__version__}


def source_uri(code: str) -> str:
    return f"{_VOCABULARY}{code}"


def claim(editions: Sequence[Transcript], media_type: str, source: str) -> dict[str, Any]:
    """The manifest's definition. source: one of the codes above."""
    engines = dict.fromkeys(each.engines for each in editions) if source == TRAINED else ("stories",)
    action = {
        "action": "c2pa.created",
        "digitalSourceType": source_uri(source),
        "softwareAgent": {"name": ", ".join(engines)},
    }
    return {
        "claim_generator_info": [_GENERATOR],
        "format": media_type,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
        **_title(editions),
    }


def _title(editions: Sequence[Transcript]) -> dict[str, str]:
    if any(keys.folder_of(each.story_id) for each in editions):
        return {}
    return {"title": " + ".join(dict.fromkeys(each.title for each in editions))}
