"""Says which of our languages a text is in: a table of everyday words first, Amazon's paid detection where
that cannot tell. Nothing beyond the standard library: a Lambda has no room for a language model.

Measured on text that the table was not made from, beside lingua (tests/engines/aws/test_language.py): of 40
story sentences in each of the 8 languages all told, none wrongly; no right translation taken for English that
stayed, no English that stayed overlooked. Of 64 ideas of 3 to 9 words: 63 told, 1 "cannot tell", none wrong
(lingua: 58, 5, 1); of 26 ideas in other languages none claimed (lingua: 8).
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING

from pipeline.engines import LanguageDetector
from pipeline.engines.aws.errors import answered
from pipeline.engines.aws.packing import ENGINE, sendable, whole
from pipeline.engines.aws.word_table import WordTable
from pipeline.errors import StoriesError
from pipeline.text import MAX_CONTEXT, clean, words

if TYPE_CHECKING:
    from pipeline.engines.aws.clients import Clients

# How sure at least, and how much surer than of our next language. Being unsure costs a tenth of a cent
# (ServiceLanguage); being wrong costs the family its story.
_LEAST, _LEAD = 0.7, 4.0
# What errors.py calls "I cannot tell" and "a pair that I do not translate".
_NOT_TRANSLATED = {"unknown-language", "unknown-pair"}


class FunctionWords:
    """LanguageDetector. Each trait of a text makes the languages without it less likely; the rest shares 1.

    Reads its table at the first text, in some 5 ms, then takes 0.1 ms a sentence; thread-safe.
    """

    def confidence(self, text: str, language: str) -> float:
        """How sure it is, 0 to 1, that `text` is in `language`; 0 for a language it does not know."""
        return self._confidences(text).get(language, 0.0)

    def detect(self, text: str) -> str | None:
        found = self._confidences(text)
        (best, first), (_, second), *_ = sorted(
            ((language, found[language]) for language in self._table.ours), key=lambda pair: -pair[1]
        )
        return best if first >= _LEAST and first >= _LEAD * second else None

    def _confidences(self, text: str) -> dict[str, float]:
        scores = dict(self._table.start)
        for word in words(clean(text).casefold().replace("’", "'")):
            for having, weight in self._table.traits(word):
                for language in scores:
                    if language not in having:
                        scores[language] -= weight
        most = max(scores.values())
        shares = {language: math.exp(score - most) for language, score in scores.items()}
        whole = sum(shares.values())
        return {language: round(share / whole, 6) for language, share in shares.items()}

    @cached_property
    def _table(self) -> WordTable:
        text = files("pipeline").joinpath("data", "function_words.toml").read_text("utf-8")
        return WordTable(tomllib.loads(text))


class ServiceLanguage:
    """LanguageDetector. Asks `detecting`, which is paid for, only where the free `words` cannot tell.

    detecting: a text -> its primary subtag, None where it cannot tell: AmazonDetection, remembered.
    """

    def __init__(self, detecting: Callable[[str], str | None], words: LanguageDetector) -> None:
        self._detecting = detecting
        self._words = words

    def confidence(self, text: str, language: str) -> float:
        """The free one, always: translations are checked sentence by sentence."""
        return self._words.confidence(text, language)

    def detect(self, text: str) -> str | None:
        """Any language that the service knows, ours or not. Raises EngineError."""
        told = self._words.detect(text)
        return self._detecting(text) if told is None and words(text) else told


class AmazonDetection:
    """Amazon Translate's own detection: TranslateText from "auto" (which asks Amazon Comprehend) to English.

    Billed by the characters sent, at most MAX_CONTEXT, and Comprehend's own charge for a request. Needs
    translate:TranslateText and comprehend:DetectDominantLanguage.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    @property
    def fingerprint(self) -> str:
        return "translate/amazon/auto/1"

    def __call__(self, text: str) -> str | None:
        """The primary subtag, as pt for pt-PT; None where the service is not sure. Raises EngineError."""
        sent = clean(sendable(text))[:MAX_CONTEXT]
        try:
            with answered(ENGINE, "Amazon Translate"):
                client = self._clients.get("translate")
                answer = whole(
                    client.translate_text(Text=sent, SourceLanguageCode="auto", TargetLanguageCode="en")
                )
        except StoriesError as error:
            if error.problem not in _NOT_TRANSLATED:
                raise
            # A refused pair is told all the same: Latin, or English that was to become English.
            answer = getattr(error.__cause__, "response", {})
        return str(answer.get("SourceLanguageCode", "")).split("-")[0].lower() or None
