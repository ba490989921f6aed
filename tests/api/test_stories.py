"""The API's calls: what each returns, from the first request to the last segment."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest

from pipeline.api.gateway import Api
from pipeline.api.service import OnDemand
from pipeline.errors import EngineError, ThrottledError
from pipeline.steps import status
from pipeline.steps.status import Status
from pipeline.storage import shelf
from pipeline.types import Manifest
from tests.api.calling import IDEA, FakeApi, as_response, event, until
from tests.api.pausing import BrokenText, Gate, HeldSpeech, HeldText, HeldTranslation
from tests.making import ScriptedText

SPHYNX = "a baby sphynx lost in an Egyptian pyramid"
ID = re.compile(r"[0-9a-f]{32}")


def test_the_demo_request_gets_the_demo_response() -> None:
    api = FakeApi()
    response = api("POST", "/", f'{{"context": "{SPHYNX}", "locale": "fr"}}')
    assert response.status == 200
    assert response.json["locale"] == "fr"
    assert response.json["story"].startswith("[fr] ")
    assert re.match(r"http://127\.0\.0\.1:8000/media/stories/\S+\.mp3\?\S+$", response.json["mp3Url"])
    assert response.json["status"] == "done"
    assert response.json["title"]
    assert ID.fullmatch(response.json["id"])


def test_a_story_that_takes_longer_than_the_wait_is_a_202_and_complete_later() -> None:
    gate = Gate()
    api = FakeApi(text=HeldText(gate), wait=0.1)
    response = api.post("/")
    assert response.status == 202
    assert response.json.keys() >= {"id", "locale", "status"}
    assert response.json["status"] in {"queued", "writing"}
    assert response.headers["location"] == f"/stories/{response.json['id']}/en"
    assert int(response.headers["retry-after"]) > 0
    gate.open()
    assert api.followed(response.headers["location"])["mp3Url"]


def test_each_request_draws_another_variant() -> None:
    api = FakeApi()
    variants = {api.post().json["variant"] for _ in range(8)}
    assert len(variants) == 8
    assert all(0 <= variant < 2**53 for variant in variants)


@pytest.mark.parametrize("path", ["/", "/stories"])
def test_an_idempotency_key_means_the_same_story(path: str) -> None:
    api = FakeApi()
    ids = [api.post(path, key="tap-1").json["id"] for _ in range(3)]
    assert len(set(ids)) == 1
    assert api.post(path, key="tap-2").json["id"] != ids[0]


@pytest.mark.parametrize(
    "other",
    [{"context": "a loud snail"}, {"context": IDEA, "locale": "fr"}, {"context": IDEA, "variant": 1}],
)
def test_a_key_with_another_request_is_rejected(other: dict[str, object]) -> None:
    api = FakeApi()
    api.post(key="tap")
    response = api.post(body=other, key="tap")
    assert (response.status, response.problem) == (422, "key-reused")
    assert "new key" in response.json["detail"]


def test_another_language_is_a_translation_of_the_same_text() -> None:
    api = FakeApi()
    story = api("POST", "/", {"context": IDEA}).json
    calls = len(api.text.calls)
    accepted = api.post(f"/stories/{story['id']}/locales", {"locale": "fr"})
    assert accepted.json["id"] == story["id"]
    view = api.followed(f"/stories/{story['id']}/fr")
    assert view["story"].startswith("[fr] ")
    assert len(api.text.calls) == calls
    assert view["locales"] == ["en", "fr"]
    assert api.get(f"/stories/{story['id']}/en").json["locales"] == ["en", "fr"]


def test_a_language_that_is_complete_already_is_a_200() -> None:
    api = FakeApi()
    story = api("POST", "/", {"context": IDEA}).json
    again = api.post(f"/stories/{story['id']}/locales", {"locale": "en-GB"})
    assert (again.status, again.json["status"], again.json["locale"]) == (200, "done", "en")


def test_a_language_of_an_unknown_story_is_not_found() -> None:
    response = FakeApi().post(f"/stories/{'0' * 32}/locales", {"locale": "fr"})
    assert (response.status, response.problem) == (404, "not-found")


def broken_once(error: BaseException) -> BrokenText:
    errors = [error]
    return BrokenText(lambda: errors.pop() if errors else None)


def test_a_failed_story_says_why_and_can_start_again() -> None:
    api = FakeApi(text=broken_once(ThrottledError("429 from ml.eu-west-1/endpoint", engine="secret/1")))
    location = api.post().headers["location"]
    failed = api.followed(location, "failed")
    assert failed["problem"] == "throttled"
    assert failed["detail"] == "Many stories are being made just now: ask again in a moment."
    assert failed["retryable"] is True
    assert "endpoint" not in str(failed)
    assert api.post(f"/stories/{failed['id']}/locales", {"locale": "en"}).status == 202
    assert api.followed(location)["mp3Url"]


def test_a_failed_story_requested_again_by_its_variant_is_made() -> None:
    api = FakeApi(text=broken_once(EngineError("it broke")))
    body = {"context": IDEA, "variant": 1}
    api.followed(api.post(body=body).headers["location"], "failed")
    assert api("POST", "/", body).status == 200


@pytest.mark.parametrize(
    ("error", "code", "problem"),
    [
        (EngineError("boto3.exceptions.Boto3Error at line 3", engine="x/1"), 502, "engine"),
        (ThrottledError("slow down", engine="x/1"), 503, "throttled"),
        (KeyError("pipeline/engines/aws/x.py"), 500, "failed"),
    ],
)
def test_a_failure_during_the_wait_is_a_problem(error: BaseException, code: int, problem: str) -> None:
    response = FakeApi(text=broken_once(error)).post("/")
    assert (response.status, response.problem) == (code, problem)
    for internal in ("boto3", "x/1", "KeyError", "pipeline/", "Traceback"):
        assert internal not in response.body
    assert ("retry-after" in response.headers) == (code == 503)


def test_no_good_draft_is_a_422() -> None:
    response = FakeApi(text=ScriptedText(["nonsense"] * 3)).post("/")
    assert (response.status, response.problem) == (422, "no-good-story")
    assert "another" in response.json["detail"]


def test_each_segment_can_be_played_while_the_next_is_spoken() -> None:
    texts, speech = Gate(), Gate()
    api = FakeApi(text=HeldText(texts), speech=HeldSpeech(speech))
    location = api.post().headers["location"]
    texts.reached()
    view = api.get(location).json
    assert view["status"] == "writing"
    assert not view.keys() & {"title", "story", "segments"}
    texts.open()
    speech.reached()
    for spoken in range(3):
        view = until(
            lambda: api.get(location).json,
            lambda view, spoken=spoken: sum("audioUrl" in part for part in view["segments"]) == spoken,
        )
        assert view["status"] == "speaking"
        assert view["title"].endswith("and the Little Lantern")
        assert view["story"] == " ".join(segment["text"] for segment in view["segments"])
        for number, segment in enumerate(view["segments"]):
            assert ("audioUrl" in segment) is (number < spoken)
            assert (segment.get("durationMs", 0) > 0) is (number < spoken)
            for mark in segment.get("marks", []):
                assert segment["text"][mark["start"] : mark["end"]] == mark["value"]
        assert "mp3Url" not in view
        speech.let()
    speech.open()
    done = api.followed(location)
    assert all(segment["audioUrl"] and segment["marks"] for segment in done["segments"])
    starts = [segment["startMs"] for segment in done["segments"]]
    assert starts == sorted(starts)
    assert done["durationMs"] >= starts[-1]


def test_a_story_is_queued_translated_and_counts_its_segments() -> None:
    texts, translations, speech = Gate(), Gate(), Gate()
    api = FakeApi(
        text=HeldText(texts), translation=HeldTranslation(translations), speech=HeldSpeech(speech), workers=1
    )
    first = api.post(body={"context": IDEA, "locale": "fr"}).headers["location"]
    second = api.post().headers["location"]
    assert api.get(second).json["status"] == "queued"
    texts.open()
    translations.reached()
    view = api.get(first).json
    assert view["status"] == "translating"
    assert view["progress"]["total"] == 11  # the title, and ten sentences
    assert "title" not in view  # it is English yet
    assert api.get(first).headers["retry-after"]
    translations.open()
    speech.reached()
    while api.get(first).json["status"] != "speaking":  # the first sentences, ahead of the whole
        speech.waiting.clear()
        speech.let()
        speech.reached()
    assert api.get(first).json["progress"]["total"] == 10
    speech.open()
    assert api.followed(first)["story"].startswith("[fr]")
    assert "retry-after" not in api.get(first).headers
    api.followed(second)


def test_a_language_that_was_never_requested_is_not_found() -> None:
    api = FakeApi()
    story = api("POST", "/", {"context": IDEA}).json
    for path in (f"/stories/{story['id']}/fr", f"/stories/{'f' * 32}/en"):
        response = api.get(path)
        assert (response.status, response.problem) == (404, "not-found")


def test_an_expired_status_reads_as_failed_and_starts_again() -> None:
    api = FakeApi()
    story_id = api.post("/", {"context": IDEA, "variant": 1}).json["id"]
    status.write(api.store, story_id, "fr", Status(status.SPEAKING, time.time() - 1, 3, 10))
    view = api.get(f"/stories/{story_id}/fr").json
    assert (view["status"], view["problem"], view["retryable"]) == ("failed", "interrupted", True)
    assert api.post(f"/stories/{story_id}/locales", {"locale": "fr"}).status == 202
    api.followed(f"/stories/{story_id}/fr")


def test_a_late_failure_does_not_undo_a_complete_story() -> None:
    api = FakeApi()
    story = api("POST", "/", {"context": IDEA, "variant": 1}).json
    status.fail(api.store, story["id"], "en", EngineError("too late"))
    assert api.get(f"/stories/{story['id']}/en").json["status"] == "done"
    again = api("POST", "/", {"context": IDEA, "variant": 1})
    assert (again.status, again.json["story"]) == (200, story["story"])
    assert api.text.stories == 1


def test_a_regional_tag_is_served_by_its_language() -> None:
    api = FakeApi()
    response = api.post("/", {"context": IDEA, "locale": "fr-CH"})
    assert (response.status, response.json["locale"]) == (200, "fr")
    assert api.get(f"/stories/{response.json['id']}/fr_ch").json["locale"] == "fr"


@pytest.mark.parametrize("path", ["/", "/stories"])
def test_an_unknown_locale_lists_the_known_ones(path: str) -> None:
    api = FakeApi()
    response = api.post(path, {"context": IDEA, "locale": "tlh"})
    assert (response.status, response.problem) == (400, "unknown-locale")
    for known in api.app.chains:
        assert known in response.json["detail"]
    assert list(api.store.list("")) == []


def test_an_experimental_locale_needs_the_experimental_field() -> None:
    api = FakeApi()
    api.app.chains["ar"] = replace(api.app.chains["ar"], experimental=True)  # type: ignore[index]
    response = api.post("/", {"context": IDEA, "locale": "ar"})
    assert (response.status, response.problem) == (400, "experimental-locale")
    assert '"experimental": true' in response.json["detail"]
    arabic = api.post("/", {"context": IDEA, "locale": "ar", "experimental": True})
    assert arabic.status == 200
    assert "experimental" in arabic.json["labels"]
    assert api.get(f"/stories/{arabic.json['id']}/ar").status == 200
    english = api("POST", "/", {"context": IDEA}).json["id"]
    assert api.post(f"/stories/{english}/locales", {"locale": "ar"}).problem == "experimental-locale"
    again = api.post(f"/stories/{english}/locales", {"locale": "ar", "experimental": True})
    assert again.status == 202
    assert [row["locale"] for row in api.get("/locales").json["locales"] if row["experimental"]] == ["ar"]


def test_locales_are_listed_with_their_quality() -> None:
    locales = {row["locale"]: row for row in FakeApi().get("/locales").json["locales"]}
    assert locales.keys() == {"en", "fr", "nl", "ar", "it", "es", "de", "pt"}
    voices = locales["fr"].pop("voices")
    assert locales["fr"] == {
        "locale": "fr",
        "quality": "fake",
        "labels": ["fake"],
        "experimental": False,
        "translation": "fake/translation/1",
    }
    assert locales["en"]["translation"] is None
    own = {"name": "fake", "about": "a tone", "quality": "fake", "labels": [], "paced": True}
    assert voices == [own, {**own, "name": "low", "about": "a low tone"}]


def test_formats_to_take_along_are_listed_where_the_server_has_them() -> None:
    api = FakeApi()
    assert "exports" not in api.get("/locales").json
    api.handler = Api(OnDemand(api.app, api.runner, exports=("epub", "vtt")), api.wait)
    assert api.get("/locales").json["exports"] == ["epub", "vtt"]


def test_health_names_the_profile() -> None:
    response = FakeApi().get("/health")
    assert (response.status, response.json) == (200, {"status": "ok", "profile": "fake"})


def test_the_openapi_document_has_every_call() -> None:
    document = FakeApi().get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    calls = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert calls == {
        "POST /",
        "GET /stories",
        "POST /push",
        "POST /stories",
        "POST /stories/{story_id}/locales",
        "POST /stories/{story_id}/edits",
        "POST /stories/{story_id}/undo",
        "GET /stories/{story_id}/{locale}",
        "DELETE /stories/{story_id}",
        "PUT /stories/{story_id}/{locale}/published",
        "GET /shelf",
        "GET /pin",
        "PUT /pin",
        "GET /stories/{story_id}/{locale}/preview",
        "GET /locales",
        "GET /locales/{locale}/voices/{voice}",
        "POST /locales/{locale}/name",
        "GET /health",
        "GET /openapi.json",
        *(f"GET /stories/{{story_id}}/{name}" for name in ("cover.svg", "cover-night.svg", "cover.png")),
    }


def test_location_includes_the_stage_of_the_gateway() -> None:
    api = FakeApi()
    request = event("POST", "/stories", '{"context": "a shy snail"}', {"content-type": "application/json"})
    request["requestContext"]["path"] = "/dev/stories"
    assert as_response(api.handler(request, None)).headers["location"].startswith("/dev/stories/")


def test_the_pages_of_45_published_stories_hold_each_once() -> None:
    api = FakeApi()
    for number in range(45):
        locale = "en" if number % 3 else "fr"
        manifest = Manifest(f"{number:032x}", locale, "Title", IDEA, IDEA, 0, (), "", 1000, ("fake",), {})
        shelf.publish(api.store, manifest)
    cards, cursor = [], None
    for size in (20, 20, 5):
        page = api.get("/stories", query={"cursor": cursor} if cursor else {}).json
        assert len(page["stories"]) == size
        cards += [(card["locale"], card["id"]) for card in page["stories"]]
        cursor = page["cursor"]
    assert cursor is None
    assert len(set(cards)) == 45
    french = api.get("/stories", query={"locale": "fr-CA"}).json
    assert {card["locale"] for card in french["stories"]} == {"fr"}
    assert len(french["stories"]) == 15
    card = {name: value for name, value in french["stories"][0].items() if not name.startswith("cover")}
    assert card == {"id": "0" * 32, "locale": "fr", "title": "Title", "durationMs": 1000, "labels": ["fake"]}


@pytest.mark.parametrize("publish", [True, False])
def test_a_finished_story_is_listed_only_where_the_server_publishes(publish: bool) -> None:
    api = FakeApi(publish=publish)
    story_id = api.post("/").json["id"]
    cards = api.get("/stories").json["stories"]
    assert [card["id"] for card in cards] == ([story_id] if publish else [])


def test_lengths_and_audiences_that_may_be_asked_for_are_listed_the_defaults_first() -> None:
    body = FakeApi().get("/locales").json
    assert body["lengths"][0] == {"name": "short", "words": [80, 120], "minutes": 1}
    assert [row["name"] for row in body["lengths"]] == ["short", "good-night", "long"]
    assert body["audiences"][0] == {"name": "young", "ages": [4, 7]}
    assert [row["name"] for row in body["audiences"]] == ["young", "tiny", "older"]


def test_a_length_and_an_audience_are_ordered_and_the_defaults_are_the_story_of_before() -> None:
    api = FakeApi()
    order = {"context": IDEA, "variant": 1}
    longer = api.post("/", {**order, "length": "good-night", "audience": "older"}).json
    assert (longer["status"], longer["length"], longer["audience"]) == ("done", "good-night", "older")
    usual = api.post("/", order).json
    assert api.post("/", {**order, "length": "short", "audience": "young"}).json["id"] == usual["id"]
    assert not {"length", "audience"} & usual.keys()


@pytest.mark.parametrize(
    ("order", "problem", "names"),
    [
        ({"length": "epic"}, "unknown-length", "short, good-night, long"),
        ({"audience": "babies"}, "unknown-audience", "young, tiny, older"),
    ],
)
def test_a_length_or_audience_that_is_not_offered_is_refused_with_those_that_are(
    order: dict[str, str], problem: str, names: str
) -> None:
    response = FakeApi().post("/stories", {"context": IDEA, **order})
    assert (response.status, response.problem) == (400, problem)
    assert names in response.json["detail"]


def test_the_same_key_for_another_length_is_another_order() -> None:
    api = FakeApi()
    assert api.post("/stories", {"context": IDEA}, "tap").status in {200, 202}
    assert api.post("/stories", {"context": IDEA, "length": "short"}, "tap").status in {200, 202}
    assert api.post("/stories", {"context": IDEA, "length": "long"}, "tap").problem == "key-reused"
