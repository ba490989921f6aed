"""Committed records: requests, texts and manifests as canonical JSON; equal records are equal bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.errors import StoreError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.digest import canonical, digest
from pipeline.types import Check, Manifest, ManifestSegment, SpeechMark, Story, StoryRequest, Usage


@dataclass(frozen=True, slots=True)
class AcceptedRequest:
    """stories/<id>/request.json: a request, on record before anything is made of it.

    prompt: the story prompt's id. engine: the writer's fingerprint.
    """

    request: StoryRequest
    prompt: str
    engine: str

    @property
    def story_id(self) -> str:
        """The first 128 bits of the digest of everything that decides which story this is."""
        return digest({**asdict(self.request), "prompt": self.prompt, "engine": self.engine})[:32]


@dataclass(frozen=True, slots=True)
class CommittedText:
    """A committed text: stories/<id>/story.json, and <locale>/text.json for its translations.

    idea: the context in English. engine: the fingerprint of the writer or translator.
    """

    story: Story
    idea: str
    engine: str
    attempt: int
    checks: tuple[Check, ...]
    usage: Usage


def dump(record: AcceptedRequest | CommittedText | Manifest) -> bytes:
    """Without voice and pace in the manifest of a locale's own voice, as in stores from before there were
    others.
    """
    fields = asdict(record)
    if isinstance(record, Manifest) and not record.voice:
        del fields["voice"], fields["pace"]
    return canonical(fields)


def load_request(data: bytes, key: str) -> AcceptedRequest:
    """key: where `data` was read, for the message. Raises StoreError: damaged. So do the other two."""
    with _intact(key):
        body = json.loads(data)
        return AcceptedRequest(StoryRequest(**body["request"]), body["prompt"], body["engine"])


def load_text(data: bytes, key: str) -> CommittedText:
    with _intact(key):
        body = json.loads(data)
        story = body["story"]
        return CommittedText(
            Story(story["id"], story["locale"], story["title"], tuple(story["segments"])),
            body["idea"],
            body["engine"],
            body["attempt"],
            tuple(Check(**check) for check in body["checks"]),
            Usage(**body["usage"]),
        )


def load_manifest(data: bytes, key: str) -> Manifest:
    with _intact(key):
        body = json.loads(data)
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


def commit_text(store: Store, text: CommittedText) -> CommittedText:
    """Commits the text where there is none yet; returns the committed one, maybe another maker's."""
    key = keys.text(text.story.id, text.story.locale)
    if store.put_if_absent(key, dump(text)):
        return text
    return load_text(store.get(key), key)


@contextmanager
def _intact(key: str) -> Iterator[None]:
    """Turns the errors that a damaged record causes into StoreError."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"{key} was damaged after it was written: move it away and run the same command again",
            problem="damaged-record",
        ) from error
