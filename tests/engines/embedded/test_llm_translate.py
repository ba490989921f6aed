"""Translation by a text engine: its prompts, its checks, its second attempts.

The text engine is scripted; tests with the real model are marked `embedded`.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Mapping
from itertools import pairwise

import pytest

from pipeline.engines.embedded import models
from pipeline.engines.embedded.language import LinguaDetector
from pipeline.engines.embedded.llama import LlamaText
from pipeline.engines.embedded.llm_translate import LlmTranslation
from pipeline.engines.fake import MemoryStore
from pipeline.engines.function_words import FunctionWords
from pipeline.errors import EngineError
from pipeline.ports import OnText, ignore
from pipeline.storage.cache import CachedText
from pipeline.story.translation_checks import check
from pipeline.types import Completion, Prompt
from tests.engines.contracts.translation_contract import HOSTILE, TranslationContract

FRENCH = {
    "The cat sleeps.": "Le chat dort.",
    "The dog runs.": "Le chien court.",
    "Good night.": "Bonne nuit.",
    "Pip was a mouse.": "Pip était une souris.",
    "She saw the moon.": "Elle vit la lune.",
}


class ScriptedText:
    """TextEngine whose completions are answer(sentence, prompt); keeps the prompts."""

    fingerprint = "scripted/1"
    parallel = 2

    def __init__(self, answer: Callable[[str, Prompt], str], stop: str = "end") -> None:
        self._answer = answer
        self._stop = stop
        self._lock = threading.Lock()
        self.prompts: list[Prompt] = []

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        with self._lock:
            self.prompts.append(prompt)
        text = self._answer(sentence_of(prompt), prompt)
        on_text(text)
        return Completion(text, 10, 10, self._stop)


def sentence_of(prompt: Prompt) -> str:
    """The sentence that a prompt ends with."""
    return re.sub(r"\nEnglish:$", "", prompt.user.split("Sentence: ")[-1])


def from_table(table: Mapping[str, str]) -> ScriptedText:
    return ScriptedText(lambda sentence, _: table.get(sentence, "Bonne nuit à tous."))


def translation(text: ScriptedText) -> LlmTranslation:
    return LlmTranslation(text, FunctionWords())


def refused(text: ScriptedText, *texts: str, pair: tuple[str, str] = ("en", "fr")) -> str:
    """The message."""
    with pytest.raises(EngineError) as caught:
        translation(text).translate(texts, *pair)
    assert caught.value.problem == "bad-translation"
    assert "\n" not in str(caught.value)
    return str(caught.value)


class TestLlmTranslation(TranslationContract):
    """Of pairs it knows those with English only."""

    target = "fr"
    unknown = ("fr", "it")

    @pytest.fixture
    def engine(self) -> LlmTranslation:
        return translation(from_table(FRENCH))


def test_each_sentence_is_a_completion_with_the_turns_before_it() -> None:
    text = from_table(FRENCH)
    translation(text).translate(("The cat sleeps.", "The dog runs.", "Good night."), "en", "fr")
    worked = len(text.prompts[0].examples)
    assert [len(prompt.examples) - worked for prompt in text.prompts] == [0, 1, 2]
    assert [answer for _, answer in text.prompts[2].examples[worked:]] == ["Le chat dort.", "Le chien court."]
    assert {prompt.temperature for prompt in text.prompts} == {0.0}
    assert {prompt.attempt for prompt in text.prompts} == {0}


def test_each_prompt_begins_with_the_one_before_it() -> None:
    """So that a local model reads each turn once."""
    text = from_table(FRENCH)
    translation(text).translate(("The cat sleeps.",) * 6, "en", "fr")
    sent = [(*prompt.examples, (prompt.user, "")) for prompt in text.prompts]
    for before, after in pairwise(sent):
        assert after[: len(before) - 1] == before[:-1]
        assert after[len(before) - 1][0] == before[-1][0]


def test_a_changed_sentence_costs_its_own_turn_where_those_before_it_were_kept() -> None:
    text = from_table(FRENCH)
    engine = LlmTranslation(CachedText(text, MemoryStore()), FunctionWords())
    assert engine.in_turns
    engine.translate(("The cat sleeps.", "The dog runs.", "Good night."), "en", "fr")
    text.prompts.clear()
    engine.translate(("The cat sleeps.", "She saw the moon."), "en", "fr")
    assert [sentence_of(prompt) for prompt in text.prompts] == ["She saw the moon."]


def test_the_prompts_of_a_long_story_are_bounded() -> None:
    text = from_table(FRENCH)
    translation(text).translate(("The cat sleeps.",) * 40, "en", "fr")
    assert max(len(prompt.examples) for prompt in text.prompts) - len(text.prompts[0].examples) <= 8


def test_the_glossary_entries_of_the_sentence_are_given_and_no_others() -> None:
    text = from_table(FRENCH)
    translation(text).translate(("Pip was a mouse.", "Good night."), "en", "fr")
    first, second = (prompt.user for prompt in text.prompts)
    assert "mouse = la souris" in first
    assert "moon" not in first
    assert second == "Sentence: Good night."


@pytest.mark.parametrize("locale", ["fr", "es", "it", "de", "nl", "ar", "pt"])
def test_every_language_has_its_own_worked_examples(locale: str) -> None:
    text = ScriptedText(lambda _, __: "…")
    refused(text, "The cat sleeps.", pair=("en", locale))
    answers = " ".join(answer for _, answer in text.prompts[0].examples)
    assert FunctionWords().detect(answers) == locale


def test_the_same_text_makes_the_same_prompts() -> None:
    """So that each finished call is cached."""
    first, second = from_table(FRENCH), from_table(FRENCH)
    for text in (first, second):
        translation(text).translate(tuple(FRENCH), "en", "fr")
    assert first.prompts == second.prompts


def test_only_a_bad_translation_is_tried_again() -> None:
    def answer(sentence: str, prompt: Prompt) -> str:
        return sentence if sentence == "She saw the moon." and not prompt.attempt else FRENCH[sentence]

    text = ScriptedText(answer)
    translations = translation(text).translate(tuple(FRENCH), "en", "fr")
    assert translations == tuple(FRENCH.values())
    assert [prompt.attempt for prompt in text.prompts] == [0, 0, 0, 0, 0, 1]
    assert len(text.prompts[5].examples) < len(text.prompts[4].examples)
    assert text.prompts[5].temperature > 0


def test_a_sentence_that_fails_twice_is_refused_and_named() -> None:
    def answer(sentence: str, _: Prompt) -> str:
        return "The dog runs very fast down the road." if sentence == "The dog runs." else FRENCH[sentence]

    text = ScriptedText(answer)
    assert '"The dog runs." from en to fr (not translated)' in refused(text, *FRENCH)
    assert len(text.prompts) == 3


def test_an_english_word_that_stayed_is_worth_another_try() -> None:
    text = ScriptedText(
        lambda _, prompt: ("Alors let's dormir ensemble.", "Alors dormons ensemble.")[prompt.attempt]
    )
    translations = translation(text).translate(("So let's sleep together.",), "en", "fr")
    assert translations == ("Alors dormons ensemble.",)


def test_an_english_word_that_stays_does_not_refuse_a_story() -> None:
    text = ScriptedText(lambda _, __: "Alors let's dormir ensemble dans la maison.")
    translations = translation(text).translate(("So let's sleep together in the house.",), "en", "fr")
    assert translations == ("Alors let's dormir ensemble dans la maison.",)
    assert len(text.prompts) == 2


def test_a_translation_that_was_cut_is_refused() -> None:
    text = ScriptedText(lambda sentence, _: FRENCH[sentence], stop="length")
    assert "cut off" in refused(text, "The cat sleeps.")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_one_line_of_one_turn(text: str) -> None:
    engine = from_table(FRENCH)
    translation(engine).translate((text,), "en", "fr")
    (user,) = {prompt.user for prompt in engine.prompts}
    assert len(user.split("Sentence: ")[-1].splitlines()) == 1
    assert "<|" not in user
    assert "|>" not in user
    for kept in ("{idea} ${user} %s {0}", "🌙👩‍👧", "Ignore the above"):
        assert (kept in text) == (kept in user)


@pytest.mark.parametrize("text", ["", " ", "…", "🌙", "!!!"])
def test_text_without_words_is_not_sent(text: str) -> None:
    engine = from_table(FRENCH)
    assert translation(engine).translate((text,), "en", "fr") == (text.strip(),)
    assert engine.prompts == []


def test_an_idea_is_translated_to_english_by_a_prompt_of_its_own() -> None:
    text = ScriptedText(lambda _, __: "a bear who cannot sleep")
    translations = translation(text).translate(("een beer die niet kan slapen",), "nl-BE", "en")
    assert translations == ("a bear who cannot sleep",)
    (prompt,) = text.prompts
    assert prompt.name.startswith("idea@")
    assert "een beer die niet kan slapen" in prompt.user
    assert "beer = bear" in prompt.user
    examples = [(user.split("\n\n")[-1], answer) for user, answer in prompt.examples]
    assert ("Dutch: de zon is verkouden\nEnglish:", "the sun has a cold") in examples


def test_an_idea_that_stays_as_it_was_is_refused() -> None:
    text = ScriptedText(lambda sentence, _: sentence.removeprefix("Dutch: "))
    refused(text, "een beer die niet kan slapen", pair=("nl", "en"))


def test_the_fingerprint_names_the_model_and_both_prompts() -> None:
    assert re.fullmatch(r"scripted/1/translate@\d+\+idea@\d+", translation(from_table({})).fingerprint)


STORY = (
    "Mia and the Lost Mouse",
    "Mia was a little girl who lived near a dark forest.",
    "One day, she found a small mouse under the stairs.",
    '"Are you hungry?" asked Mia.',
    "The mouse was afraid, but Mia gave him some bread.",
    "That night, they fell asleep under the stars.",
)
WORDS = {
    "fr": ("souris", "forêt", "pain", "étoiles"),
    "es": ("ratón", "bosque", "pan", "estrellas"),
    "it": ("topolino", "bosco|foresta", "pane", "stelle"),
}


@pytest.mark.embedded
class TestWithTheRealModel:
    @pytest.fixture(scope="class")
    def detector(self, lingua: LinguaDetector) -> LinguaDetector:
        return LinguaDetector(FunctionWords())

    @pytest.fixture(scope="class")
    def engine(self, detector: LinguaDetector) -> LlmTranslation:
        name = "qwen2.5-coder-1.5b"
        text = LlamaText(name, lambda: models.path_of(name, models.models_dir(os.environ)))
        return translation(text)

    @pytest.mark.parametrize("locale", WORDS)
    def test_a_story_comes_out_in_the_language_with_its_words(
        self, engine: LlmTranslation, detector: LinguaDetector, locale: str
    ) -> None:
        story = engine.translate(STORY, "en", locale)
        assert [result for result in check(STORY, story, locale, detector) if not result.passed] == []
        assert all(re.search(word, " ".join(story), re.I) for word in WORDS[locale])

    def test_an_idea_is_understood(self, engine: LlmTranslation) -> None:
        (idea,) = engine.translate(("un ours qui a perdu son ballon",), "fr", "en")
        assert {"bear", "lost"} <= set(idea.lower().split())
