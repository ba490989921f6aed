from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from pipeline.errors import DamagedError, StoreError
from pipeline.storage.records import (
    AcceptedRequest,
    CommittedText,
    dump,
    load_manifest,
    load_request,
    load_text,
)
from pipeline.types import Check, Manifest, ManifestSegment, SpeechMark, Story, StoryRequest, Usage

ACCEPTED = AcceptedRequest(StoryRequest("a shy snail"), "story@1", "fake/text/1")
TEXT = CommittedText(
    Story("4f1c", "fr", "Léa et la lanterne", ("« Stop ! » dit-elle.", "نم جيدا.")),
    "a shy snail",
    "fake/text/1",
    2,
    (
        Check("words", True, 97, "80 to 120"),
        Check("English", True, 0.98),
        Check("gentle words", False, "blood"),
    ),
    Usage(3, 900, 600, 12, 1.5, 7.25),
)
MANIFEST = Manifest(
    "4f1c",
    "fr",
    "Léa",
    "een verlegen slak",
    "a shy snail",
    2**53 - 1,
    (ManifestSegment("Oui.", "audio/ab/cd.wav", 0, 400, (SpeechMark(20, 0, 3, "Oui"),)),),
    "stories/4f1c/fr/abcd.mp3",
    400,
    ("draft translation",),
    {"text": "fake/text/1"},
    (Check("words", True, 97),),
    {"speak": Usage(1, audio_seconds=0.4)},
)


def test_the_story_id_is_the_digest_of_all_that_decides_the_story() -> None:
    # printf '{"audience":"children aged 3 to 7","context":"a shy snail","engine":"fake/text/1",
    #   "prompt":"story@1","variant":0}' | sha256sum | cut -c-32   (one line, without the blanks)
    assert ACCEPTED.story_id == "7f8dce61e419ee58371f9b03fd87ecce"


@pytest.mark.parametrize(
    "other",
    [
        replace(ACCEPTED, engine="fake/text/2"),
        replace(ACCEPTED, prompt="story@2"),
        replace(ACCEPTED, request=StoryRequest("a shy snail", 1)),
        replace(ACCEPTED, request=StoryRequest("a sly snail")),
        replace(ACCEPTED, request=StoryRequest("a shy snail", audience="adults")),
        replace(ACCEPTED, request=StoryRequest("a shy snail", length="long")),
        replace(ACCEPTED, scenes="scenes@1"),
    ],
)
def test_another_model_prompt_variant_idea_or_audience_is_another_story(other: AcceptedRequest) -> None:
    assert other.story_id != ACCEPTED.story_id


def test_what_is_as_usual_is_not_in_a_record_so_that_older_ones_are_the_same() -> None:
    request = json.loads(dump(ACCEPTED))
    assert request.keys() == {"request", "prompt", "engine", "sha256"}
    assert request["request"].keys() == {"context", "variant", "audience"}
    longer = replace(ACCEPTED, request=replace(ACCEPTED.request, length="long"), scenes="scenes@1")
    assert load_request(dump(longer), "k") == longer
    assert load_request(dump(ACCEPTED), "k") == ACCEPTED


def test_records_read_back_as_they_were_written() -> None:
    assert load_request(dump(ACCEPTED), "k") == ACCEPTED
    assert load_text(dump(TEXT), "k") == TEXT
    assert load_manifest(dump(MANIFEST), "k") == MANIFEST


def test_equal_records_are_equal_bytes_of_utf8_json() -> None:
    assert dump(TEXT) == dump(load_text(dump(TEXT), "k"))
    assert "« Stop ! » dit-elle." in dump(TEXT).decode()
    assert json.loads(dump(MANIFEST))["segments"][0]["marks"][0]["value"] == "Oui"


_GOOD = {load_request: dump(ACCEPTED), load_text: dump(TEXT), load_manifest: dump(MANIFEST)}
_DAMAGED = [b"", b"{}", b"null", b"[]", b'"text"', b"\xff\xfe", b'{"story": 1}', b'{"request": {"wrong": 1}}']


@pytest.mark.parametrize("load", _GOOD)
@pytest.mark.parametrize("data", _DAMAGED)
def test_damaged_record_is_named_in_a_single_line(load, data: bytes) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(StoreError, match=r"^stories/4f1c/x\.json was damaged") as caught:
        load(data, "stories/4f1c/x.json")
    assert caught.value.problem == "damaged-record"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("load", _GOOD)
def test_truncated_record_is_damaged(load) -> None:  # type: ignore[no-untyped-def]
    data = _GOOD[load]
    for length in range(len(data)):
        with pytest.raises(StoreError):
            load(data[:length], "k")


@pytest.mark.parametrize("load", _GOOD)
def test_any_changed_byte_of_a_record_is_noticed(load) -> None:  # type: ignore[no-untyped-def]
    data = _GOOD[load]
    for place in range(len(data)):
        with pytest.raises(DamagedError):
            load(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :], "k")


@pytest.mark.parametrize("load", _GOOD)
def test_a_record_carries_the_digest_of_its_other_fields(load) -> None:  # type: ignore[no-untyped-def]
    fields = json.loads(_GOOD[load])
    claimed = fields.pop("sha256")
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert claimed == hashlib.sha256(text.encode()).hexdigest()
    assert load(text.encode(), "k") == load(_GOOD[load], "k")  # as in stores from before
