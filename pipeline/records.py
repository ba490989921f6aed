"""What is committed, as JSON and back. Canonical, so that equal records are equal bytes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.digest import canonical, digest
from pipeline.errors import StoreError
from pipeline.types import Check, Manifest, ManifestSegment, SpeechMark, Story, StoryRequest, Usage


@dataclass(frozen=True, slots=True)
class Accepted:
    """stories/<id>/request.json: what was asked, before anything is made of it."""

    request: StoryRequest
    prompt: str
    engine: str

    @property
    def story_id(self) -> str:
        """The first 128 bits of the digest of everything that decides which story this is."""
        return digest({**asdict(self.request), "prompt": self.prompt, "engine": self.engine})[:32]


@dataclass(frozen=True, slots=True)
class Told:
    """A committed text: stories/<id>/story.json, and <locale>/text.json for its translations.

    idea: the context in English. engine: who wrote or translated it.
    """

    story: Story
    idea: str
    engine: str
    attempt: int
    checks: tuple[Check, ...]
    usage: Usage


def dump(record: Accepted | Told | Manifest) -> bytes:
    return canonical(asdict(record))


def load_accepted(data: bytes) -> Accepted:
    body = _object(data)
    return Accepted(StoryRequest(**body["request"]), body["prompt"], body["engine"])


def load_told(data: bytes) -> Told:
    body = _object(data)
    story = body["story"]
    return Told(
        Story(story["id"], story["locale"], story["title"], tuple(story["segments"])),
        body["idea"],
        body["engine"],
        body["attempt"],
        tuple(Check(**check) for check in body["checks"]),
        Usage(**body["usage"]),
    )


def load_manifest(data: bytes) -> Manifest:
    body = _object(data)
    return Manifest(
        **{
            **body,
            "segments": tuple(_segment(segment) for segment in body["segments"]),
            "labels": tuple(body["labels"]),
            "checks": tuple(Check(**check) for check in body["checks"]),
            "usage": {step: Usage(**usage) for step, usage in body["usage"].items()},
        }
    )


def _segment(body: dict[str, Any]) -> ManifestSegment:
    return ManifestSegment(**{**body, "marks": tuple(SpeechMark(**mark) for mark in body["marks"])})


def _object(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except ValueError as error:
        raise StoreError("a stored record is not JSON: it was damaged after it was written") from error
    if not isinstance(body, dict):
        raise StoreError("a stored record is not an object: it was damaged after it was written")
    return body
