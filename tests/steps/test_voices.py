"""Editions by another voice or at another pace, beside that of the locale's own voice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.engines.fake import FakeSpeech, FakeTranslation, MemoryStore
from pipeline.errors import RequestError
from pipeline.steps import committed
from pipeline.steps.accept import accept, chain
from pipeline.steps.run import run
from pipeline.storage import editions, keys, narrations
from pipeline.storage.records import dump
from pipeline.types import Narration, Voice
from tests.counting import CountingSpeech, CountingTranslation
from tests.making import Listener, fake_app

IDEA = "a shy snail"


def test_another_voice_is_an_edition_of_its_own_from_the_same_text() -> None:
    app = fake_app(MemoryStore())
    story_id = accept(app, IDEA)
    own = run(app, story_id, "fr", Listener())
    texts = {key for key in app.store.list("stories/") if key.endswith(("text.json", "story.json"))}
    low = run(app, story_id, "fr-x-low", Listener())
    assert (low.locale, low.voice, low.pace) == ("fr", "low", 1.0)
    assert low.mp3.startswith(f"stories/{story_id}/fr-x-low/")
    assert [segment.text for segment in low.segments] == [segment.text for segment in own.segments]
    assert not {segment.audio for segment in low.segments} & {segment.audio for segment in own.segments}
    assert "(low)" in low.engines["speech"]
    assert {key for key in app.store.list("stories/") if key.endswith(("text.json", "story.json"))} == texts
    assert committed.manifest(app.store, story_id, "fr") == own
    assert committed.manifest(app.store, story_id, "fr-x-low") == low


def test_a_slower_edition_lasts_longer_and_its_words_are_marked_later() -> None:
    app = fake_app(MemoryStore())
    story_id = accept(app, IDEA)
    own, slow = (run(app, story_id, edition, Listener()) for edition in ("en", "en-x-fake-p80"))
    assert (slow.voice, slow.pace) == ("fake", 0.8)
    assert slow.duration_ms == pytest.approx(own.duration_ms / 0.8, rel=0.02)
    usual, later = own.segments[0].marks[-1].time_ms, slow.segments[0].marks[-1].time_ms
    assert later == pytest.approx(usual / 0.8, abs=1)
    assert slow.engines["speech"] == "fake/speech/1 (fake, pace 0.8)"


def test_nothing_is_paid_twice() -> None:
    translation, speech = CountingTranslation(FakeTranslation()), CountingSpeech(FakeSpeech())
    app = fake_app(MemoryStore(), translation=translation, speech=speech)
    story_id = accept(app, IDEA)
    segments = len(run(app, story_id, "fr", Listener()).segments)
    run(app, story_id, "fr-x-low", Listener())
    assert (len(translation.calls), len(speech.calls)) == (1, 2 * segments)
    for edition in ("fr", "fr-x-low"):
        run(app, story_id, edition, Listener())
    assert (len(translation.calls), len(speech.calls)) == (1, 2 * segments)


def test_a_manifest_of_the_locales_own_voice_is_written_as_before_there_were_others() -> None:
    app = fake_app(MemoryStore())
    story_id = accept(app, IDEA)
    manifest = run(app, story_id, "en", Listener())
    assert b'"voice"' not in dump(manifest)
    assert b'"pace"' not in dump(manifest)
    assert app.store.get(keys.manifest(story_id, "en")) == dump(manifest)


def test_a_narration_at_the_usual_pace_keeps_its_key() -> None:
    """The digest of what was sent before a voice had a pace."""
    store = MemoryStore()
    voice = Voice("fake", "en", "fake-speech")
    sent = {"text": "Hi.", "voice": {"id": "fake", "locale": "en", "engine": "fake-speech"}}
    kept: Narration = narrations.Narrations(store).keep(FakeSpeech(), "Hi.", voice)
    assert kept.key == keys.call("speak", "fake/speech/1", sent, "wav")
    slow = narrations.Narrations(store).keep(FakeSpeech(), "Hi.", replace(voice, pace=0.9))
    assert slow.key != kept.key


@pytest.mark.parametrize(
    ("voice", "pace", "edition"),
    [
        ("", 1.0, "fr"),
        ("fake", 1.0, "fr"),
        ("FAKE", 1.0, "fr"),
        ("low", 1.0, "fr-x-low"),
        ("Low", 1.3, "fr-x-low-p130"),
        ("", 0.7, "fr-x-fake-p70"),
        ("", 0.999, "fr"),
    ],
)
def test_a_voice_and_a_pace_name_an_edition(voice: str, pace: float, edition: str) -> None:
    app = fake_app(MemoryStore())
    chosen = chain(app, "fr-BE", voice=voice, pace=pace)
    assert chosen.edition == edition
    assert app.chain(edition).voice == chosen.voice


def test_a_voice_that_the_locale_lacks_is_rejected_with_those_it_has() -> None:
    with pytest.raises(RequestError, match="fr has no voice 'nobody': there are fake, low") as caught:
        chain(fake_app(MemoryStore()), "fr", voice="nobody")
    assert caught.value.problem == "unknown-voice"


@pytest.mark.parametrize("pace", [0.69, 1.31, 0.0, -1.0, float("nan"), float("inf")])
def test_a_pace_beyond_the_bounds_is_rejected_in_words(pace: float) -> None:
    with pytest.raises(RequestError, match=r"0\.7 \(slow\) to 1\.3 \(fast\)") as caught:
        chain(fake_app(MemoryStore()), "fr", pace=pace)
    assert caught.value.problem == "bad-pace"


def test_a_voice_that_has_one_pace_only_says_so() -> None:
    app = fake_app(MemoryStore())
    french = app.chains["fr"]
    steady = replace(french, voices=tuple(replace(choice, paced=False) for choice in french.voices))
    app = replace(app, chains={**app.chains, "fr": steady})
    with pytest.raises(RequestError, match="leave the pace out") as caught:
        chain(app, "fr", pace=0.9)
    assert caught.value.problem == "bad-pace"


def test_labels_of_a_voice_are_added_to_the_locales() -> None:
    app = fake_app(MemoryStore())
    english = app.chains["en"]
    robot = replace(english.voices[1], labels=("fake", "robotic voice"))
    app = replace(app, chains={"en": replace(english, voices=(english.voices[0], robot))})
    assert run(app, accept(app, IDEA), "en-x-low", Listener()).labels == ("fake", "robotic voice")


def test_a_manifest_names_its_edition() -> None:
    app = fake_app(MemoryStore())
    story_id = accept(app, IDEA)
    for edition in ("en", "en-x-low", "en-x-fake-p90"):
        assert editions.of(run(app, story_id, edition, Listener())) == edition
