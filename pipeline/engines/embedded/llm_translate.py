"""Translates with a text engine: stories from English sentence by sentence, ideas into English.

A story is one conversation with a turn a sentence. Measured on two cores against the alternatives (a call
a sentence without or with the story so far, in parallel; all sentences in one numbered list), it was as
fast as the fastest, and genders and names stayed the same. Each turn is a completion of its own, so that
finished turns are cached.

A turn is checked; one that fails is tried once more, and if that fails too, the story is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from textwrap import shorten
from typing import Any

from pipeline.engines.embedded.glossary import Glossary
from pipeline.engines.embedded.translation_prompts import ENGLISH, TranslationPrompt
from pipeline.errors import EngineError
from pipeline.ports import Kept, LanguageDetector, OnText, Store, TextEngine, ignore, pass_on
from pipeline.story.locales import language
from pipeline.story.prompt import read
from pipeline.story.text import clean, words
from pipeline.story.translation_checks import flaws, slips
from pipeline.types import Completion


class LlmTranslation:
    """TranslationEngine for en -> fr es it de nl ar pt, and each of them -> en for one-line ideas.

    text: a caching engine, else nothing is kept. detector: recognises text that stayed English.
    """

    in_turns = True

    def __init__(self, text: TextEngine, detector: LanguageDetector) -> None:
        self._text = text
        self._detector = detector

    @property
    def fingerprint(self) -> str:
        names = "+".join(f"{spec['name']}@{spec['version']}" for spec in (self._story, self._idea))
        return f"{self._text.fingerprint}/{names}"

    def at(self, store: Store) -> LlmTranslation:
        """The same with its completions in another store, where they are kept."""
        return LlmTranslation(
            self._text.at(store) if isinstance(self._text, Kept) else self._text, self._detector
        )

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        """Raises EngineError: a pair without a prompt ("unknown-pair"), or a text that came out wrong
        twice ("bad-translation")."""
        pair = language(source), language(target)
        if pair[0] == pair[1]:
            return pass_on(texts, on_text)
        prompts = self._prompts(*pair)
        sentences = tuple(map(clean, texts))
        translations: list[str] = []
        for sentence in sentences:
            translation = self._turn(prompts, sentences, translations) if words(sentence) else sentence
            translations.append(translation)
            on_text(translation)
        return tuple(translations)

    def _prompts(self, source: str, target: str) -> TranslationPrompt:
        if source == ENGLISH and target in self._story["languages"]:
            return TranslationPrompt(self._story, self._glossary, source, target)
        if target == ENGLISH and source in self._idea["languages"]:
            return TranslationPrompt(self._idea, self._glossary, source, target)
        known = ", ".join(self._story["languages"])
        raise EngineError(
            f"the local model translates from English to {known} and back, not {source}-{target}: "
            "choose another translation engine",
            engine=self._text.fingerprint,
            problem="unknown-pair",
        )

    def _turn(self, prompts: TranslationPrompt, sentences: Sequence[str], translations: Sequence[str]) -> str:
        """The translation of the first sentence that has none yet: the best of the attempts."""
        sentence = sentences[len(translations)]
        candidates: list[_Candidate] = []
        for attempt in range(prompts.attempts):
            completion = self._text.complete(prompts.prompt(sentences, translations, attempt))
            candidates.append(self._checked(prompts, sentence, completion))
            if not candidates[-1].flaws and not candidates[-1].slips:
                break
        best = min(candidates, key=lambda candidate: (len(candidate.flaws), len(candidate.slips)))
        if best.flaws:
            raise EngineError(
                f'the local model could not translate "{shorten(sentence, 50)}" from {prompts.source} to '
                f"{prompts.target} ({', '.join(best.flaws)}): try another story (--new) or another locale",
                engine=self._text.fingerprint,
                problem="bad-translation",
            )
        return best.text

    def _checked(self, prompts: TranslationPrompt, sentence: str, completion: Completion) -> _Candidate:
        source, target = prompts.source, prompts.target
        text = prompts.mend(clean(completion.text))
        cut = ("cut off",) if completion.stop_reason == "length" else ()
        return _Candidate(
            text,
            flaws(sentence, text, target, self._detector, source) + cut,
            slips(sentence, text, target) if source == ENGLISH else (),
        )

    @cached_property
    def _story(self) -> dict[str, Any]:
        return read("translate")

    @cached_property
    def _idea(self) -> dict[str, Any]:
        return read("idea")

    @cached_property
    def _glossary(self) -> Glossary:
        return Glossary(read("glossary"))


@dataclass(frozen=True, slots=True)
class _Candidate:
    """flaws refuse it; slips are worth another attempt."""

    text: str
    flaws: tuple[str, ...]
    slips: tuple[str, ...]
