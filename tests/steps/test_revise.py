"""An edited story: what of it is paid for, what stays, and that it comes whole out of a crash."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest

from pipeline.app import App
from pipeline.engines.fake import FakeSpeech, FakeText, FakeTranslation, MemoryStore
from pipeline.errors import ContentRejectedError, NotFoundError, RequestError
from pipeline.ports import OnText, ignore
from pipeline.steps.accept import accept
from pipeline.steps.revise import revise, undo
from pipeline.steps.run import run
from pipeline.storage import keys
from pipeline.storage.locks import Locks
from pipeline.storage.records import AcceptedRequest, Private, dump, load_request
from pipeline.types import Change, Manifest, Revision, StoryRequest, Usage
from tests.counting import CountingSpeech, CountingText, CountingTranslation
from tests.making import Listener, fake_app

NEW = "She sat in the warm sand."
Kind = TypeVar("Kind", bound=MemoryStore)


class Counted:
    """A story in English and French; calls: (writer, translator, voice) that were made since."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()
        self.text = CountingText(FakeText())
        self.translation = CountingTranslation(FakeTranslation())
        self.speech = CountingSpeech(FakeSpeech())
        self.app = fake_app(self.store, self.text, self.translation, self.speech)
        self.id = accept(self.app, "a shy snail")
        self.english, self.french = (self.make(self.id, locale) for locale in ("en", "fr"))
        self.forget()

    def make(self, story_id: str, locale: str) -> Manifest:
        return run(self.app, story_id, locale, Listener())

    def edit(self, *changes: tuple[int, str], of: str = "", locale: str = "en", title: str = "") -> str:
        edited = tuple(Change(*change) for change in changes)
        return revise(self.app, Revision(of or self.id, locale, edited, title)).story_id

    def forget(self) -> None:
        for engine in (self.text, self.translation, self.speech):
            engine.calls.arguments.clear()

    @property
    def calls(self) -> tuple[int, int, int]:
        return len(self.text.calls), len(self.translation.calls), len(self.speech.calls)


@pytest.fixture(scope="module")
def stored() -> dict[str, bytes]:
    """What such a story leaves in a store."""
    store = Counted().store
    return {key: store.get(key) for key in store.list("")}


@pytest.fixture
def story(stored: dict[str, bytes]) -> Counted:
    return Counted(filled(stored, MemoryStore()))


def filled(objects: dict[str, bytes], store: Kind) -> Kind:
    for key, data in objects.items():
        store.put(key, data)
    return store


def texts(manifest: Manifest) -> list[str]:
    return [segment.text for segment in manifest.segments]


def test_one_changed_sentence_costs_one_narration_and_no_model(story: Counted) -> None:
    edited = story.make(story.edit((2, NEW)), "en")
    assert story.calls == (0, 0, 1)
    assert story.speech.calls.arguments == [NEW]
    assert texts(edited) == [*texts(story.english)[:2], NEW, *texts(story.english)[3:]]
    unchanged = [0, 1, *range(3, 10)]
    assert all(edited.segments[at].audio == story.english.segments[at].audio for at in unchanged)
    assert (edited.revises, edited.context) == (story.id, story.english.context)
    assert edited.labels == (*story.english.labels, "edited by a person")


def test_another_language_has_the_changed_sentence_translated_and_spoken_alone(story: Counted) -> None:
    edited = story.make(story.edit((2, NEW)), "fr")
    assert story.translation.calls.arguments == [(NEW, "en", "fr")]
    assert story.calls == (0, 1, 1)
    assert texts(edited) == [*texts(story.french)[:2], f"[fr] {NEW}", *texts(story.french)[3:]]
    assert edited.usage["translate"] == Usage(1, characters=len(NEW))
    assert "edited by a person" in edited.labels


def test_a_language_that_was_never_asked_for_is_translated_whole(story: Counted) -> None:
    edited = story.make(story.edit((2, NEW)), "it")
    assert len(story.translation.calls.arguments[0]) == 11 + 2
    assert texts(edited)[2] == f"[it] {NEW}"


def test_a_sentence_that_is_taken_out_costs_nothing(story: Counted) -> None:
    story_id = story.edit((1, ""))
    for locale, before in (("en", story.english), ("fr", story.french)):
        assert texts(story.make(story_id, locale)) == [texts(before)[0], *texts(before)[2:]]
    assert story.calls == (0, 0, 0)


def test_a_change_of_a_translation_touches_that_language_alone(story: Counted) -> None:
    story_id = story.edit((2, "[fr] Elle était au chaud."), locale="fr", title="[fr] La lanterne")
    french = story.make(story_id, "fr")
    assert (french.title, texts(french)[2]) == ("[fr] La lanterne", "[fr] Elle était au chaud.")
    english = story.make(story_id, "en")
    assert texts(english) == texts(story.english)
    assert story.calls == (0, 0, 1)
    assert "edited by a person" in french.labels
    assert "edited by a person" not in english.labels


def test_an_edit_of_an_edited_story_keeps_what_a_person_wrote_before_it(story: Counted) -> None:
    by_hand = "[fr] Elle était au chaud."
    first = story.edit((2, by_hand), locale="fr")
    second = story.edit((4, NEW), of=first)
    third = story.edit((0, "Snails are shy."), of=second)
    story.make(third, "en")
    story.forget()
    french = story.make(third, "fr")
    assert texts(french)[2] == by_hand
    assert story.translation.calls.arguments == [("Snails are shy.", NEW, "en", "fr")]
    assert french.revises == second
    assert {"edited", "translation: edited"} <= {check.name for check in french.checks}


def test_a_hand_written_sentence_that_a_check_doubts_does_not_refuse_a_later_edit(story: Counted) -> None:
    first = story.edit((2, "[fr] Ils étaient 77."), locale="fr")  # another number
    french = story.make(story.edit((4, NEW), of=first), "fr")
    assert texts(french)[2:5:2] == ["[fr] Ils étaient 77.", f"[fr] {NEW}"]
    doubts = {check.name for check in french.checks if not check.passed}
    assert doubts == {"translation: each sentence"}


@dataclass
class Turns(FakeTranslation):
    """Translates with what comes before in view."""

    in_turns = True
    sent: list[tuple[str, ...]] = field(default_factory=list)

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        self.sent.append(tuple(texts))
        return super().translate(texts, source, target, on_text)


def test_an_engine_that_works_in_turns_sees_what_comes_before_the_changed_sentence(story: Counted) -> None:
    turns = Turns()
    french = replace(story.app.chains["fr"], translation=turns)
    app = replace(story.app, chains={**story.app.chains, "fr": french})
    edited = run(app, story.edit((2, NEW)), "fr", Listener())
    assert turns.sent == [(story.english.title, *texts(story.english)[:2], NEW)]
    assert texts(edited)[1] == texts(story.french)[1]


def test_a_translation_of_the_changed_sentence_that_is_none_is_refused(story: Counted) -> None:
    class English(FakeTranslation):
        def translate(
            self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
        ) -> tuple[str, ...]:
            return tuple(texts)

    app = fake_app(story.store, translation=English())
    with pytest.raises(ContentRejectedError) as refused:
        run(app, story.edit((2, NEW)), "fr", Listener())
    assert refused.value.problem == "bad-translation"


def test_a_refused_edit_leaves_nothing(story: Counted) -> None:
    before = list(story.store.list(""))
    with pytest.raises(ContentRejectedError):
        story.edit((2, "She was dead."))
    with pytest.raises(NotFoundError):
        story.edit((2, NEW), locale="it")
    assert list(story.store.list("")) == before


def test_rules_that_an_edit_breaks_are_reported(story: Counted) -> None:
    checks = story.make(story.edit(*((at, f"{NEW} {NEW} {NEW}") for at in range(5))), "en").checks
    failed = {check.name for check in checks if not check.passed}
    assert {"words", "no loops"} <= failed
    assert not any(check.name.startswith("judge") for check in checks)


@pytest.mark.parametrize("locale", ["en", "fr"])
def test_the_request_alone_is_enough_to_go_on_after_a_crash(
    story: Counted, stored: dict[str, bytes], locale: str
) -> None:
    edits = {"en": (2, NEW), "fr": (2, "[fr] Elle était au chaud.")}
    whole = story.edit(edits[locale], locale=locale)
    expected = {key: story.store.get(key) for key in story.store.list(f"stories/{whole}/")}
    assert set(expected) == {keys.request(whole), keys.text(whole, "en"), keys.text(whole, locale)}

    crashed = Counted(filled(stored, MemoryStore()))
    crashed.store.put(keys.request(whole), expected[keys.request(whole)])
    crashed.make(whole, locale)
    assert {key: crashed.store.get(key) for key in expected} == expected
    assert crashed.edit(edits[locale], locale=locale) == whole


class Mortal(MemoryStore):
    """Ends its process at the write with this number."""

    left = -1

    def put(self, key: str, data: bytes) -> None:
        self._write()
        super().put(key, data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        self._write()
        return super().put_if_absent(key, data)

    def _write(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_an_edit_that_was_stopped_at_any_write_is_finished_by_the_same_call(
    story: Counted, stored: dict[str, bytes]
) -> None:
    def edit(app: App) -> str:
        revision = Revision(story.id, "fr", (Change(2, "[fr] Elle était au chaud."),))
        story_id = revise(app, revision).story_id
        run(app, story_id, "fr", Listener())
        return story_id

    prefix = f"stories/{edit(story.app)}/"
    expected = {key: story.store.get(key) for key in story.store.list(prefix)}
    stops, is_over = 0, False
    while not is_over:
        stops += 1
        store = filled(stored, Mortal())
        app = fake_app(store)
        store.left = stops
        try:
            edit(app)
            is_over = True
        except KeyboardInterrupt:  # and whatever it held has expired
            edit(replace(app, locks=Locks(store, clock=lambda: time.time() + 3600)))
        assert {key: store.get(key) for key in store.list(prefix)} == expected
    assert stops > len(expected)


def test_another_writer_may_finish_an_edited_story(story: Counted) -> None:
    story_id = story.edit((2, NEW))
    story.text.version = "/another"
    assert texts(story.make(story_id, "en"))[2] == NEW


def test_a_story_that_nobody_edited_has_the_records_of_before(story: Counted) -> None:
    for key in story.store.list(f"stories/{story.id}/"):
        if key.endswith(".json"):
            assert b"revis" not in story.store.get(key)


def test_the_id_follows_from_the_story_before_and_the_changes(story: Counted) -> None:
    assert story.edit((2, NEW)) == story.edit((2, f" {NEW} "))
    ids = {story.edit((2, NEW)), story.edit((3, NEW)), story.edit((2, NEW), title="T"), story.id}
    assert len(ids) == 4


def test_an_edited_private_story_stays_in_its_folder() -> None:
    own = Private("0123456789abcdef", "a salt", "2026-12-29")
    first = AcceptedRequest(StoryRequest("a shy snail"), "story@1", "fake", private=own)
    revision = Revision(first.story_id, "en", (Change(0, NEW),))
    edited = replace(first, revision=revision).story_id
    assert edited[:17] == first.story_id[:17]
    assert edited != first.story_id
    assert len(edited) == 33
    # Whoever knows the id cannot try texts until one gives it.
    assert replace(first, private=replace(own, salt="another"), revision=revision).story_id != edited


def test_an_edits_request_reads_back_as_it_was_written(story: Counted) -> None:
    key = keys.request(story.edit((2, NEW), title="T"))
    request = load_request(story.store.get(key), key)
    assert request.revision == Revision(story.id, "en", (Change(2, NEW),), "T")
    assert dump(request) == story.store.get(key)


def test_undo_deletes_the_edited_story_and_the_first_counts(
    story: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted: list[str] = []

    def delete(_: App, story_id: str) -> None:
        deleted.append(story_id)

    monkeypatch.setattr("pipeline.steps.revise.delete", delete)
    first = story.edit((2, NEW))
    second = story.edit((3, NEW), of=first)
    assert undo(story.app, second) == first
    assert deleted == [second]
    with pytest.raises(RequestError):
        undo(story.app, story.id)
    assert deleted == [second]
