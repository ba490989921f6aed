"""What the API promises a caller: mission.md's contract, and issue 4's table of calls."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace

import pytest

from pipeline.api import idempotency
from pipeline.app import App
from pipeline.errors import EngineError, ThrottledError
from pipeline.steps import status
from pipeline.steps.status import Status
from pipeline.storage import keys, shelf
from pipeline.types import Manifest
from tests.api.calling import IDEA, Calling, answer, event, until
from tests.api.pausing import BrokenText, Gate, HeldSpeech, HeldText, HeldTranslation, SlowText
from tests.making import ScriptedText

SPHYNX = "a baby sphynx lost in an Egyptian pyramid"
ID = re.compile(r"[0-9a-f]{32}")


def test_the_demos_request_is_answered_as_the_demo_did() -> None:
    call = Calling()
    told = call("POST", "/", f'{{"context": "{SPHYNX}", "locale": "fr"}}')
    assert told.status == 200
    assert told.json["locale"] == "fr"
    assert told.json["story"].startswith("[fr] ")
    assert re.match(r"http://127\.0\.0\.1:8000/media/stories/\S+\.mp3\?\S+$", told.json["mp3Url"])
    assert told.json["status"] == "done"
    assert told.json["title"]
    assert ID.fullmatch(told.json["id"])


def test_english_is_what_is_heard_where_no_language_is_said() -> None:
    call = Calling()
    told = call("POST", "/", {"context": SPHYNX}).json
    assert told["locale"] == "en"
    assert not told["story"].startswith("[")
    assert len(call.translated.calls) == 0


def test_a_story_that_takes_longer_than_the_wait_is_accepted_and_comes_later() -> None:
    gate = Gate()
    call = Calling(text=HeldText(gate), wait=0.1)
    told = call.post("/")
    assert told.status == 202
    assert told.json.keys() >= {"id", "locale", "status"}
    assert told.json["status"] in {"queued", "writing"}
    assert told.headers["location"] == f"/stories/{told.json['id']}/en"
    assert int(told.headers["retry-after"]) > 0
    gate.open()
    assert call.followed(told.headers["location"])["mp3Url"]


def test_a_story_is_accepted_at_once_and_found_where_location_says() -> None:
    gate = Gate()
    call = Calling(text=HeldText(gate))
    told = call.post()
    assert told.status == 202
    assert told.json["locale"] == "en"
    assert int(told.headers["retry-after"]) > 0
    gate.open()
    seen = call.followed(told.headers["location"])
    assert seen["id"] == told.json["id"]
    assert seen["variant"] == told.json["variant"]


def test_an_accepted_story_is_on_record_before_its_202() -> None:
    gate = Gate()
    call = Calling(text=HeldText(gate))
    story_id = call.post().json["id"]
    assert call.store.get(keys.request(story_id))
    assert status.is_live(call.store, story_id, "en")
    gate.open()


def test_what_is_made_already_is_said_so() -> None:
    call = Calling()
    body = {"context": IDEA, "variant": 3}
    first = call.post(body=body)
    call.followed(first.headers["location"])
    again = call.post(body=body)
    assert (again.status, again.json["status"]) == (200, "done")
    assert again.headers["location"] == first.headers["location"]
    assert call.written.stories == 1


def test_asking_again_gives_another_story() -> None:
    call = Calling()
    variants = {call.post().json["variant"] for _ in range(8)}
    assert len(variants) == 8
    assert all(0 <= variant < 2**53 for variant in variants)


def test_an_explicit_variant_means_the_same_story() -> None:
    call = Calling()
    asked = [call("POST", "/", {"context": IDEA, "variant": 2**53 - 1}).json for _ in range(2)]
    assert asked[0]["id"] == asked[1]["id"]
    assert asked[0]["story"] == asked[1]["story"]
    assert call.written.stories == 1


@pytest.mark.parametrize("path", ["/", "/stories"])
def test_a_callers_key_means_the_same_story(path: str) -> None:
    call = Calling()
    asked = [call.post(path, key="tap-1").json for _ in range(3)]
    assert len({one["id"] for one in asked}) == 1
    assert call.post(path, key="tap-2").json["id"] != asked[0]["id"]


def test_an_explicit_variant_and_a_key_agree() -> None:
    call = Calling()
    assert call.post(body={"context": IDEA, "variant": 5}, key="tap").json["variant"] == 5
    assert call.post(body={"context": IDEA, "variant": 5}, key="tap").json["variant"] == 5


@pytest.mark.parametrize(
    "other",
    [{"context": "a loud snail"}, {"context": IDEA, "locale": "fr"}, {"context": IDEA, "variant": 1}],
)
def test_a_key_that_came_with_something_else_is_refused(other: dict[str, object]) -> None:
    call = Calling()
    call.post(key="tap")
    told = call.post(body=other, key="tap")
    assert (told.status, told.problem) == (422, "key-reused")
    assert "new key" in told.json["detail"]


def test_the_key_of_another_caller_is_another_story() -> None:
    call = Calling()
    mine, theirs = (call.post(key="tap", caller=caller).json["id"] for caller in ("192.0.2.1", "192.0.2.2"))
    assert mine != theirs


def test_a_key_is_free_again_after_a_day() -> None:
    call = Calling()
    body = {"context": IDEA, "locale": "en", "variant": None}
    drawn = idempotency.variant(call.store, "192.0.2.1", "tap", body, lambda: 0.0)
    kept = [
        idempotency.variant(call.store, "192.0.2.1", "tap", body, lambda now=now: now)  # type: ignore[misc]
        for now in (1.0, 24 * 3600 - 1.0)
    ]
    assert kept == [drawn, drawn]
    body["context"] = "a loud snail"
    assert idempotency.variant(call.store, "192.0.2.1", "tap", body, lambda: 24 * 3600.0) != drawn


def test_the_same_story_in_another_language_is_not_written_anew() -> None:
    call = Calling()
    told = call("POST", "/", {"context": IDEA}).json
    paid = len(call.written.calls)
    begun = call.post(f"/stories/{told['id']}/locales", {"locale": "fr"})
    assert begun.json["id"] == told["id"]
    seen = call.followed(f"/stories/{told['id']}/fr")
    assert seen["story"].startswith("[fr] ")
    assert len(call.written.calls) == paid
    assert seen["locales"] == ["en", "fr"]
    assert call.get(f"/stories/{told['id']}/en").json["locales"] == ["en", "fr"]


def test_a_language_that_is_there_already_is_said_so() -> None:
    call = Calling()
    told = call("POST", "/", {"context": IDEA}).json
    again = call.post(f"/stories/{told['id']}/locales", {"locale": "en-GB"})
    assert (again.status, again.json["status"], again.json["locale"]) == (200, "done", "en")


def test_a_language_of_a_story_that_nobody_asked_for_is_not_found() -> None:
    told = Calling().post(f"/stories/{'0' * 32}/locales", {"locale": "fr"})
    assert (told.status, told.problem) == (404, "not-found")


def broken_once(error: BaseException) -> BrokenText:
    errors = [error]
    return BrokenText(lambda: errors.pop() if errors else None)


def test_a_failed_story_says_why_and_may_start_again() -> None:
    call = Calling(text=broken_once(ThrottledError("429 from ml.eu-west-1/endpoint", engine="secret/1")))
    where = call.post().headers["location"]
    failed = call.followed(where, "failed")
    assert failed["problem"] == "throttled"
    assert failed["detail"] == "Many stories are being made just now: ask again in a moment."
    assert failed["retryable"] is True
    assert "endpoint" not in str(failed)
    assert call.post(f"/stories/{failed['id']}/locales", {"locale": "en"}).status == 202
    assert call.followed(where)["mp3Url"]


def test_a_failed_story_asked_for_again_by_its_variant_is_made() -> None:
    call = Calling(text=broken_once(EngineError("it broke")))
    body = {"context": IDEA, "variant": 1}
    call.followed(call.post(body=body).headers["location"], "failed")
    assert call("POST", "/", body).status == 200


@pytest.mark.parametrize(
    ("error", "code", "problem"),
    [
        (EngineError("boto3.exceptions.Boto3Error at line 3", engine="x/1"), 502, "engine"),
        (ThrottledError("slow down", engine="x/1"), 503, "throttled"),
        (KeyError("pipeline/engines/aws/x.py"), 500, "failed"),
    ],
)
def test_a_story_that_fails_while_its_caller_waits_is_a_problem(
    error: BaseException, code: int, problem: str
) -> None:
    told = Calling(text=broken_once(error)).post("/")
    assert (told.status, told.problem) == (code, problem)
    for internal in ("boto3", "x/1", "KeyError", "pipeline/", "Traceback"):
        assert internal not in told.body
    assert ("retry-after" in told.headers) == (code == 503)


def test_no_draft_that_is_good_enough_is_the_callers_to_mend() -> None:
    told = Calling(text=ScriptedText(["nonsense"] * 3)).post("/")
    assert (told.status, told.problem) == (422, "no-good-story")
    assert "another" in told.json["detail"]


def test_each_sentence_can_be_played_while_the_next_is_spoken() -> None:
    texts, speech = Gate(), Gate()
    call = Calling(text=HeldText(texts), speech=HeldSpeech(speech))
    where = call.post().headers["location"]
    assert texts.waiting.wait(10)
    seen = call.get(where).json
    assert seen["status"] == "writing"
    assert not seen.keys() & {"title", "story", "segments"}
    texts.open()
    assert speech.waiting.wait(10)
    for spoken in range(3):
        seen = until(
            lambda: call.get(where).json,
            lambda told, spoken=spoken: sum("audioUrl" in one for one in told["segments"]) == spoken,
        )
        assert seen["status"] == "speaking"
        assert seen["title"].endswith("and the Little Lantern")
        assert seen["story"] == " ".join(one["text"] for one in seen["segments"])
        assert ["audioUrl" in one for one in seen["segments"]] == [
            number < spoken for number in range(len(seen["segments"]))
        ]
        assert all(
            one["text"][mark["start"] : mark["end"]] == mark["value"]
            for one in seen["segments"][:spoken]
            for mark in one["marks"]
        )
        assert all(one["marks"] and one["durationMs"] > 0 for one in seen["segments"][:spoken])
        assert "mp3Url" not in seen
        speech.let()
    speech.open()
    done = call.followed(where)
    assert all(one["audioUrl"] and one["marks"] for one in done["segments"])
    starts = [one["startMs"] for one in done["segments"]]
    assert starts == sorted(starts)
    assert done["durationMs"] >= starts[-1]


def test_a_story_waits_is_translated_and_counts_its_sentences() -> None:
    texts, translations, speech = Gate(), Gate(), Gate()
    call = Calling(
        text=HeldText(texts), translation=HeldTranslation(translations), speech=HeldSpeech(speech), workers=1
    )
    first = call.post(body={"context": IDEA, "locale": "fr"}).headers["location"]
    second = call.post().headers["location"]
    assert call.get(second).json["status"] == "queued"
    texts.open()
    assert translations.waiting.wait(10)
    seen = call.get(first).json
    assert seen["status"] == "translating"
    assert seen["progress"]["total"] == 11  # the title, and ten sentences
    assert "title" not in seen  # English is not what was asked for
    assert call.get(first).headers["retry-after"]
    translations.open()
    assert speech.waiting.wait(10)
    assert call.get(first).json["progress"]["total"] == 10
    speech.open()
    assert call.followed(first)["story"].startswith("[fr]")
    assert "retry-after" not in call.get(first).headers
    call.followed(second)


def test_a_language_that_nobody_asked_for_is_not_found() -> None:
    call = Calling()
    told = call("POST", "/", {"context": IDEA}).json
    for path in (f"/stories/{told['id']}/fr", f"/stories/{'f' * 32}/en"):
        missed = call.get(path)
        assert (missed.status, missed.problem) == (404, "not-found")


def test_a_story_whose_maker_fell_silent_reads_as_failed_and_starts_again() -> None:
    call = Calling()
    asked = {"context": IDEA, "variant": 1}
    story_id = call.post(body=asked).json["id"]
    call.followed(f"/stories/{story_id}/en")
    status.write(call.store, story_id, "fr", Status(status.SPEAKING, time.time() - 1, 3, 10))
    seen = call.get(f"/stories/{story_id}/fr").json
    assert (seen["status"], seen["problem"], seen["retryable"]) == ("failed", "interrupted", True)
    assert call.post(f"/stories/{story_id}/locales", {"locale": "fr"}).status == 202
    call.followed(f"/stories/{story_id}/fr")


def test_a_late_failure_does_not_undo_a_finished_story() -> None:
    call = Calling()
    told = call("POST", "/", {"context": IDEA, "variant": 1}).json
    status.fail(call.store, told["id"], "en", EngineError("too late"))
    assert call.get(f"/stories/{told['id']}/en").json["status"] == "done"
    again = call("POST", "/", {"context": IDEA, "variant": 1})
    assert (again.status, again.json["story"]) == (200, told["story"])
    assert call.written.stories == 1


def test_a_damaged_status_reads_as_failed() -> None:
    call = Calling()
    told = call("POST", "/", {"context": IDEA}).json
    call.store.put(keys.status(told["id"], "it"), b'{"state": ')
    assert call.get(f"/stories/{told['id']}/it").json["status"] == "failed"


def test_a_regional_tag_is_served_by_its_language() -> None:
    call = Calling()
    told = call.post("/", {"context": IDEA, "locale": "fr-CH"})
    assert (told.status, told.json["locale"]) == (200, "fr")
    assert call.get(f"/stories/{told.json['id']}/fr_ch").json["locale"] == "fr"


@pytest.mark.parametrize("path", ["/", "/stories"])
def test_an_unknown_locale_names_the_known(path: str) -> None:
    call = Calling()
    told = call.post(path, {"context": IDEA, "locale": "tlh"})
    assert (told.status, told.problem) == (400, "unknown-locale")
    for known in call.app.chains:
        assert known in told.json["detail"]
    assert list(call.store.list("")) == []


def experimental(app: App) -> None:
    app.chains["ar"] = replace(app.chains["ar"], experimental=True)  # type: ignore[index]


def test_an_experimental_locale_is_to_be_asked_for_as_such() -> None:
    call = Calling()
    experimental(call.app)
    told = call.post("/", {"context": IDEA, "locale": "ar"})
    assert (told.status, told.problem) == (400, "experimental-locale")
    assert '"experimental": true' in told.json["detail"]
    made = call.post("/", {"context": IDEA, "locale": "ar", "experimental": True})
    assert made.status == 200
    assert "experimental" in made.json["labels"]
    assert call.get(f"/stories/{made.json['id']}/ar").status == 200
    english = call("POST", "/", {"context": IDEA}).json["id"]
    assert call.post(f"/stories/{english}/locales", {"locale": "ar"}).problem == "experimental-locale"
    again = call.post(f"/stories/{english}/locales", {"locale": "ar", "experimental": True})
    assert again.status == 202
    assert {one["locale"]: one["experimental"] for one in call.get("/locales").json["locales"]}["ar"]


def test_the_locales_are_told_with_their_quality() -> None:
    found = {one["locale"]: one for one in Calling().get("/locales").json["locales"]}
    assert found.keys() == {"en", "fr", "nl", "ar", "it", "es", "de", "pt"}
    assert found["fr"] == {"locale": "fr", "quality": "fake", "labels": ["fake"], "experimental": False}


def test_health_says_with_which_engines() -> None:
    told = Calling().get("/health")
    assert (told.status, told.json) == (200, {"status": "ok", "profile": "fake"})


def test_the_document_names_every_call() -> None:
    told = Calling().get("/openapi.json").json
    assert told["openapi"].startswith("3.1")
    calls = {f"{method.upper()} {path}" for path, methods in told["paths"].items() for method in methods}
    assert calls == {
        "POST /",
        "GET /stories",
        "POST /stories",
        "POST /stories/{story_id}/locales",
        "GET /stories/{story_id}/{locale}",
        "GET /locales",
        "GET /health",
        "GET /openapi.json",
    }


def test_a_stage_is_part_of_where_a_story_is() -> None:
    call = Calling()
    asked = event("POST", "/stories", '{"context": "a shy snail"}', {"content-type": "application/json"})
    asked["requestContext"]["path"] = "/dev/stories"
    assert answer(call.api(asked, None)).headers["location"].startswith("/dev/stories/")


def test_a_slow_model_is_accepted_before_it_is_done_and_answers_in_the_end() -> None:
    call = Calling(text=SlowText(seconds=4.0), wait=0.2)
    started = time.monotonic()
    told = call.post("/")
    assert time.monotonic() - started < 4
    assert told.status == 202
    assert call.followed(told.headers["location"], "writing")["progress"]["total"] > 0
    assert call.followed(told.headers["location"])["mp3Url"]


def test_equal_requests_at_once_are_one_story_and_each_is_told_where_it_is() -> None:
    call = Calling()
    together = threading.Barrier(16)
    seen = []

    def ask() -> None:
        together.wait(timeout=20)
        seen.append(call.post(key="tap"))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.status for one in seen} <= {200, 202}
    assert len({one.json["id"] for one in seen}) == 1
    call.followed(seen[0].headers["location"])
    assert call.written.stories == 1


def test_45_published_stories_are_leafed_through_each_once() -> None:
    call = Calling()
    for number in range(45):
        locale = "en" if number % 3 else "fr"
        told = Manifest(f"{number:032x}", locale, "Title", IDEA, IDEA, 0, (), "", 1000, ("fake",), {})
        shelf.publish(call.store, told)
    seen, cursor = [], None
    for size in (20, 20, 5):
        page = call.get("/stories", query={"cursor": cursor} if cursor else {}).json
        assert len(page["stories"]) == size
        seen += [(card["locale"], card["id"]) for card in page["stories"]]
        cursor = page["cursor"]
    assert cursor is None
    assert len(set(seen)) == 45
    french = call.get("/stories", query={"locale": "fr-CA"}).json
    assert {card["locale"] for card in french["stories"]} == {"fr"}
    assert len(french["stories"]) == 15
    card = french["stories"][0]
    assert card == {"id": "0" * 32, "locale": "fr", "title": "Title", "durationMs": 1000, "labels": ["fake"]}


def test_a_story_made_where_all_is_listed_is_on_the_next_page_that_is_asked_for() -> None:
    call = Calling(publish=True)
    told = call("POST", "/", {"context": IDEA}).json
    assert [card["id"] for card in call.get("/stories").json["stories"]] == [told["id"]]


def test_a_story_that_nobody_approved_is_not_listed() -> None:
    call = Calling(publish=False)
    call("POST", "/", {"context": IDEA})
    assert call.get("/stories").json == {"stories": [], "cursor": None}
