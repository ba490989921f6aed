"""Private stories through the API: where a child's name is, and where it is not."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
from datetime import date
from typing import Any

import pytest

from pipeline import lambdas
from pipeline.api import push
from pipeline.api.in_process.runner import InProcess
from pipeline.api.models import NameOrder
from pipeline.api.service import OnDemand
from pipeline.app import App
from pipeline.engines.fake import FakeSpeech, FakeTranslation, MemoryStore
from pipeline.errors import BusyError, EngineError, UnavailableError
from pipeline.steps import status
from pipeline.steps.accept import accept
from pipeline.storage import keys
from pipeline.storage.private import PrivateStore, store_of
from pipeline.types import Hero, Narration, Voice
from tests.api.calling import IDEA, FakeApi, until
from tests.making import fake_app

NAME, SOUNDS = "Zsigmondka", "Zhigg-mondka"
HERO = {"name": NAME, "sounds": SOUNDS}
ORDER = {"context": IDEA, "hero": HERO}
BEFORE, AFTER = date(2026, 11, 29), date(2026, 12, 30)


class Mute(FakeSpeech):
    """Fails, and says with what."""

    def synthesize(self, text: str, voice: Voice) -> Narration:
        raise EngineError(f"there is no word to say in {text!r}", engine="mute", problem="nothing-to-say")


def outside(store: MemoryStore) -> dict[str, bytes]:
    return {key: store.get(key) for key in store.list("") if not key.startswith("private/")}


def traces() -> list[bytes]:
    """The name and its respelling, as they are and by common digests."""
    forms = [form.encode() for text in (NAME, SOUNDS) for form in (text, text.lower(), json.dumps(text))]
    digests = [
        hashlib.new(kind, form).hexdigest()[:16] for kind in ("md5", "sha1", "sha256") for form in forms
    ]
    return [*forms, b"zsigmond", b"zhigg", *(digest.encode() for digest in digests)]


def test_a_childs_name_is_in_its_folder_and_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    store = MemoryStore()
    api = FakeApi(store, publish=True, today=lambda: BEFORE)
    response = api("POST", "/", ORDER, headers={"Idempotency-Key": "tap"})
    assert response.status == 200
    story_id = response.json["id"]
    assert response.json["story"].count(NAME) >= 3
    assert (response.json["private"], response.json["expires"]) == (True, "2026-12-29")
    api.post(f"/stories/{story_id}/locales", {"locale": "fr"})
    assert NAME in api.followed(f"/stories/{story_id}/fr")["story"]
    for path in ("cover.svg", "en", "fr"):
        assert api.get(f"/stories/{story_id}/{path}").status == 200
    assert api.post("/locales/en/name", HERO).status == 200
    # What fails says with what: in the folder alone.
    mute = FakeApi(store, speech=Mute(), publish=True, today=lambda: BEFORE)
    failed = mute.post(body={**ORDER, "variant": 3}).json["id"]
    assert mute.followed(f"/stories/{failed}/en", "failed")["problem"] == "nothing-to-say"
    assert mute.post("/locales/en/name", HERO).status == 502
    api.post(body={**ORDER, "hero": {"name": f"{NAME}!"}})
    named = [key for key in store.list("private/") if NAME.encode() in store.get(key)]
    assert {f"private/{keys.folder_of(story_id)}/{keys.request(story_id)}"} <= set(named)
    kept = "\n".join(caplog.messages + [str(vars(record)) for record in caplog.records] + [caplog.text])
    everything = [kept.encode().lower(), *(key.encode().lower() for key in store.list(""))]
    everything += [data.lower() for data in outside(store).values()]
    assert [trace for trace in traces() if any(trace.lower() in each for each in everything)] == []
    # It is on no list, and another family's tablet cannot be shown it.
    assert api.get("/stories").json["stories"] == []
    assert not any("catalogs/" in key for key in store.list(""))


def test_what_a_private_story_pays_for_is_in_its_folder() -> None:
    store = MemoryStore()
    api = FakeApi(store)
    story_id = api("POST", "/", ORDER).json["id"]
    assert not list(store.list("cache/"))
    assert not list(store.list("stories/"))
    folder = PrivateStore(store, keys.folder_of(story_id))
    assert {key.split("/")[1] for key in folder.list("cache/")} == {"complete", "speak"}
    assert all(SOUNDS in text and NAME not in text for text in api.speech.calls.arguments if "igg" in text)


def test_the_name_is_the_heros_in_the_usual_prompt() -> None:
    api = FakeApi()
    api("POST", "/", ORDER)
    prompt = api.text.calls.arguments[0]
    assert prompt.name == api.app.prompt.id
    assert f": {NAME} (" in prompt.user
    assert NAME not in prompt.system


def test_a_translator_is_not_sent_the_name() -> None:
    api = FakeApi()
    story_id = api("POST", "/", {**ORDER, "locale": "fr"}).json["id"]
    view = api.get(f"/stories/{story_id}/fr").json
    assert NAME in view["title"]
    assert NAME not in str(api.translation.calls.arguments)
    assert NAME.lower() not in str(api.translation.calls.arguments).lower()


def test_marks_are_of_the_name_as_it_is_written() -> None:
    view = FakeApi()("POST", "/", ORDER).json
    (first, *_) = view["segments"]
    assert first["marks"][0] == {"timeMs": 0, "start": 0, "end": len(NAME), "value": NAME}
    for segment in view["segments"]:
        assert all(segment["text"][m["start"] : m["end"]] == m["value"] for m in segment["marks"])


def test_each_request_has_a_folder_of_its_own() -> None:
    api = FakeApi()
    ids = [api.post(body={**ORDER, "variant": 1}).json["id"] for _ in range(2)]
    assert len(set(map(keys.folder_of, ids))) == 2


def test_an_idempotency_key_means_the_same_private_story() -> None:
    store = MemoryStore()
    api = FakeApi(store)
    first, second = (api.post(body=ORDER, key="tap").json for _ in range(2))
    assert (first["id"], first["variant"]) == (second["id"], second["variant"])
    others: list[dict[str, Any]] = [
        {"context": IDEA},
        {**ORDER, "hero": {"name": NAME}},
        {**ORDER, "hero": {"name": "Mia", "sounds": SOUNDS}},
        {**ORDER, "context": "a loud snail"},
        {**ORDER, "locale": "fr"},
    ]
    for other in others:
        assert (api.post(body=other, key="tap").status, other) == (422, other)
    usual = api.post(key="usual").json["id"]
    assert len(usual) == 32
    assert api.post(body=ORDER, key="usual").problem == "key-reused"
    assert len(list(store.list("private/"))) > 0


def test_the_record_of_a_key_does_not_depend_on_the_child() -> None:
    def record(hero: dict[str, str], context: str) -> tuple[str, Any]:
        store = MemoryStore()
        FakeApi(store).post(body={"context": context, "hero": hero}, key="tap")
        (key,) = store.list("idempotency/")
        fields = json.loads(store.get(key))
        return key, [fields[name] for name in ("sent", "variant")]

    assert record(HERO, IDEA) == record({"name": "Mia"}, "Mia and the shell")


@pytest.mark.parametrize(
    ("hero", "status", "problem"),
    [
        ({"name": ""}, 400, "bad-request"),
        ({"name": "M1a"}, 400, "bad-request"),
        ({"name": "A" * 41}, 400, "bad-request"),
        ({"name": "Mia", "age": 5}, 400, "bad-request"),
        ({"sounds": "Mee-ah"}, 400, "bad-request"),
        ({"name": "Porn"}, 422, "unsafe-grown-up"),
    ],
)
@pytest.mark.parametrize("path", ["/stories", "/locales/en/name"])
def test_what_is_no_name_is_refused_and_nothing_is_kept(
    path: str, hero: dict[str, Any], status: int, problem: str
) -> None:
    store = MemoryStore()
    response = FakeApi(store).post(
        path, {"context": IDEA, "hero": hero} if path == "/stories" else hero, key="t"
    )
    assert (response.status, response.problem) == (status, problem)
    assert "ask again later" not in response.json["detail"]  # but says what is wrong
    assert list(store.list("")) == []


def test_a_name_is_said_once_by_its_respelling_and_nothing_is_kept() -> None:
    store = MemoryStore()
    api = FakeApi(store)
    spoken = api.post("/locales/en/name", HERO).json
    assert api.speech.calls.arguments == [SOUNDS]
    assert spoken["mediaType"] == "audio/wav"
    assert base64.b64decode(spoken["audio"])[:4] == b"RIFF"
    assert spoken["durationMs"] == len(SOUNDS) * 60
    api.post("/locales/en/name", {"name": NAME})
    assert api.speech.calls.arguments == [SOUNDS, NAME]
    assert list(store.list("")) == []
    assert api.post("/locales/en/name", {**HERO, "voice": "nobody"}).problem == "unknown-voice"
    assert api.post("/locales/tlh/name", HERO).problem == "unknown-locale"


def test_a_name_counts_as_a_story_of_the_day() -> None:
    app = fake_app(MemoryStore())
    stories = OnDemand(app, InProcess(app), per_day=1)
    stories.name("en", NameOrder(name=NAME))
    with pytest.raises(BusyError):
        stories.name("en", NameOrder(name=NAME))


def test_an_expired_story_is_not_there() -> None:
    api = FakeApi(MemoryStore(), today=lambda: BEFORE)
    story_id = api("POST", "/", ORDER).json["id"]
    api = FakeApi(api.store, today=lambda: AFTER)
    for path in (f"/stories/{story_id}/en", f"/stories/{story_id}/cover.svg"):
        assert api.get(path).status == 404
    assert api.post(f"/stories/{story_id}/locales", {"locale": "fr"}).status == 404
    assert push.current(api.app, push.Edition(story_id, "en")) is None


def unfinished(store: MemoryStore, **changed: Any) -> str:
    """As a server leaves it that ends at once."""
    story_id = accept(fake_app(store, **changed), IDEA, hero=Hero(NAME))
    status.accept(store_of(store, story_id), story_id, "en")
    return story_id


def test_an_unfinished_private_story_is_taken_up_unless_it_has_expired() -> None:
    store = MemoryStore()
    unfinished(store, today=lambda: date(2026, 1, 1))
    story_id = unfinished(store, today=lambda: BEFORE)
    api = FakeApi(store, publish=True, today=lambda: BEFORE)
    assert api.runner.resume() == 1
    until(lambda: api.get(f"/stories/{story_id}/en").json, lambda view: view["status"] == "done")
    api.runner.stop(10)


def test_what_a_function_raises_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    app = fake_app(store)
    story_id = accept(app, IDEA, hero=Hero(NAME))
    monkeypatch.setattr(lambdas, "_app", lambda _: app)

    def step(inner: App, *_: object) -> None:
        assert inner.private
        raise UnavailableError(f"{NAME} cannot be said", engine="polly", problem="too-slow")

    with pytest.raises(UnavailableError) as caught:
        lambdas._run({"id": story_id, "locale": "en"}, step)
    assert NAME not in str(caught.value)
    assert caught.value.problem == "too-slow"
    assert caught.value.__suppress_context__


def test_the_name_in_a_translation_is_checked() -> None:
    class Forgetful(FakeTranslation):
        def translate(self, texts: Any, *more: Any, **named: Any) -> Any:
            return super().translate([re.sub(r"Nora|Mina", "Elle", text) for text in texts], *more, **named)

    response = FakeApi(translation=Forgetful())("POST", "/", {**ORDER, "locale": "fr", "variant": 1})
    assert (response.status, response.problem) == (422, "bad-translation")
