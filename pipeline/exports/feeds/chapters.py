"""The chapters of an episode, as the podcast namespace has them: JSON, in seconds of its sound."""

from __future__ import annotations

import json

from pipeline.exports.transcript import Transcript

MEDIA_TYPE = "application/json+chapters"


def chapters(story: Transcript) -> bytes:
    """One a scene; none where there is one scene."""
    rows = [{"startTime": scene.start_ms / 1000, "title": scene.title} for scene in story.chapters]
    return json.dumps({"version": "1.2.0", "chapters": rows}, ensure_ascii=False).encode()
