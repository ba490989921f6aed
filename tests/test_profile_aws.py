"""Stories on the profile `aws`, over the wire to the local AWS: cost, requests and signed URLs.

One story is made for the module; each test reads it or makes its own with a bucket of its own.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
import soundfile
import urllib3

from infra.local_aws import LocalAws
from pipeline.api.in_process.runner import InProcess
from pipeline.api.models import StoryOrder
from pipeline.api.service import OnDemand
from pipeline.bootstrap import build_app, build_store
from pipeline.config.settings import Settings
from pipeline.engines.fake import MemoryStore
from pipeline.ports import Store
from pipeline.steps import committed, status_progress
from pipeline.steps.accept import accept
from pipeline.steps.run import run
from pipeline.storage.ledger import payments, price_table, rows
from pipeline.types import Manifest
from tests.making import Listener

IDEA = "a shy dragon who bakes bread"
ENGINE_CALLS = ("InvokeEndpointWithResponseStream", "TranslateText", "SynthesizeSpeech")


def settings() -> Settings:
    return Settings.from_env(os.environ, profile="aws")


def make(*locales: str, store: Store | None = None) -> list[Manifest]:
    """The story of `IDEA` in each locale."""
    app = build_app(settings(), store)
    story_id = accept(app, IDEA)
    return [run(app, story_id, locale, Listener()) for locale in locales]


def get(url: str, **headers: str) -> urllib3.BaseHTTPResponse:
    with urllib3.PoolManager(retries=False, timeout=30) as http:
        return http.request("GET", url, headers=headers)


@dataclass(frozen=True)
class TwoEditions:
    """A story in English and Portuguese. first, second: requests by operation, of each locale's run."""

    english: Manifest
    portuguese: Manifest
    bucket: str
    first: dict[str, int]
    second: dict[str, int]

    @property
    def store(self) -> Store:
        base = settings()
        return build_store(replace(base, aws=replace(base.aws, bucket=self.bucket)))


@pytest.fixture(scope="module")
def story(local_aws: LocalAws) -> TwoEditions:
    bucket = local_aws.make_bucket()
    operations = (*ENGINE_CALLS, "GetObject", "PutObject")
    counts = []
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**local_aws.environment, "STORIES_BUCKET": bucket}.items():
            patch.setenv(name, value)
        manifests = []
        for locale in ("en", "pt"):
            local_aws.reset()
            manifests += make(locale)
            counts.append({operation: local_aws.requests(operation) for operation in operations})
    return TwoEditions(*manifests, bucket, *counts)


def test_two_languages_cost_one_completion_one_translation_and_their_narrations(
    aws: LocalAws, story: TwoEditions
) -> None:
    spent = {row.of: row for row in rows(payments(story.store), price_table())}
    texts = [story.english.title, *(segment.text for segment in story.english.segments)]
    narrations = len(story.english.segments) + len(story.portuguese.segments)
    assert spent["falcon@1"].usage.calls == 1
    assert spent["translate"].usage.calls == 1
    assert spent["translate"].usage.characters == sum(map(len, texts))
    assert spent["translate"].dollars == pytest.approx(sum(map(len, texts)) * 15e-6)
    assert spent["speak"].usage.calls == narrations
    assert "detect" not in spent  # the idea is English: the everyday words decide that at no cost
    # The server counts the same: audio and marks of each segment, four questions of the judge.
    both = [story.first[operation] + story.second[operation] for operation in ENGINE_CALLS]
    assert both == [1 + 4, 1, 2 * narrations]


def test_first_english_story_takes_few_store_requests(story: TwoEditions) -> None:
    assert len(story.english.segments) == 10
    assert story.first["GetObject"] <= 30
    assert story.first["PutObject"] <= 25


def test_first_english_story_by_the_api_takes_few_store_requests(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a status at each change of state; those that a slow machine adds, one a second, are left out.

    A server with threads of its own writes two more than a state machine: its claim, once, and a marker.
    """
    monkeypatch.setattr(status_progress, "_EVERY", 3600.0)
    app = build_app(settings())
    service = OnDemand(app, InProcess(app))
    edition = service.accept(StoryOrder(context=IDEA, locale="en", variant=0))
    service.finish(edition, 120)
    segments = len(committed.manifest(app.store, edition.story_id, "en").segments)
    assert aws.requests("GetObject") <= 21 + segments
    assert aws.requests("PutObject") <= 17 + segments


def test_a_signed_in_callers_story_is_put_on_their_shelf_by_one_request_more(aws: LocalAws) -> None:
    app = build_app(settings())
    service = OnDemand(app, InProcess(app))
    counts = []
    for variant, owner in enumerate(("", "1a" * 16)):
        aws.reset()
        service.accept(StoryOrder(context=IDEA, variant=variant), owner=owner)
        operations = ("GetObject", "ListObjectsV2", "PutObject")
        counts.append([aws.requests(operation) for operation in operations])
    assert counts == [[0, 0, 1], [0, 0, 2]]


def test_second_run_calls_no_engine(aws: LocalAws, story: TwoEditions) -> None:
    assert make("en", "pt", store=story.store) == [story.english, story.portuguese]
    assert [aws.requests(operation) for operation in ENGINE_CALLS] == [0, 0, 0]


def test_signed_url_plays_whole_and_in_parts(aws: LocalAws, story: TwoEditions) -> None:
    url = story.store.url(story.english.mp3, filename="Gute Nacht, Bär.mp3")
    whole = get(url)
    assert (whole.status, whole.headers["content-type"]) == (200, "audio/mpeg")
    assert "attachment" in whole.headers["content-disposition"]
    samples, rate = soundfile.read(io.BytesIO(whole.data))
    assert len(samples) / rate == pytest.approx(story.english.duration_ms / 1000, abs=0.1)
    part = get(url, Range="bytes=100-199")
    assert (part.status, part.data) == (206, whole.data[100:200])


def test_tampered_url_is_refused(aws: LocalAws, story: TwoEditions) -> None:
    mp3, url = story.english.mp3, story.store.url(story.english.mp3)
    parts = urlsplit(url)
    other_path = parts.path.replace(mp3, f"stories/{story.english.story_id}/story.json")
    assert get(urlunsplit(parts._replace(path=other_path))).status == 403
    assert get(url.replace("X-Amz-Expires=900", "X-Amz-Expires=9000")).status == 403


def test_expired_url_is_refused(aws: LocalAws, story: TwoEditions, monkeypatch: pytest.MonkeyPatch) -> None:
    def an_hour_ago(*_: object, **__: object) -> datetime:
        return datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=1)

    with monkeypatch.context() as patch:
        patch.setattr("botocore.auth.get_current_datetime", an_hour_ago)
        url = story.store.url(story.english.mp3, expires_in=60)
    response = get(url)
    assert (response.status, b"Request has expired" in response.data) == (403, True)


def test_same_request_gives_the_same_story_on_fake_and_on_aws_backed_by_fakes(story: TwoEditions) -> None:
    app = build_app(Settings(profile="fake"), MemoryStore())
    fake = run(app, accept(app, IDEA), "en", Listener())
    assert [segment.text for segment in story.english.segments] == [segment.text for segment in fake.segments]
    assert story.english.title == fake.title


@pytest.mark.parametrize(
    ("locale", "voice"),
    [("fr-CA", "Gabrielle"), ("nl-BE", "Lisa"), ("pt-PT", "Ines"), ("ar", "Hala"), ("en-GB", "Amy")],
)
def test_region_has_its_own_voice(aws: LocalAws, locale: str, voice: str) -> None:
    chain = build_app(settings()).chains[locale]
    assert (chain.locale, chain.voice.id) == (locale, voice)
    assert f"{chain.speech.fingerprint} ({chain.voice.id})" == f"polly/neural/1 ({voice})"


def test_english_region_needs_no_translation(aws: LocalAws, story: TwoEditions) -> None:
    (british,) = make("en-GB", store=story.store)
    assert "translation" not in british.engines
    assert "Amy" in british.engines["speech"]
    assert aws.requests("TranslateText") == 0


def test_buffered_container_gives_the_same_story(aws: LocalAws, story: TwoEditions) -> None:
    buffered = build_app(replace(settings(), aws=replace(settings().aws, streamed=False)), MemoryStore())
    manifest = run(buffered, accept(buffered, IDEA), "en", Listener())
    assert manifest.segments == story.english.segments


def test_local_aws_is_never_imported_by_the_pipeline() -> None:
    import pipeline

    sources = Path(pipeline.__file__).parent.rglob("*.py")
    assert not [path for path in sources if "local_aws" in path.read_text("utf-8")]
