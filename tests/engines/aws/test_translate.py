"""Amazon Translate: the requests and their number. The contract suite is in test_contracts.py."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.aws.packing import packs, pieces, rejoined
from pipeline.engines.aws.translate import AmazonTranslation
from pipeline.errors import ConfigError, EngineError
from pipeline.story.text import clean, words
from tests.engines.aws.stubbed import Stubbed

LIMIT = 10_000
Reply = Callable[[dict[str, Any]], str]


class Service:
    """In place of boto3's client and its maker: replies by a function, and keeps the requests."""

    def __init__(self, answer: Reply) -> None:
        self.answer = answer
        self.requests: list[dict[str, Any]] = []

    def get(self, service: str) -> Service:
        assert service == "translate"
        return self

    def translate_text(self, **request: Any) -> dict[str, str]:
        assert 1 <= len(request["Text"].encode()) <= LIMIT
        self.requests.append(request)
        codes = ("SourceLanguageCode", "TargetLanguageCode")
        return {"TranslatedText": self.answer(request), **{code: request[code] for code in codes}}


def by_line(request: dict[str, Any]) -> str:
    """Every line marked, as the service keeps line breaks."""
    return "\n".join(f"[{request['TargetLanguageCode']}] {line}" for line in request["Text"].split("\n"))


def in_one_line(request: dict[str, Any]) -> str:
    """A service that runs lines together."""
    return by_line(request).replace("\n", " ")


def translate(
    texts: tuple[str, ...], source: str = "en", target: str = "pt", answer: Reply = by_line
) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    service = Service(answer)
    return AmazonTranslation(service).translate(texts, source, target), service.requests


# What is sent.


def test_a_story_is_one_call_with_a_line_a_segment() -> None:
    texts, requests = translate(("The cat sleeps.", "The dog runs.", "Good night."))
    assert texts == ("[pt] The cat sleeps.", "[pt] The dog runs.", "[pt] Good night.")
    assert [request["Text"] for request in requests] == ["The cat sleeps.\nThe dog runs.\nGood night."]


def test_the_request_fits_the_service_model() -> None:
    stubbed = Stubbed("translate")
    stubbed.stub.add_response(
        "translate_text",
        {"TranslatedText": "Bonne nuit.", "SourceLanguageCode": "en", "TargetLanguageCode": "fr"},
        {
            "Text": "Good night.",
            "SourceLanguageCode": "en",
            "TargetLanguageCode": "fr",
            "Settings": {"Formality": "INFORMAL"},
            "TerminologyNames": ["heroes"],
        },
    )
    engine = AmazonTranslation(stubbed, terminology=("heroes",))
    assert engine.translate(("Good night.",), "en", "fr") == ("Bonne nuit.",)
    stubbed.stub.assert_no_pending_responses()


def test_a_segment_of_several_lines_is_sent_as_one_and_comes_back_as_one() -> None:
    texts, requests = translate(("  First line.\nSecond line. \n", "Third."))
    assert requests[0]["Text"] == "First line. Second line.\nThird."
    assert texts == ("[pt] First line. Second line.", "[pt] Third.")


@pytest.mark.parametrize("silent", ["", "  ", "\n", "…", "!!!", "🌙"])
def test_a_text_without_words_is_not_sent_and_stays_as_it_is(silent: str) -> None:
    texts, requests = translate((silent, "Good night.", silent))
    assert texts == (silent, "[pt] Good night.", silent)
    assert [request["Text"] for request in requests] == ["Good night."]
    assert translate((silent,)) == ((silent,), [])


def test_texts_of_several_calls_come_call_by_call_and_in_order() -> None:
    service = Service(by_line)
    received: list[tuple[int, str]] = []
    texts = ("…", "a" * 6_000, "!", "b" * 6_000, "c", " ")
    translations = AmazonTranslation(service).translate(
        texts, "en", "pt", lambda text: received.append((len(service.requests), text))
    )
    assert tuple(text for _, text in received) == translations
    # A text is surely whole when the next one begins, or the last call has answered.
    assert [calls for calls, _ in received] == [1, 2, 2, 2, 2, 2]


def test_replies_are_cleaned() -> None:
    texts, _ = translate(("One.", "Two."), answer=lambda request: "\n  Um.  \r\nDois.\u00a0\n")
    assert texts == ("Um.", "Dois.")


def test_a_lone_surrogate_reaches_no_wire() -> None:
    texts, requests = translate(("A \ud83c cat.",))
    assert requests[0]["Text"] == "A ? cat."
    assert texts == ("[pt] A ? cat.",)


# Where the count does not hold.


@pytest.mark.parametrize("joined", ["Um. Dois.", "Um.\n\nTrês.", "Um.\nDois.\nMais.\nTrês.", "Um.\nDois."])
def test_lines_that_come_back_joined_empty_or_in_another_number_are_sent_one_by_one(joined: str) -> None:
    def reply(request: dict[str, Any]) -> str:
        return joined if "\n" in request["Text"] else by_line(request)

    texts, requests = translate(("One.", "Two.", "Three."), answer=reply)
    assert texts == ("[pt] One.", "[pt] Two.", "[pt] Three.")
    assert [request["Text"] for request in requests] == ["One.\nTwo.\nThree.", "One.", "Two.", "Three."]


def test_one_text_may_come_back_in_several_lines() -> None:
    texts, requests = translate(("One. Two.",), answer=lambda _: "Um.\nDois.\n")
    assert texts == ("Um. Dois.",)
    assert len(requests) == 1


def test_only_the_pack_whose_count_fails_is_sent_again() -> None:
    long = tuple(f"{letter * 4_000}." for letter in "abcd")
    texts, requests = translate(
        long, answer=lambda request: (in_one_line if request["Text"].startswith("a") else by_line)(request)
    )
    assert texts == tuple(f"[pt] {text}" for text in long)
    assert [request["Text"][0] for request in requests] == ["a", "a", "b", "c"]


def test_an_empty_translation_is_an_error() -> None:
    with pytest.raises(EngineError) as caught:
        translate(("One.", "Two."), answer=lambda _: " \n ")
    assert caught.value.problem == "bad-translation"
    assert "One." in str(caught.value)


# The limit of 10,000 bytes.


def test_a_sentence_over_the_limit_is_an_error_before_any_call() -> None:
    service = Service(by_line)
    with pytest.raises(EngineError, match=str(LIMIT)) as caught:
        AmazonTranslation(service).translate(("Good night.", "x" * (LIMIT + 1)), "en", "pt")
    assert (caught.value.problem, service.requests) == ("too-long", [])


@pytest.mark.parametrize(
    ("texts", "calls"),
    [
        (("x" * LIMIT,), 1),
        (("x" * 5_000, "y" * 4_999), 1),
        (("x" * 5_000, "y" * 5_000), 2),
        (("ق" * 1_666,) * 3, 1),
        (("ق" * 1_667,) * 3, 2),
    ],
)
def test_texts_share_a_call_while_their_bytes_and_newlines_fit(texts: tuple[str, ...], calls: int) -> None:
    """Arabic letters have two bytes."""
    _, requests = translate(texts)
    assert len(requests) == calls


def test_a_text_over_the_limit_is_cut_at_sentence_ends_and_rejoined() -> None:
    sentence = "The little dragon baked another loaf of bread."
    texts, requests = translate((" ".join([sentence] * 300), "Good night."))
    assert [len(request["Text"].encode()) <= LIMIT for request in requests] == [True, True]
    assert all(request["Text"].startswith("The little") for request in requests)
    assert texts[0].replace("[pt] ", "") == " ".join([sentence] * 300)
    assert texts[1] == "[pt] Good night."


_PHRASES = st.sampled_from(["The cat sat.", "قطة نامت.", "Où ? Là !", "🌙", "one\ntwo", "«Ja.»"])
_texts = st.lists(st.one_of(st.text(max_size=40), st.lists(_PHRASES).map(" ".join)), max_size=12)


@given(_texts, st.integers(170, 400))
def test_any_texts_are_packed_in_order_up_to_the_limit_and_rejoin_exactly(
    texts: list[str], limit: int
) -> None:
    sent = pieces(texts, limit)
    packed = packs(sent, limit)
    assert tuple(piece for pack in packed for piece in pack) == sent
    for pack in packed:
        joined = "\n".join(piece.text for piece in pack)
        assert 1 <= len(joined.encode()) <= limit
        assert joined.split("\n") == [piece.text for piece in pack]
    for first, second in pairwise(packed):
        assert len("\n".join(piece.text for piece in (*first, second[0])).encode()) > limit
    translations = rejoined(texts, ((piece.index, piece.text) for piece in sent))
    assert list(translations) == [clean(text) if words(text) else text for text in texts]


# Languages.


def test_a_locale_is_sent_as_the_services_own_code() -> None:
    tags = "pt-BR pt-PT fr_ca fr-CH es-419 es-AR zh-Hans-CN zh-Hant-HK nb-NO iw de-CH-1996".split()
    sent = [translate(("Good night.",), "en", tag)[1][0]["TargetLanguageCode"] for tag in tags]
    assert sent == "pt pt-PT fr-CA fr es-MX es zh zh-TW no he de".split()


@pytest.mark.parametrize(
    ("source", "target"), [("en", "tlh"), ("tlh", "en"), ("en", "nn"), ("en", "not a tag"), ("en", "")]
)
def test_an_unknown_language_is_rejected_before_any_call(source: str, target: str) -> None:
    service = Service(by_line)
    with pytest.raises(EngineError) as caught:
        AmazonTranslation(service).translate(("Good night.",), source, target)
    assert caught.value.problem == "unknown-pair"
    assert service.requests == []


@pytest.mark.parametrize(
    ("source", "target"), [("en", "en-GB"), ("pt-BR", "pt"), ("nb", "no"), ("zh-CN", "zh")]
)
def test_the_same_language_is_left_unchanged_without_a_call(source: str, target: str) -> None:
    assert translate((" as it\nis ",), source, target) == ((" as it\nis ",), [])


@pytest.mark.parametrize("target", ["nl-BE", "fr-CA", "es-MX", "pt-PT", "pt-BR", "ar"])
def test_formality_is_sent_where_the_service_knows_it(target: str) -> None:
    """And never the profanity mask."""
    _, requests = translate(("Good night.",), "en", target)
    expected = {} if target in {"pt-BR", "ar"} else {"Settings": {"Formality": "INFORMAL"}}
    assert {name: requests[0][name] for name in requests[0] if name == "Settings"} == expected


# Settings and fingerprint.


def test_each_setting_changes_the_fingerprint() -> None:
    engines = [
        AmazonTranslation(Service(by_line), formality, terminology)
        for formality in ("INFORMAL", "FORMAL", "")
        for terminology in ((), ("heroes",), ("heroes-2",))
    ]
    prints = {engine.fingerprint for engine in engines}
    assert len(prints) == 9
    assert all(re.fullmatch(r"translate/amazon/[\w.-]+/\d+", fingerprint) for fingerprint in prints)


@pytest.mark.parametrize(
    "settings",
    [
        {"formality": "informal"},
        {"formality": " "},
        *({"terminology": names} for names in (("a", "b"), ("",), ("no blanks",), ("a__b",), ("a" * 257,))),
    ],
)
def test_invalid_settings_are_rejected_at_once(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        AmazonTranslation(Service(by_line), **settings)


def test_the_constructor_makes_no_client() -> None:
    class Refusing:
        def get(self, service: str) -> Any:
            raise AssertionError(service)

    assert AmazonTranslation(Refusing()).fingerprint
