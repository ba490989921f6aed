"""Committed records: requests, texts and manifests, sealed (integrity.py); equal records are equal bytes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.digest import content, digest
from pipeline.storage.integrity import opened, sealed
from pipeline.types import (
    USUAL_AUDIENCE,
    USUAL_LENGTH,
    Check,
    Content,
    Manifest,
    ManifestSegment,
    SpeechMark,
    Story,
    StoryRequest,
    Usage,
)


@dataclass(frozen=True, slots=True)
class AcceptedRequest:
    """stories/<id>/request.json: a request, on record before anything is made of it.

    prompt: the story prompt's id. engine: the writer's fingerprint. scenes: the scene prompt's id, where the
    story is written in scenes.
    """

    request: StoryRequest
    prompt: str
    engine: str
    scenes: str = ""

    @property
    def story_id(self) -> str:
        """The first 128 bits of the digest of everything that decides which story this is."""
        fields = _without_usual(asdict(self), scenes="")
        request = _without_usual(fields.pop("request"), length=USUAL_LENGTH)
        return digest({**request, **fields})[:32]


@dataclass(frozen=True, slots=True)
class CommittedText:
    """A committed text: stories/<id>/story.json, and <locale>/text.json for its translations.

    idea: the context in English. engine: the fingerprint of the writer or translator. content: of the object
    that it was read from or written to; no part of the record.
    """

    story: Story
    idea: str
    engine: str
    attempt: int
    checks: tuple[Check, ...]
    usage: Usage
    content: Content | None = field(default=None, compare=False)


def dump(value: AcceptedRequest | CommittedText | Manifest) -> bytes:
    """Without what is as usual and came after the first stores: a default story's records are as there."""
    fields = asdict(value)
    if isinstance(value, CommittedText):
        del fields["content"]
        fields["story"] = _without_usual(fields["story"], scenes=())
    if isinstance(value, AcceptedRequest):
        fields = _without_usual(fields, scenes="")
        fields["request"] = _without_usual(fields["request"], length=USUAL_LENGTH)
    if isinstance(value, Manifest):
        fields = _without_usual(fields, audience=USUAL_AUDIENCE, length=USUAL_LENGTH, scenes=())
        if not value.voice:
            del fields["voice"], fields["pace"]
    return sealed(fields)


def _without_usual(fields: dict[str, Any], **usual: object) -> dict[str, Any]:
    """Without the fields that have their usual value."""
    return {name: value for name, value in fields.items() if name not in usual or value != usual[name]}


def load_request(data: bytes, key: str) -> AcceptedRequest:
    """key: where `data` was read, for the message. Raises DamagedError. So do the other two."""
    with opened(data, key) as body:
        return AcceptedRequest(**{**body, "request": StoryRequest(**body["request"])})


def load_text(data: bytes, key: str) -> CommittedText:
    with opened(data, key) as body:
        story = body["story"]
        story |= {"segments": tuple(story["segments"]), "scenes": tuple(story.get("scenes", ()))}
        fields = {
            **body,
            "story": Story(**story),
            "checks": tuple(Check(**check) for check in body["checks"]),
            "usage": Usage(**body["usage"]),
        }
        return CommittedText(**fields, content=content(data))


def load_manifest(data: bytes, key: str) -> Manifest:
    with opened(data, key) as body:
        return Manifest(
            **{
                **body,
                "segments": tuple(_segment(segment) for segment in body["segments"]),
                "labels": tuple(body["labels"]),
                "checks": tuple(Check(**check) for check in body["checks"]),
                "usage": {step: Usage(**usage) for step, usage in body["usage"].items()},
                "files": {name: Content(**file) for name, file in body.get("files", {}).items()},
                "scenes": tuple(body.get("scenes", ())),
            }
        )


def _segment(body: dict[str, Any]) -> ManifestSegment:
    return ManifestSegment(**{**body, "marks": tuple(SpeechMark(**mark) for mark in body["marks"])})


def commit_text(store: Store, text: CommittedText) -> CommittedText:
    """Commits the text where there is none yet; returns the committed one, maybe another maker's."""
    key, data = keys.text(text.story.id, text.story.locale), dump(text)
    if store.put_if_absent(key, data):
        return replace(text, content=content(data))
    return load_text(store.get(key), key)
