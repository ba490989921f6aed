"""Says which of our languages a text is in: everyday words first, Amazon's paid detection where these cannot
tell. Nothing beyond the standard library: a Lambda has no room for a language model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pipeline.engines.aws.errors import answered
from pipeline.engines.aws.packing import ENGINE, sendable, whole
from pipeline.errors import StoriesError
from pipeline.ports import LanguageDetector
from pipeline.story.text import MAX_CONTEXT, clean, words

if TYPE_CHECKING:
    from pipeline.engines.aws.clients import Clients

# What errors.py calls "I cannot tell" and "a pair that I do not translate".
_NOT_TRANSLATED = {"unknown-language", "unknown-pair"}


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
