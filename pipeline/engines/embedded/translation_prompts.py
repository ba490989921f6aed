"""Prompts for a translation by a text engine: stories from English, ideas into English. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from string import Template
from typing import Any

from pipeline.engines.embedded.glossary import Glossary
from pipeline.types import Prompt

ENGLISH = "en"


@dataclass(frozen=True)
class TranslationPrompt:
    """The prompts of one pair, of which one language is English.

    spec: data/prompts/translate.toml (a story, a turn a sentence) or idea.toml (one line).
    """

    spec: dict[str, Any]
    glossary: Glossary
    source: str
    target: str

    @property
    def attempts(self) -> int:
        return len(self.spec["attempts"])

    def prompt(self, texts: Sequence[str], translations: Sequence[str], attempt: int) -> Prompt:
        """For the first of `texts` that has no translation yet."""
        settings, text = self.spec["attempts"][attempt], texts[len(translations)]
        worked = [(example[self.source], example[self.target]) for example in self.spec["examples"]]
        earlier = self._earlier(texts, translations) if settings.get("turns") else []
        return Prompt(
            name=f"{self.spec['name']}@{self.spec['version']}",
            system=self._fill("system"),
            user=self._user(text),
            examples=tuple((self._user(source), target) for source, target in [*worked, *earlier]),
            max_tokens=self.spec["spare_tokens"] + len(text),
            temperature=settings["temperature"],
            top_p=self.spec["top_p"],
            grammar=self.spec["grammar"] if "grammar" in self.spec else self._script_grammar(),
            attempt=attempt,
        )

    def mend(self, translation: str) -> str:
        """Without the mistakes that the model repeats although they are never right."""
        for wrong, right in self.spec.get("mends", {}).get(self.target, ()):
            translation = re.sub(wrong, right, translation)
        return translation

    def _earlier(self, texts: Sequence[str], translations: Sequence[str]) -> list[tuple[str, str]]:
        """The last `overlap` turns and those of the block, so that a prompt begins as the one before it."""
        at = len(translations)
        first = max(0, at - at % int(self.spec["block"]) - int(self.spec["overlap"]))
        return list(zip(texts[first:at], translations[first:], strict=True))

    def _user(self, text: str) -> str:
        if self.source == ENGLISH:
            entries = self.glossary.find(text, self.target)
        else:
            entries = self.glossary.find_english(text, self.source)
        words = "; ".join(f"{word} = {meaning}" for word, meaning in entries)
        # Without what chat templates read as their own marks (<|im_end|>), which would end the turn.
        sentence = text.replace("<|", "<").replace("|>", ">")
        return self._fill("with_words" if entries else "without_words", words=words, sentence=sentence)

    def _fill(self, template: str, **slots: str) -> str:
        # One pass: a "$" or brace in a slot is text.
        return Template(self.spec[template]).substitute(self._language | slots).strip()

    def _script_grammar(self) -> str:
        grammar: str = self.spec["scripts"][self._language["script"]]
        return grammar

    @property
    def _language(self) -> dict[str, str]:
        """The spec's entry of the language beside English; `language` is its name."""
        entry = self.spec["languages"][self.target if self.source == ENGLISH else self.source]
        return {"language": entry} if isinstance(entry, str) else {"language": entry["name"], **entry}
