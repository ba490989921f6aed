"""The checks of the smoke test: one finding after another, as each is known."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from mutagen import MutagenError
from mutagen.mp3 import MP3

from infra.smoke.cost import cost, paid
from infra.smoke.http import Answer, Call, request
from pipeline.ports import Store
from pipeline.types import Finding

# The demo's own request: every engine takes part in it.
STORY = {"context": "a baby sphynx lost in an Egyptian pyramid", "locale": "fr"}
UNSUITABLE = {"context": "a killer with a gun", "locale": "en"}
# Express ends an execution after 5 minutes.
_STORY_S, _POLL_S = 330, 2
# A deployment is served a few seconds after it is complete.
_HEALTH_TRIES, _HEALTH_WAIT_S = 6, 5
_LEAST_SOUND_S, _SOUND_TOLERANCE_S = 5, 1
_IN_PROGRESS = {"queued", "writing", "translating", "speaking"}
_LOGS = "docs/operations.md, Watch, says which log and which alarm"


@dataclass(frozen=True)
class Smoke:
    """url: of the API, with its stage. headers: the key or the token. store: the bucket with the ledger, or
    None. call: request(). wait: sleeps so many seconds."""

    url: str
    headers: Mapping[str, str]
    store: Store | None = None
    call: Call = request
    wait: Callable[[float], None] = time.sleep

    def findings(self) -> Iterator[Finding]:
        """Each as soon as it is known. Where the API is not well, nothing else is tried."""
        health = self._health()
        yield health
        if not health.passed:
            return
        before = paid(self.store)
        story, view = self._story()
        yield story
        if view:
            yield self._sound(view)
            yield cost(self.store, before)
        if story.passed is not None:
            yield self._refusal()

    def _health(self) -> Finding:
        answer = self._ask("health")
        for _ in range(_HEALTH_TRIES - 1):
            if answer.status == 200:
                break
            self.wait(_HEALTH_WAIT_S)
            answer = self._ask("health")
        if answer.status == 200 and answer.json.get("status") == "ok":
            return Finding(
                "health", True, f"{self.url} answers, with the profile {answer.json.get('profile')}"
            )
        todo = f"is that the API's URL (make smoke URL=…)? Else look at the trigger's log: {_LOGS}"
        return Finding("health", False, f"{self.url}: {answer}", todo)

    def _story(self) -> tuple[Finding, dict[str, Any]]:
        """The finding, and the story's view; {} where it is not complete."""
        began = time.monotonic()
        answer = self._ask("", STORY)
        if answer.status in {401, 403}:
            todo = "make smoke STAGE=… KEY=… (an API key), or TOKEN=… (the id token of a user)"
            passed = False if self.headers else None
            return Finding(
                "story", passed, f"not made: the API wants a key or a sign-in ({answer})", todo
            ), {}
        location = urljoin(self.url, answer.headers.get("location", ""))
        while answer.status == 202 or answer.json.get("status") in _IN_PROGRESS:
            if time.monotonic() - began > _STORY_S:
                todo = f"look at the workflow's executions in the console of Step Functions; {_LOGS}"
                return Finding("story", False, f"not complete after {_STORY_S} s: {location}", todo), {}
            self.wait(_POLL_S)
            answer = self.call(location, None, self.headers)
        view = answer.json
        if answer.status == 200 and view.get("status") == "done":
            length, seconds = len(view.get("segments", ())), time.monotonic() - began
            summary = (
                f"{view.get('title')!r}, {length} sentences in {view.get('locale')}, after {seconds:.0f} s"
            )
            return Finding("story", True, summary), view
        todo = f"stories doctor --profile aws says what is missing, as an endpoint. Else {_LOGS}"
        return Finding("story", False, f"not made: {answer}", todo), {}

    def _sound(self, view: Mapping[str, Any]) -> Finding:
        """The mp3 as a browser gets it: by its signed URL, without the API's key."""
        answer = self.call(str(view.get("mp3Url")))
        if answer.status != 200:
            todo = "the trigger's role signs that URL: does it have s3:GetObject on stories/* of the bucket?"
            return Finding("sound", False, f"its signed URL answers {answer.status}", todo)
        try:
            length = float(MP3(io.BytesIO(answer.body)).info.length)
        except MutagenError:
            length = 0.0
        announced = view.get("durationMs", 0) / 1000
        if length >= _LEAST_SOUND_S and abs(length - announced) <= _SOUND_TOLERANCE_S:
            return Finding("sound", True, f"an mp3 of {length:.1f} s, by its signed URL")
        todo = "stories verify --profile aws finds and mends what is damaged in the bucket"
        summary = (
            f"{len(answer.body)} bytes that play for {length:.1f} s, where {announced:.1f} s are announced"
        )
        return Finding("sound", False, summary, todo)

    def _refusal(self) -> Finding:
        answer = self._ask("stories", UNSUITABLE)
        if 400 <= answer.status < 500 and ":unsafe-" in answer.json.get("type", ""):
            return Finding("refusal", True, f"an unsuitable idea is refused: {answer.json.get('detail')}")
        todo = "do not open this API to children: is pipeline/data in the package (make package lists it)?"
        return Finding("refusal", False, f"an unsuitable idea is not refused ({answer})", todo)

    def _ask(self, path: str, body: Any = None) -> Answer:
        return self.call(urljoin(self.url, path), body, self.headers)
