"""Committed records: requests, texts and manifests, sealed (integrity.py); equal records are equal bytes."""

from __future__ import annotations

from dataclasses import KW_ONLY, asdict, dataclass, field, replace
from typing import Any

from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.digest import content, digest
from pipeline.storage.integrity import opened, sealed
from pipeline.types import (
    USUAL_AUDIENCE,
    USUAL_LENGTH,
    Change,
    Check,
    Content,
    Hero,
    Manifest,
    ManifestSegment,
    Revision,
    SpeechMark,
    Story,
    StoryRequest,
    Usage,
)

# A private story's id: "p", then the digits of its folder, then its own.
_FOLDER, _OWN = 17, 16


@dataclass(frozen=True, slots=True)
class Private:
    """Of a private story. folder: its name. salt: known in the folder only, so that nobody can try names
    until one gives the story's id. expires: the last day (ISO, UTC) on which it is there.
    """

    folder: str
    salt: str
    expires: str


@dataclass(frozen=True, slots=True)
class AcceptedRequest:
    """stories/<id>/request.json: a request, on record before anything is made of it.

    prompt: the story prompt's id. engine: the writer's fingerprint. scenes: the scene prompt's id, where the
    story is written in scenes. private: where it has a hero's name. revision: where it is an edited story,
    whose other fields are those of the story before it. owner: whoever asked first and was signed in, as a
    shelf names them; it does not decide which story this is.
    """

    request: StoryRequest
    prompt: str
    engine: str
    _: KW_ONLY
    scenes: str = ""
    private: Private | None = None
    revision: Revision | None = None
    owner: str = ""

    @property
    def story_id(self) -> str:
        """The first 128 bits of the digest of everything that decides which story this is; of a private one,
        "p", its folder, and 64 bits."""
        if self.revision:
            return _edited_id(self.revision, self.private)
        named = {**_request_fields(self.request), "prompt": self.prompt, "engine": self.engine}
        named |= {"scenes": self.scenes} if self.scenes else {}
        if self.private is None:
            return digest(named)[:32]
        return f"p{self.private.folder}{digest({**named, 'salt': self.private.salt})[:_OWN]}"


def _edited_id(revision: Revision, private: Private | None) -> str:
    """Decided by the story before and the changes; of a private story, in the same folder, with its salt."""
    if private is None:
        return digest(asdict(revision))[:32]
    return revision.revises[:_FOLDER] + digest({**asdict(revision), "salt": private.salt})[:_OWN]


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
    """Without what is as usual and came after the first stores: a default story's records are as there."""
    fields = asdict(value)
    if isinstance(value, CommittedText):
        del fields["content"]
        fields = _without_usual(fields, revises="")
        fields["story"] = _without_usual(fields["story"], scenes=())
    if isinstance(value, AcceptedRequest):
        fields = _without_usual(fields, scenes="", private=None, revision=None, owner="")
        fields["request"] = _request_fields(value.request)
    if isinstance(value, Manifest):
        fields = _without_usual(fields, audience=USUAL_AUDIENCE, length=USUAL_LENGTH, scenes=(), revises="")
        if not value.voice:
            del fields["voice"], fields["pace"]
    return sealed(fields)


def _without_usual(fields: dict[str, Any], **usual: object) -> dict[str, Any]:
    """Without the fields that have their usual value."""
    return {name: value for name, value in fields.items() if name not in usual or value != usual[name]}


def load_request(data: bytes, key: str) -> AcceptedRequest:
    """key: where `data` was read, for the message. Raises DamagedError. So do the other two."""
    with opened(data, key) as body:
        request, private, revision = dict(body["request"]), body.get("private"), body.get("revision")
        hero = request.pop("hero", None)
        return AcceptedRequest(
            **{
                **body,
                "request": StoryRequest(**request, hero=Hero(**hero) if hero else None),
                "private": Private(**private) if private else None,
                "revision": _revision(revision) if revision else None,
            }
        )


def _request_fields(request: StoryRequest) -> dict[str, Any]:
    return _without_usual(asdict(request), length=USUAL_LENGTH, hero=None)


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
