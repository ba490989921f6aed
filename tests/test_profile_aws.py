"""A story on the profile `aws`, made over the wire, as a person makes it: what it costs, where it plays."""

from __future__ import annotations

import io
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
import soundfile
import urllib3

from infra.local_aws import LocalAws
from pipeline.bootstrap import build_app, build_store
from pipeline.config.settings import Settings
from pipeline.engines.fake import MemoryStore
from pipeline.steps.accept import accept
from pipeline.steps.run import run
from pipeline.storage.ledger import payments, price_table, rows
from pipeline.types import Manifest
from tests.making import Listener

IDEA = "a shy dragon who bakes bread"


def settings() -> Settings:
    return Settings.from_env(os.environ, profile="aws")


def made(*locales: str, told: Settings | None = None) -> list[Manifest]:
    app = build_app(told or settings())
    story_id = accept(app, IDEA)
    return [run(app, story_id, locale, Listener()) for locale in locales]


def get(url: str, **headers: str) -> urllib3.BaseHTTPResponse:
    with urllib3.PoolManager(retries=False, timeout=10) as http:
        return http.request("GET", url, headers=headers)


def test_two_languages_cost_one_completion_one_translation_and_their_narrations(aws: LocalAws) -> None:
    english, portuguese = made("en", "pt")
    spent = {row.of: row for row in rows(payments(build_store(settings())), price_table())}
    story = [english.title, *(segment.text for segment in english.segments)]
    assert spent["story@1"].usage.calls == 1
    assert spent["translate"].usage.calls == 1
    assert spent["translate"].usage.characters == sum(map(len, story))
    assert spent["translate"].dollars == pytest.approx(sum(map(len, story)) * 15e-6)
    assert spent["speak"].usage.calls == len(english.segments) + len(portuguese.segments)
    assert "detect" not in spent  # the idea is English, and everyday words say so at no cost
    # The server saw the same: each segment's sound and marks, four questions to the judge, one translation.
    assert aws.requests("TranslateText") == 1
    assert aws.requests("SynthesizeSpeech") == 2 * spent["speak"].usage.calls
    assert aws.requests("InvokeEndpointWithResponseStream") == 1 + 4


def test_the_same_again_pays_for_nothing(aws: LocalAws) -> None:
    first = made("en", "pt")
    aws.reset()
    assert made("en", "pt") == first
    assert [aws.requests(one) for one in ("TranslateText", "SynthesizeSpeech")] == [0, 0]
    assert aws.requests("InvokeEndpointWithResponseStream") == 0


def test_the_signed_url_plays_whole_and_in_parts(aws: LocalAws) -> None:
    (told,) = made("en")
    url = build_store(settings()).url(told.mp3, filename="Gute Nacht, Bär.mp3")
    whole = get(url)
    assert (whole.status, whole.headers["content-type"]) == (200, "audio/mpeg")
    assert "attachment" in whole.headers["content-disposition"]
    samples, rate = soundfile.read(io.BytesIO(whole.data))
    assert len(samples) / rate == pytest.approx(told.duration_ms / 1000, abs=0.1)
    part = get(url, Range="bytes=100-199")
    assert (part.status, part.data) == (206, whole.data[100:200])


def test_a_tampered_url_and_one_that_has_expired_are_refused(aws: LocalAws) -> None:
    (told,) = made("en")
    store = build_store(settings())
    parts = urlsplit(store.url(told.mp3))
    other = urlunsplit(
        parts._replace(path=parts.path.replace(told.mp3, f"stories/{told.story_id}/story.json"))
    )
    assert get(other).status == 403
    assert get(store.url(told.mp3).replace("X-Amz-Expires=900", "X-Amz-Expires=9000")).status == 403
    brief = store.url(told.mp3, expires_in=1)
    time.sleep(2.1)
    refused = get(brief)
    assert (refused.status, b"Request has expired" in refused.data) == (403, True)


def test_the_same_request_tells_the_same_story_on_fake_and_on_aws_backed_by_fakes(aws: LocalAws) -> None:
    (ours,) = made("en")
    app = build_app(Settings(profile="fake"), MemoryStore())
    theirs = run(app, accept(app, IDEA), "en", Listener())
    assert [one.text for one in ours.segments] == [one.text for one in theirs.segments]
    assert ours.title == theirs.title


@pytest.mark.parametrize(
    ("locale", "voice"), [("fr-CA", "Gabrielle"), ("nl-BE", "Lisa"), ("pt-PT", "Ines"), ("ar", "Hala")]
)
def test_a_region_has_its_own_voice(aws: LocalAws, locale: str, voice: str) -> None:
    (told,) = made(locale)
    assert told.locale == locale
    assert told.engines["speech"] == f"polly/neural/1 ({voice})"


def test_an_english_region_needs_no_translation(aws: LocalAws) -> None:
    (told,) = made("en-GB")
    assert "translation" not in told.engines
    assert "Amy" in told.engines["speech"]
    assert aws.requests("TranslateText") == 0


def test_a_story_made_through_another_container_is_the_same(aws: LocalAws) -> None:
    (streamed,) = made("en")
    other = replace(settings(), aws=replace(settings().aws, streamed=False))
    again = build_app(other, MemoryStore())
    buffered = run(again, accept(again, IDEA), "en", Listener())
    assert buffered.segments == streamed.segments


def test_the_local_aws_is_never_imported_by_the_pipeline() -> None:
    import pipeline

    sources = Path(pipeline.__file__).parent.rglob("*.py")
    assert not [path for path in sources if "local_aws" in path.read_text("utf-8")]


def test_a_story_on_s3_is_json_a_person_can_read(aws: LocalAws) -> None:
    (told,) = made("en")
    data = build_store(settings()).get(f"stories/{told.story_id}/en/manifest.json")
    assert json.loads(data)["title"] == told.title
