"""The smoke test's verdicts on APIs that do not work; tests/test_cloud_path.py runs it on the local stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from infra.smoke.checks import UNSUITABLE, Smoke
from infra.smoke.http import Answer, request
from pipeline.types import Finding

URL = "https://api.example/dev/"
STORY = f"{URL}stories/x/fr"
SOUND = "https://bucket.example/x.mp3?signature=1"
# MPEG-2 layer 3, 32 kbit/s, 24 kHz, mono: a frame of 96 bytes is 576 samples, 24 ms (ISO/IEC 13818-3).
FRAME = bytes.fromhex("fff344c4") + bytes(92)
TEN_SECONDS = FRAME * 417
WELL = Answer(200, {}, b'{"status": "ok", "profile": "aws"}')
REFUSED = Answer(
    400, {}, b'{"type": "urn:mvp-stories:problem:unsafe-violence", "detail": "Not for children."}'
)


def story(**values: Any) -> Answer:
    view = {"status": "done", "locale": "fr", "title": "Nil", "segments": [1], "mp3Url": SOUND}
    return Answer(200, {}, json.dumps({**view, "durationMs": 10_008, **values}).encode())


class Api:
    """Answers by URL; the refusal is apart. calls: URLs with the headers sent."""

    def __init__(self, **answers: Answer) -> None:
        sound = Answer(200, {}, TEN_SECONDS)
        self.answers = {"health": WELL, "story": story(), "sound": sound, "refusal": REFUSED, **answers}
        self.calls: list[tuple[str, Mapping[str, str] | None]] = []

    def __call__(self, url: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        self.calls.append((url, headers))
        names = {f"{URL}health": "health", URL: "story", STORY: "followed", SOUND: "sound"}
        return self.answers["refusal" if body == UNSUITABLE else names[url]]


def findings(api: Api, **headers: str) -> dict[str, Finding]:
    smoke = Smoke(URL, headers, call=api, wait=lambda _: None)
    return {finding.name: finding for finding in smoke.findings()}


def states(api: Api, **headers: str) -> dict[str, bool | None]:
    return {name: finding.passed for name, finding in findings(api, **headers).items()}


def test_an_api_that_works_passes_and_the_cost_without_a_bucket_is_left_open() -> None:
    expected = {"health": True, "story": True, "sound": True, "cost": None, "refusal": True}
    assert states(Api()) == expected


def test_the_key_goes_to_the_api_and_not_to_the_bucket() -> None:
    api = Api()
    findings(api, **{"X-Api-Key": "secret"})
    assert {url for url, headers in api.calls if headers} == {f"{URL}health", URL, f"{URL}stories"}
    assert (SOUND, None) in api.calls


def test_nothing_is_paid_for_where_health_fails() -> None:
    api = Api(health=Answer(500, {}, b'{"detail": "Something failed."}'))
    result = findings(api)
    assert {name: each.passed for name, each in result.items()} == {"health": False}
    assert "500: Something failed." in result["health"].summary
    assert {url for url, _ in api.calls} == {f"{URL}health"}


def test_a_story_that_is_still_being_made_is_followed() -> None:
    accepted = Answer(202, {"location": "/dev/stories/x/fr"}, b'{"status": "writing"}')
    assert states(Api(story=accepted, followed=story()))["sound"] is True
    failed = Answer(200, {}, b'{"status": "failed", "detail": "No voice."}')
    result = findings(Api(story=accepted, followed=failed))
    assert (result["story"].passed, result["refusal"].passed) == (False, True)
    assert "No voice." in result["story"].summary


@pytest.mark.parametrize(("headers", "passed"), [({}, None), ({"X-Api-Key": "old"}, False)])
def test_a_closed_door_is_a_failure_only_for_who_has_a_key(
    headers: dict[str, str], passed: bool | None
) -> None:
    result = findings(Api(story=Answer(403, {}, b'{"message": "Forbidden"}')), **headers)
    assert result["story"].passed is passed
    assert "KEY=" in result["story"].todo


@pytest.mark.parametrize(
    "answer",
    [
        Answer(403, {}, b"<Error>AccessDenied</Error>"),
        Answer(200, {}, b""),
        Answer(200, {}, b"<html>not a sound</html>"),
        Answer(200, {}, FRAME * 40),
        Answer(200, {}, TEN_SECONDS[: len(TEN_SECONDS) * 3 // 4]),
    ],
    ids=["forbidden", "empty", "html", "a second long", "cut"],
)
def test_a_sound_that_does_not_play_to_its_end_fails(answer: Answer) -> None:
    assert states(Api(sound=answer))["sound"] is False


@pytest.mark.parametrize(
    "answer", [Answer(202, {}, b'{"status": "queued"}'), Answer(400, {}, b'{"type": "bad-request"}')]
)
def test_an_unsuitable_idea_has_to_be_refused_for_what_it_is(answer: Answer) -> None:
    result = findings(Api(refusal=answer))["refusal"]
    assert (result.passed, "children" in result.todo) == (False, True)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "None", "https://"])
def test_an_address_where_nothing_answers_is_an_answer(url: str) -> None:
    assert request(url).status == 0
