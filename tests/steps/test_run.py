from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipeline.app import App
from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import FakeEncoder, FakeSpeech, FakeText, FakeTranslation, MemoryStore
from pipeline.errors import ConfigError, ContentRejectedError, EngineError, NotFoundError, RequestError
from pipeline.ports import OnText, Store, ignore
from pipeline.steps.accept import accept, chain
from pipeline.steps.committed import is_complete
from pipeline.steps.generate import generate
from pipeline.steps.run import run
from pipeline.steps.store import store as store_step
from pipeline.steps.translate import translate as translate_step
from pipeline.storage import sound_file
from pipeline.storage.cache import CachedSpeech
from pipeline.storage.ledger import payments, rows
from pipeline.storage.locks import Locks
from pipeline.storage.memo import unseal
from pipeline.storage.records import load_manifest, load_text
from pipeline.types import Completion, Manifest, Narration, Prompt, Recording, Usage, Voice
from tests.counting import CountingSpeech, CountingText, CountingTranslation
from tests.making import HOSTILE, Listener, ScriptedText, fake_app

IDEA = "a shy snail"


def make(app: App, *locales: str, idea: str = IDEA, variant: int = 0) -> list[Manifest]:
    story_id = accept(app, idea, variant)
    return [run(app, story_id, locale, Listener()) for locale in locales]


def published(store: Store) -> list[str]:
    """All keys of stories but the requests."""
    return [key for key in store.list("stories/") if not key.endswith("request.json")]


# The manifest.


def test_manifest_names_files_that_exist_and_match_their_digests() -> None:
    store = MemoryStore()
    (manifest,) = make(fake_app(store), "fr")
    assert load_manifest(store.get(f"stories/{manifest.story_id}/fr/manifest.json"), "k") == manifest
    assert (manifest.context, manifest.idea, manifest.variant, manifest.locale) == (IDEA, IDEA, 0, "fr")
    assert hashlib.sha256(store.get(manifest.mp3)).hexdigest()[:16] in manifest.mp3
    for segment in manifest.segments:
        sound, note = sound_file.unpack(store.get(segment.audio))
        assert hashlib.sha256(sound).hexdigest() == unseal(note)["answer"]["sha256"]
    assert manifest.labels == ("fake",)
    assert manifest.engines == {
        "text": "fake/text/1",
        "translation": "fake/translation/1",
        "speech": "fake/speech/1 (fake)",
        "encoder": "fake/encoder/1",
    }
    assert all(check.passed for check in manifest.checks)
    assert {"words", "judge: about", "translation: in the language"} <= {
        check.name for check in manifest.checks
    }


def test_equal_stories_are_equal_bytes() -> None:
    stores = MemoryStore(), MemoryStore()
    for store in stores:
        make(fake_app(store), "en", "fr")
    for key in stores[0].list("stories/"):
        assert stores[0].get(key) == stores[1].get(key)
    assert list(stores[0].list("stories/")) == list(stores[1].list("stories/"))


def test_segments_follow_each_other_in_the_mp3() -> None:
    (manifest,) = make(fake_app(MemoryStore()), "en")
    assert len(manifest.segments) == 10
    at = 0
    for segment in manifest.segments:
        assert segment.start_ms == at
        at += segment.duration_ms
        assert all(segment.text[mark.start : mark.end] == mark.value for mark in segment.marks)
        assert all(mark.time_ms < segment.duration_ms for mark in segment.marks)
    assert at <= manifest.duration_ms < at + 24  # one frame


def test_manifest_text_is_the_committed_text() -> None:
    store = MemoryStore()
    english, french = make(fake_app(store), "en", "fr")
    story = load_text(store.get(f"stories/{english.story_id}/story.json"), "k").story
    assert tuple(segment.text for segment in english.segments) == story.segments
    assert tuple(segment.text for segment in french.segments) == tuple(
        f"[fr] {segment}" for segment in story.segments
    )
    assert (english.title, french.title) == (story.title, f"[fr] {story.title}")


def test_english_manifest_names_no_translation() -> None:
    english, french = make(fake_app(MemoryStore()), "en", "fr")
    assert set(english.engines) == {"text", "speech", "encoder"}
    assert set(french.engines) == {"text", "translation", "speech", "encoder"}
    names = [check.name for check in english.checks]
    assert len(names) == len(set(names))
    assert len(french.checks) > len(english.checks)


def test_usage_in_the_manifest_adds_up() -> None:
    english, french = make(fake_app(MemoryStore()), "en", "fr")
    assert set(english.usage) == {"generate", "speak"}
    assert set(french.usage) == {"generate", "translate", "speak"}
    assert english.usage["generate"].calls == 1 + 4  # one draft, four questions of the judge
    assert english.usage["speak"].calls == 10
    assert english.usage["speak"].characters == sum(len(segment.text) for segment in english.segments)
    spoken = sum(segment.duration_ms for segment in english.segments) / 1000
    assert english.usage["speak"].audio_seconds == pytest.approx(spoken)


# Calls that are paid for.


def test_three_locales_cost_one_story_and_each_segment_one_narration() -> None:
    text, translation = CountingText(FakeText()), CountingTranslation(FakeTranslation())
    speech = CountingSpeech(FakeSpeech())
    manifests = make(fake_app(MemoryStore(), text, translation, speech), "en", "fr", "it")
    assert text.stories == 1
    assert len(translation.calls) == 2
    assert speech.calls.arguments == [segment.text for manifest in manifests for segment in manifest.segments]


def test_a_second_run_calls_no_engine_and_writes_nothing() -> None:
    store = MemoryStore()
    first = make(fake_app(store), "en", "fr")
    before = list(store.list(""))
    text, translation, speech = (
        CountingText(FakeText()),
        CountingTranslation(FakeTranslation()),
        CountingSpeech(FakeSpeech()),
    )
    assert make(fake_app(store, text, translation, speech), "en", "fr") == first
    assert (len(text.calls), len(translation.calls), len(speech.calls)) == (0, 0, 0)
    assert list(store.list("")) == before


def test_the_ledger_of_two_locales_shows_one_completion_of_the_story() -> None:
    store = MemoryStore()
    english, french = make(fake_app(store), "en", "fr")
    sums = {row.of: row.usage for row in rows(payments(store), {"prices": []})}
    assert sums["story@1"].calls == 1
    assert sums["translate"].calls == 1
    assert sums["speak"].calls == 20
    wanted = english.usage["speak"] + french.usage["speak"]
    assert replace(sums["speak"], seconds=0.0) == wanted
    judged = sum((usage for of, usage in sums.items() if of.startswith("judge")), Usage())
    generated = replace(sums["story@1"] + judged, seconds=0.0)
    assert generated == english.usage["generate"] == french.usage["generate"]


class NewPrompt:
    """The same prompt under another name."""

    @staticmethod
    def of(app: App) -> App:
        spec = {**app.prompt.spec, "name": "newer"}
        return replace(app, prompt=replace(app.prompt, spec=spec))


def test_later_locale_uses_the_committed_text_despite_a_new_prompt_and_model() -> None:
    store = MemoryStore()
    (english,) = make(fake_app(store), "en")
    text = CountingText(FakeText(), version="/newer")
    later = NewPrompt.of(fake_app(store, text))
    french = run(later, english.story_id, "fr", Listener())
    assert len(text.calls) == 0
    assert french.story_id == english.story_id
    assert french.engines["text"] == "fake/text/1"
    assert [segment.text for segment in french.segments] == [
        f"[fr] {segment.text}" for segment in english.segments
    ]


def test_a_changed_prompt_model_or_variant_is_a_new_story_under_a_new_id() -> None:
    store = MemoryStore()
    app = fake_app(store)
    newer = fake_app(store, CountingText(FakeText(), version="/newer"))
    ids = {
        accept(app, IDEA),
        accept(NewPrompt.of(app), IDEA),
        accept(newer, IDEA),
        accept(app, IDEA, 1),
        accept(app, "a sly snail"),
    }
    assert len(ids) == 5
    text = CountingText(FakeText(), version="/newer")
    make(app, "en")
    make(fake_app(store, text), "en")
    assert text.stories == 1


def test_request_accepted_for_another_writer_is_refused() -> None:
    store = MemoryStore()
    story_id = accept(fake_app(store), IDEA)
    other = fake_app(store, CountingText(FakeText(), version="/newer"))
    with pytest.raises(RequestError, match="was asked of fake/text/1: use the same") as caught:
        run(other, story_id, "en", Listener())
    assert caught.value.problem == "another-writer"
    assert published(store) == []
    run(fake_app(store), story_id, "en", Listener())


def test_request_is_written_with_the_prompt_that_it_was_accepted_with() -> None:
    store = MemoryStore()
    story_id = accept(fake_app(store), IDEA)
    run(NewPrompt.of(fake_app(store)), story_id, "en", Listener())
    prompts = {
        payment.of
        for payment in payments(store)
        if payment.verb == "complete" and not payment.of.startswith("judge")
    }
    assert prompts == {fake_app(store).prompt.id}


def test_unknown_prompt_of_a_request_lists_the_known() -> None:
    store = MemoryStore()
    story_id = accept(NewPrompt.of(fake_app(store)), IDEA)
    with pytest.raises(ConfigError, match=r"unknown story prompt 'newer@1': there are .*story@1") as caught:
        run(fake_app(store), story_id, "en", Listener())
    assert caught.value.problem == "unknown-prompt"
    assert published(store) == []


# The request.


def test_idea_typed_with_other_blanks_and_accents_is_the_same_story() -> None:
    app = fake_app(MemoryStore())
    typed = ["été d'un escargot", " e\u0301te\u0301  d'un\nescargot ", "été d'un\u00a0escargot"]
    assert len({accept(app, idea) for idea in typed}) == 1


def test_accepted_request_is_stored_first() -> None:
    store = MemoryStore()
    story_id = accept(fake_app(store), IDEA, 7)
    assert list(store.list("")) == [f"stories/{story_id}/request.json"]
    request = json.loads(store.get(f"stories/{story_id}/request.json"))["request"]
    assert (request["context"], request["variant"]) == (IDEA, 7)


@pytest.mark.parametrize("variant", [-1, 2**53, 10**20])
def test_variant_beyond_javascript_integers_is_refused(variant: int) -> None:
    store = MemoryStore()
    with pytest.raises(RequestError) as caught:
        accept(fake_app(store), IDEA, variant)
    assert caught.value.problem == "bad-variant"
    assert list(store.list("")) == []


def test_refused_idea_stores_nothing() -> None:
    store = MemoryStore()
    with pytest.raises(ContentRejectedError):
        accept(fake_app(store), "a bloody massacre")
    assert list(store.list("")) == []


def test_an_id_that_was_never_accepted_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        run(fake_app(MemoryStore()), "0" * 32, "en", Listener())


def test_an_idea_in_another_language_is_translated_and_both_are_kept() -> None:
    translation = CountingTranslation(FakeTranslation())
    app = fake_app(MemoryStore(), translation=translation)
    english, french = make(app, "en", "fr", idea="[fr] l'ours qui danse")
    assert (english.context, english.idea) == ("[fr] l'ours qui danse", "[en] [fr] l'ours qui danse")
    assert french.idea == english.idea
    assert translation.calls.arguments[0] == ("[fr] l'ours qui danse", "fr", "en")
    assert len(translation.calls) == 2  # the idea once, the story once


class OtherEncoder(FakeEncoder):
    """The encoder after an update: other bytes for the same sound."""

    def join(self, narrations: Sequence[Narration]) -> Recording:
        recording = super().join(narrations)
        return replace(recording, audio=recording.audio + b"\0")


class PreparedEncoder(FakeEncoder):
    def __init__(self) -> None:
        self.prepared = threading.Event()

    def prepare(self) -> None:
        self.prepared.set()


def test_encoder_loads_while_the_story_is_written() -> None:
    encoder = PreparedEncoder()

    class Waiting(FakeText):
        def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
            assert encoder.prepared.wait(60)
            return super().complete(prompt, on_text)

    (manifest,) = make(fake_app(MemoryStore(), text=Waiting(), encoder=encoder), "en")
    assert manifest.mp3


def test_complete_story_loads_no_encoder() -> None:
    store, encoder = MemoryStore(), PreparedEncoder()
    make(fake_app(store), "en")
    make(fake_app(store, encoder=encoder), "en")
    assert not encoder.prepared.is_set()


@pytest.mark.parametrize("encoder", [FakeEncoder(), OtherEncoder()])
def test_deleted_mp3_is_made_again_from_the_cache(tmp_path: Path, encoder: FakeEncoder) -> None:
    store, text = FileStore(tmp_path), CountingText(FakeText())
    app = fake_app(store, text=text)
    (first,) = make(app, "en")
    store.path(first.mp3).unlink()
    assert not is_complete(app.store, first.story_id, "en")
    again = run(replace(app, encoder=encoder), first.story_id, "en", Listener())
    assert store.get(again.mp3)
    assert is_complete(app.store, first.story_id, "en")
    assert replace(again, mp3=first.mp3, files=first.files) == first
    calls = len(text.calls)
    run(app, first.story_id, "en", Listener())
    assert len(text.calls) == calls


def test_idea_that_is_unsafe_in_english_is_refused() -> None:
    store = MemoryStore()
    text = CountingText(FakeText())
    altered = Altered(lambda *_: ["a bloody massacre"])
    with pytest.raises(ContentRejectedError) as caught:
        make(fake_app(store, text, altered), "en", idea="[fr] quelque chose")
    assert caught.value.problem == "unsafe-violence"
    assert published(store) == []
    assert len(text.calls) == 0


def test_idea_that_is_unsafe_in_its_own_language_is_refused_untranslated() -> None:
    translation = CountingTranslation(FakeTranslation())
    with pytest.raises(ContentRejectedError) as caught:
        make(fake_app(MemoryStore(), translation=translation), "en", idea="[fr] un homme tue sa femme")
    assert caught.value.problem == "unsafe-violence"
    assert len(translation.calls) == 0


def test_region_is_served_by_its_language_and_unknown_locale_lists_the_known() -> None:
    app = fake_app(MemoryStore())
    assert chain(app, "fr-CA").locale == "fr"
    with pytest.raises(RequestError, match="en, fr, it, es, de, pt, nl, ar") as caught:
        chain(app, "sv")
    assert caught.value.problem == "unknown-locale"


def test_experimental_locale_must_be_allowed_and_is_labelled() -> None:
    app = fake_app(MemoryStore())
    app = replace(app, chains={**app.chains, "ar": replace(app.chains["ar"], experimental=True)})
    with pytest.raises(RequestError, match="experimental") as caught:
        chain(app, "ar")
    assert caught.value.problem == "experimental-locale"
    assert chain(app, "ar", experimental=True).locale == "ar"
    (manifest,) = make(app, "ar")
    assert manifest.labels == ("fake", "experimental")


class OtherTranslation(FakeTranslation):
    fingerprint = "firefox/en-fr-0/1"


def test_a_translation_that_is_committed_stays_and_keeps_its_label_when_a_translator_comes() -> None:
    store = MemoryStore()
    before, after = fake_app(store), fake_app(store, translation=OtherTranslation())
    labels = {"fake": ("draft translation",), "firefox": ()}
    french = replace(after.chains["fr"], labels=(), labels_by_translator=labels)
    after = replace(after, chains={**after.chains, "fr": french})
    drafted, fresh = accept(before, IDEA), accept(before, IDEA, 1)
    text = translate_step(before, drafted, "fr", Listener())
    first, second = (run(after, story_id, "fr", Listener()) for story_id in (drafted, fresh))
    assert tuple(segment.text for segment in first.segments) == text.story.segments
    assert (first.engines["translation"], first.labels) == ("fake/translation/1", ("draft translation",))
    assert (second.engines["translation"], second.labels) == ("firefox/en-fr-0/1", ())


# Drafts that do not pass.


def test_one_bad_draft_then_a_good_one_is_attempt_1() -> None:
    store, text, progress = MemoryStore(), ScriptedText(["cut"]), Listener()
    app = fake_app(store, text)
    committed = generate(app, accept(app, IDEA), progress)
    assert committed.attempt == 1
    assert text.stories == 2
    assert committed.usage.calls == 2 + 4  # both drafts are paid for, the good one's questions too
    seeds = [prompt.seed for prompt in text.prompts if not prompt.choices]
    assert len(set(seeds)) == 2
    assert len(progress.notes) == 1
    assert progress.notes[0].startswith("draft 1 refused: ")
    assert all(check.passed for check in committed.checks)


def test_a_draft_that_the_rules_refuse_is_not_judged() -> None:
    text = ScriptedText(["nonsense"])
    app = fake_app(MemoryStore(), text)
    generate(app, accept(app, IDEA), Listener())
    assert [prompt.name.split("@")[0] for prompt in text.prompts][:3] == ["story", "story", "judge-about"]


@pytest.mark.parametrize("bad", ["cut", "nonsense", "empty", "dark"])
def test_three_bad_drafts_publish_nothing_and_say_why(bad: str) -> None:
    store, text = MemoryStore(), ScriptedText([bad] * 3)
    app = fake_app(store, text)
    with pytest.raises(ContentRejectedError, match="no draft of 3 passed") as caught:
        make(app, "en")
    assert caught.value.problem == "no-good-story"
    assert "\n" not in str(caught.value)
    assert "--new" in str(caught.value)
    assert published(store) == []
    assert text.stories == 3


def test_refused_story_asked_for_again_costs_nothing() -> None:
    store, text = MemoryStore(), ScriptedText(["cut"] * 3)
    app = fake_app(store, text)
    for _ in range(2):
        with pytest.raises(ContentRejectedError):
            make(app, "en")
    assert text.stories == 3


def test_judge_refuses_a_draft_that_passes_the_rules() -> None:
    store, text, progress = MemoryStore(), ScriptedText(odds={"ends well": 0.2}), Listener()
    app = fake_app(store, text)
    with pytest.raises(ContentRejectedError, match=r"judge: ends well 0\.2") as caught:
        generate(app, accept(app, IDEA), progress)
    assert caught.value.problem == "no-good-story"
    assert published(store) == []
    assert len(progress.notes) == 3


def test_lenient_profile_reports_failed_checks_and_accepts() -> None:
    text = ScriptedText(["dark"], {"gentle": 0.1})
    (manifest,) = make(fake_app(MemoryStore(), text, strict=False), "en")
    refused = {check.name for check in manifest.checks if not check.passed}
    assert refused == {"gentle words", "judge: gentle"}
    assert text.stories == 1


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_signs_and_addresses_in_a_draft_reach_no_file_of_any_profile(hostile: str, strict: bool) -> None:
    store, text, progress = MemoryStore(), ScriptedText([f"with {hostile}"]), Listener()
    app = fake_app(store, text, strict=strict)
    story = run(app, accept(app, IDEA), "en", progress)
    assert text.stories == 2
    records = (json.loads(store.get(key)) for key in store.list("stories/") if key.endswith(".json"))
    kept = json.dumps(list(records), ensure_ascii=False)
    assert HOSTILE[hostile] not in kept
    assert "\ufffd" not in kept
    assert all(HOSTILE[hostile] not in note for note in progress.notes)
    assert "danced for joy" in " ".join(segment.text for segment in story.segments)


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_signs_and_addresses_in_a_translation_are_refused_in_any_profile(hostile: str, strict: bool) -> None:
    store = MemoryStore()
    bad = Altered(lambda _, translations: [f"{text} {HOSTILE[hostile]}" for text in translations])
    app = fake_app(store, translation=bad, strict=strict)
    make(app, "en")
    before = published(store)
    with pytest.raises(ContentRejectedError) as caught:
        make(app, "fr")
    assert HOSTILE[hostile] not in str(caught.value)
    assert published(store) == before


def test_lenient_profile_refuses_an_empty_story() -> None:
    store = MemoryStore()
    with pytest.raises(EngineError):
        make(fake_app(store, ScriptedText(["empty"] * 3), strict=False), "en")
    assert published(store) == []


# Translations that do not pass, engines that fail.


@dataclass
class Altered(FakeTranslation):
    """change: from the source texts and the fake's translations to what is returned."""

    change: Callable[[Sequence[str], tuple[str, ...]], Sequence[str]]

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        return tuple(self.change(texts, super().translate(texts, source, target)))


BAD_TRANSLATIONS = {
    "untranslated": Altered(lambda texts, _: texts),
    "one short": Altered(lambda _, translations: translations[:-1]),
    "empty": Altered(lambda *_: ()),
    "cruel": Altered(lambda _, translations: [f"{text} Il y a du sang." for text in translations]),
}


@pytest.mark.parametrize("translation", BAD_TRANSLATIONS.values(), ids=BAD_TRANSLATIONS)
def test_refused_translation_is_not_committed_and_the_english_story_stays(
    translation: FakeTranslation,
) -> None:
    store = MemoryStore()
    app = fake_app(store, translation=translation)
    (english,) = make(app, "en")
    before = published(store)
    with pytest.raises(EngineError) as caught:
        make(app, "fr")
    assert caught.value.problem == "bad-translation"
    assert "\n" not in str(caught.value)
    assert published(store) == before
    assert make(app, "en") == [english]


def test_translation_of_another_count_is_not_cached() -> None:
    store = MemoryStore()
    with pytest.raises(EngineError, match="10 texts for 11"):
        make(fake_app(store, translation=BAD_TRANSLATIONS["one short"]), "fr")
    (french,) = make(fake_app(store), "fr")
    assert len(french.segments) == 10


def test_resume_speaks_only_missing_segments() -> None:
    store, speech = MemoryStore(), CountingSpeech(FakeSpeech())
    app = fake_app(store, speech=speech)

    class Flaky(CountingSpeech):
        def synthesize(self, text, voice):  # type: ignore[no-untyped-def]
            if len(self.calls) == 6:
                raise EngineError("the voice broke")
            return super().synthesize(text, voice)

    flaky = Flaky(FakeSpeech())
    with pytest.raises(EngineError, match="the voice broke"):
        make(fake_app(store, speech=flaky), "en")
    assert not [key for key in store.list("stories/") if "manifest" in key or key.endswith(".mp3")]
    (manifest,) = make(app, "en")
    texts = [segment.text for segment in manifest.segments]
    assert flaky.calls.arguments == texts[:6]
    assert speech.calls.arguments == texts[6:]


@pytest.mark.parametrize("engine", ["text", "translation", "speech"])
def test_engine_failure_repeats_only_the_failed_call(engine: str) -> None:
    counting = {
        "text": CountingText(FakeText()),
        "translation": CountingTranslation(FakeTranslation()),
        "speech": CountingSpeech(FakeSpeech()),
    }
    whole = {name: len(counter.calls) for name, counter in counting.items()}
    store = MemoryStore()
    counting[engine].calls.fail = EngineError("once")
    app = fake_app(store, **counting)
    with pytest.raises(EngineError, match="once"):
        make(app, "fr")
    make(app, "fr")
    expected = {"text": 5, "translation": 1, "speech": 10}
    expected[engine] += 1
    assert {name: len(counter.calls) - whole[name] for name, counter in counting.items()} == expected


# Two makers: the claim of the first expires while it works.


def expired(app: App) -> App:
    """Its clock stands at 1970, so that its own claims have expired."""
    return replace(app, locks=Locks(app.store, clock=lambda: 0.0))


class Overtaken(FakeText):
    """While it writes its first draft, which differs, `meanwhile` happens: another maker is done."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self._meanwhile = [meanwhile]

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        if self._meanwhile:
            self._meanwhile.pop()()
        completion = super().complete(prompt, on_text)
        return replace(completion, text=completion.text.replace("Lantern", "Lamp"))


def test_first_committed_text_stays() -> None:
    store = MemoryStore()
    app = fake_app(store)
    story_id = accept(app, IDEA)
    first: list[bytes] = []

    def other_maker() -> None:
        generate(replace(app, text=FakeText()), story_id, Listener())
        first.append(store.get(f"stories/{story_id}/story.json"))

    manifest = run(expired(replace(app, text=Overtaken(other_maker))), story_id, "en", Listener())
    assert "Lantern" in manifest.title
    assert store.get(f"stories/{story_id}/story.json") == first[0]


def test_the_first_translation_stays() -> None:
    store = MemoryStore()
    app = fake_app(store)
    story_id = accept(app, IDEA)
    kept: list[bytes] = []

    class Late(FakeTranslation):
        def translate(
            self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
        ) -> tuple[str, ...]:
            if not kept:
                translate_step(app, story_id, "fr", Listener())
                kept.append(store.get(f"stories/{story_id}/fr/text.json"))
            return tuple(f"{text} Oui." for text in super().translate(texts, source, target))

    late = expired(replace(app, chains={**app.chains, "fr": replace(app.chains["fr"], translation=Late())}))
    committed = translate_step(late, story_id, "fr", Listener())
    assert not committed.story.title.endswith("Oui.")
    assert store.get(f"stories/{story_id}/fr/text.json") == kept[0]


def test_the_first_manifest_stays() -> None:
    class OtherEncoder(FakeEncoder):
        fingerprint = "other/encoder/1"

    store = MemoryStore()
    app = fake_app(store)
    (first,) = make(app, "en")
    before = store.get(f"stories/{first.story_id}/en/manifest.json")
    late = replace(app, encoder=OtherEncoder())
    assert store_step(late, first.story_id, "en", Listener()) == first
    assert store.get(f"stories/{first.story_id}/en/manifest.json") == before


def test_disk_holds_only_the_named_folders(tmp_path: Path) -> None:
    make(fake_app(FileStore(tmp_path)), "en", "fr")
    folders = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*") if path.is_file()}
    assert folders == {"stories", "cache", "claims"}
    assert not [path for path in tmp_path.rglob("*") if ".tmp-" in path.name]


def test_lenient_profile_does_not_translate_another_writers_story() -> None:
    store = MemoryStore()
    story_id = accept(fake_app(store), IDEA)
    generate(fake_app(store), story_id, Listener())
    quick = fake_app(store, text=ScriptedText(), strict=False)
    with pytest.raises(RequestError) as refused:
        translate_step(quick, story_id, "fr", Listener())
    assert refused.value.problem == "another-writer"
    assert not list(store.list(f"stories/{story_id}/fr"))


def test_parallel_voice_gets_parallel_calls_and_order_is_kept() -> None:
    together, met = threading.Barrier(3, timeout=30), threading.Event()

    class Crowd(FakeSpeech):
        """The first three calls return only once all three have been made."""

        parallel = 3

        def synthesize(self, text: str, voice: Voice) -> Narration:
            if not met.is_set():
                together.wait()
                met.set()
            return super().synthesize(text, voice)

    app = fake_app(MemoryStore())
    speech = CachedSpeech(Crowd(), app.store)
    crowd = replace(app, chains={**app.chains, "en": replace(app.chains["en"], speech=speech)})
    (manifest,) = make(crowd, "en")
    (alone,) = make(fake_app(MemoryStore()), "en")
    assert manifest == alone
    assert len(manifest.segments) >= 3


def test_audience_is_part_of_the_id_and_of_the_prompt() -> None:
    writer = CountingText(FakeText())
    app = fake_app(MemoryStore(), text=writer)
    usual, babies = accept(app, "a shy snail"), accept(app, "a shy snail", audience="babies")
    assert usual != babies
    generate(app, babies, Listener())
    assert "babies" in writer.calls.arguments[0].system


def test_audience_is_checked_like_an_idea() -> None:
    app = fake_app(MemoryStore())
    with pytest.raises(RequestError):
        accept(app, "a shy snail", audience="<b>babies</b>")
    assert list(app.store.list("")) == []
