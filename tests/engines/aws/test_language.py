"""The paid detection of a text's language, behind the free table of words."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.engines.aws.language import AmazonDetection, ServiceLanguage
from pipeline.engines.function_words import FunctionWords
from pipeline.errors import EngineError, UnavailableError
from tests.engines.aws.stubbed import Stubbed
from tests.engines.contracts.detector_contract import IDEAS
from tests.engines.test_function_words import OURS, SENTENCES


@pytest.fixture(scope="module")
def detector() -> FunctionWords:
    return FunctionWords()


class PaidDetection:
    """Gives a fixed language, and keeps the texts."""

    def __init__(self, language: str | None) -> None:
        self.language = language
        self.texts: list[str] = []

    def __call__(self, text: str) -> str | None:
        self.texts.append(text)
        return self.language


@pytest.mark.parametrize("language", OURS)
def test_an_idea_of_known_words_costs_nothing(detector: FunctionWords, language: str) -> None:
    paid = PaidDetection("sv")
    service = ServiceLanguage(paid, detector)
    known = [idea for idea in IDEAS[language] if detector.detect(idea)]
    assert {service.detect(idea) for idea in known} == {language}
    assert paid.texts == []


def test_an_idea_of_unknown_words_is_detected_by_one_call(detector: FunctionWords) -> None:
    paid = PaidDetection("sv")
    assert ServiceLanguage(paid, detector).detect("en räv som är rädd för regn") == "sv"
    assert paid.texts == ["en räv som är rädd för regn"]
    assert ServiceLanguage(PaidDetection(None), detector).detect("en räv som är rädd för regn") is None


@pytest.mark.parametrize("text", ["", "  ", "!!!", "🌙"])
def test_a_text_without_words_makes_no_call(detector: FunctionWords, text: str) -> None:
    paid = PaidDetection("en")
    assert ServiceLanguage(paid, detector).detect(text) is None
    assert paid.texts == []


def test_confidence_is_by_the_free_words(detector: FunctionWords) -> None:
    paid = PaidDetection("sv")
    service = ServiceLanguage(paid, detector)
    for sentence in ("Pikachu", *SENTENCES["it"]):
        assert service.confidence(sentence, "it") == detector.confidence(sentence, "it")
    assert paid.texts == []


class Translate(Stubbed):
    def __init__(self) -> None:
        super().__init__("translate")

    def fails(self, code: str, status: int = 400, words: str = "no", **fields: str) -> None:
        self.stub.add_client_error(
            "translate_text", code, words, http_status_code=status, modeled_fields=fields
        )

    def replies(self, text: str, code: str) -> None:
        self.stub.add_response(
            "translate_text",
            {"TranslatedText": "a fox", "SourceLanguageCode": code, "TargetLanguageCode": "en"},
            {"Text": text, "SourceLanguageCode": "auto", "TargetLanguageCode": "en"},
        )


@pytest.mark.parametrize(
    ("code", "language"), [("sv", "sv"), ("en", "en"), ("pt-PT", "pt"), ("fr-CA", "fr"), ("zh-TW", "zh")]
)
def test_the_language_is_a_primary_subtag(code: str, language: str) -> None:
    """Of no more than an idea's length, which is what is paid for."""
    stubbed = Translate()
    stubbed.replies(f"en räv {'x' * 293}", code)
    assert AmazonDetection(stubbed)(f" en\nräv {'x' * 294}") == language
    stubbed.stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "fields", "language"),
    [
        ("DetectedLanguageLowConfidenceException", {"DetectedLanguageCode": "pl"}, None),
        ("UnsupportedLanguagePairException", {"SourceLanguageCode": "la", "TargetLanguageCode": "en"}, "la"),
        ("UnsupportedLanguagePairException", {"SourceLanguageCode": "en", "TargetLanguageCode": "en"}, "en"),
        ("UnsupportedLanguagePairException", {}, None),
    ],
)
def test_a_refused_translation_may_still_name_the_language(
    code: str, fields: dict[str, str], language: str | None
) -> None:
    stubbed = Translate()
    stubbed.fails(code, **fields)
    assert AmazonDetection(stubbed)("qqq") == language


@pytest.mark.parametrize("code", ["InvalidRequestException", "ValidationException"])
def test_a_region_that_cannot_detect_leaves_the_language_open(code: str) -> None:
    """Amazon Translate calls Amazon Comprehend, which eu-west-3 and others lack."""
    stubbed = Translate()
    stubbed.fails(code, words="Autodetect is not supported in this region")
    assert AmazonDetection(stubbed)("qqq") is None


def test_another_refusal_of_the_request_is_an_error() -> None:
    stubbed = Translate()
    stubbed.fails("InvalidRequestException", words="the terminology is broken")
    with pytest.raises(EngineError, match="terminology is broken"):
        AmazonDetection(stubbed)("qqq")


def test_a_failing_service_is_an_error() -> None:
    stubbed = Translate()
    stubbed.fails("InternalServerException", 500)
    with pytest.raises(UnavailableError):
        AmazonDetection(stubbed)("qqq")


def test_a_reply_that_broke_off_is_an_error() -> None:
    class Broken:
        def get(self, service: str) -> Broken:
            return self

        def translate_text(self, **sent: Any) -> dict[str, str]:
            return {}

    with pytest.raises(UnavailableError):
        AmazonDetection(Broken())("qqq")


def test_its_calls_are_priced_as_translations() -> None:
    assert AmazonDetection(Translate()).fingerprint.startswith("translate/amazon/")
