"""Language detection: everyday words first, Amazon's paid detection where these are not enough.

Nothing beyond the standard library: a Lambda has no room for a language model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pipeline.engines.aws.errors import mapped_errors, response_of
from pipeline.engines.aws.packing import ENGINE, sendable, whole
from pipeline.errors import StoriesError
from pipeline.ports import Kept, LanguageDetector, Store
from pipeline.story.text import MAX_CONTEXT, clean, words

if TYPE_CHECKING:
    from pipeline.engines.aws.clients import Clients

# Problems of errors.py that say something of the language all the same.
_NOT_TRANSLATED = {"unknown-language", "unknown-pair"}
# A word of the refusal in a region without Amazon Comprehend, which has no error code of its own
# (TranslateText's reference, SourceLanguageCode). data/regions.toml has the regions.
_NO_DETECTION = "autodetect"


class ServiceLanguage:
    """LanguageDetector. Calls `detect_paid` only where the free `words` give no language.

    detect_paid: a text -> its primary subtag, None where it is not sure: AmazonDetection, cached.
    """

    def __init__(self, detect_paid: Callable[[str], str | None], words: LanguageDetector) -> None:
        self._detect_paid = detect_paid
        self._words = words

    def at(self, store: Store) -> ServiceLanguage:
        """The same with its detections in another store, where they are kept."""
        paid = self._detect_paid
        return ServiceLanguage(paid.at(store) if isinstance(paid, Kept) else paid, self._words)

    def confidence(self, text: str, language: str) -> float:
        """By the free words, always: translations are checked sentence by sentence."""
        return self._words.confidence(text, language)

    def detect(self, text: str) -> str | None:
        """Any language that the service knows, ours or not. Raises EngineError."""
        language = self._words.detect(text)
        return self._detect_paid(text) if language is None and words(text) else language


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
        """The primary subtag, as pt for pt-PT. Raises EngineError.

        None where the service is not sure, or its region has no detection.
        """
        fields = {
            "Text": clean(sendable(text))[:MAX_CONTEXT],
            "SourceLanguageCode": "auto",
            "TargetLanguageCode": "en",
        }
        try:
            with mapped_errors(ENGINE, "Amazon Translate"):
                reply = whole(self._clients.get("translate").translate_text(**fields))
        except StoriesError as error:
            if _NO_DETECTION in str(error).casefold():
                return None
            if error.problem not in _NOT_TRANSLATED:
                raise
            # A refused pair names the language: Latin, or English that was to become English.
            reply = response_of(error.__cause__)
        return str(reply.get("SourceLanguageCode", "")).split("-")[0].lower() or None
