"""Committed records: requests, texts and manifests, sealed (integrity.py); equal records are equal bytes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.digest import content, digest
from pipeline.storage.integrity import opened, sealed
from pipeline.types import (
    Change,
    Check,
    Content,
    Manifest,
    ManifestSegment,
    Revision,
    SpeechMark,
    Story,
    StoryRequest,
    Usage,
)

# A private story's id: "p", then the digits of its folder, then its own.
_PRIVATE, _FOLDER, _OWN = "p", 17, 16


@dataclass(frozen=True, slots=True)
class AcceptedRequest:
    """stories/<id>/request.json: a request, on record before anything is made of it.

    prompt: the story prompt's id. engine: the writer's fingerprint. owner: whoever asked first and was signed
    in, as a shelf names them; it does not decide which story this is. revision: where it is an edited story,
    whose other fields are those of the story before it.
    """

    request: StoryRequest
    prompt: str
    engine: str
    revision: Revision | None = None
    owner: str = ""

    @property
    def story_id(self) -> str:
        """The first 128 bits of the digest of everything that decides which story this is."""
        if self.revision:
            return _edited_id(self.revision)
        return digest({**asdict(self.request), "prompt": self.prompt, "engine": self.engine})[:32]


def _edited_id(revision: Revision) -> str:
    """Decided by the story before and the changes; of a private story, in the same folder."""
    name = digest(asdict(revision))
    if revision.revises.startswith(_PRIVATE):
        return revision.revises[:_FOLDER] + name[:_OWN]
    return name[:32]


@dataclass(frozen=True, slots=True)
class CommittedText:
    """A committed text: stories/<id>/story.json, and <locale>/text.json for its translations.

    idea: the context in English. engine: the fingerprint of the writer or translator. revises: as in
    Manifest. content: of the object that it was read from or written to; no part of the record.
    """

    story: Story
    idea: str
    engine: str
    attempt: int
    checks: tuple[Check, ...]
    usage: Usage
    revises: str = ""
    content: Content | None = field(default=None, compare=False)


def dump(value: AcceptedRequest | CommittedText | Manifest) -> bytes:
    """Without voice and pace in the manifest of a locale's own voice, an owner where there is none, and what
    only edited stories have: as in stores from before there were others.
    """
    fields = asdict(value)
    if isinstance(value, CommittedText):
        del fields["content"]
    if isinstance(value, AcceptedRequest) and not value.owner:
        del fields["owner"]
    if isinstance(value, Manifest) and not value.voice:
        del fields["voice"], fields["pace"]
    for name in {"revises", "revision"} & fields.keys():
        if not fields[name]:
            del fields[name]
    return sealed(fields)


def load_request(data: bytes, key: str) -> AcceptedRequest:
    """key: where `data` was read, for the message. Raises DamagedError. So do the other two."""
    with opened(data, key) as body:
        revision = body.get("revision")
        return AcceptedRequest(
            **{
                **body,
                "request": StoryRequest(**body["request"]),
                "revision": _revision(revision) if revision else None,
            }
        )


def load_text(data: bytes, key: str) -> CommittedText:
    with opened(data, key) as body:
        story = {**body["story"], "segments": tuple(body["story"]["segments"])}
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
            }
        )


def _revision(body: dict[str, Any]) -> Revision:
    return Revision(**{**body, "changes": tuple(Change(**change) for change in body["changes"])})


def _segment(body: dict[str, Any]) -> ManifestSegment:
    return ManifestSegment(**{**body, "marks": tuple(SpeechMark(**mark) for mark in body["marks"])})


def commit_text(store: Store, text: CommittedText) -> CommittedText:
    """Commits the text where there is none yet; returns the committed one, maybe another maker's."""
    key, data = keys.text(text.story.id, text.story.locale), dump(text)
    if store.put_if_absent(key, data):
        return replace(text, content=content(data))
    return load_text(store.get(key), key)
