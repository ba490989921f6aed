"""Amazon Translate: what is sent, in how many calls, and what comes back. botocore's Stubber answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.aws.packing import packs, pieces, rejoined
from pipeline.engines.aws.translate import AmazonTranslation
from pipeline.engines.fake import MemoryStore
from pipeline.errors import ConfigError, EngineError, ThrottledError, UnavailableError
from pipeline.storage.cache import CachedTranslation
from pipeline.storage.ledger import payments, price_table, rows
from pipeline.story.text import clean, words
from tests.engines.contracts.translation_contract import TranslationContract

LIMIT = 10_000
Answer = Callable[[dict[str, Any]], str]


class Service:
    """Stands in for boto3's client and its maker: answers each request by a function, and keeps it."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []

    def get(self, service: str) -> Service:
        assert service == "translate"
        return self

    def translate_text(self, **sent: Any) -> dict[str, str]:
        assert 1 <= len(sent["Text"].encode()) <= LIMIT
        self.asked.append(sent)
        told = {
            "SourceLanguageCode": sent["SourceLanguageCode"],
            "TargetLanguageCode": sent["TargetLanguageCode"],
        }
        return {"TranslatedText": self.answer(sent), **told}


class Stubbed:
    """A real client of botocore's that the Stubber answers: parameters are checked against the model."""

    def __init__(self) -> None:
        self.client = boto3.client(
            "translate", region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none"
        )
        self.stub = Stubber(self.client)
        self.stub.activate()

    def get(self, service: str) -> Any:
        return self.client


def by_line(sent: dict[str, Any]) -> str:
    """Every line marked, as the service keeps line breaks."""
    return "\n".join(f"[{sent['TargetLanguageCode']}] {line}" for line in sent["Text"].split("\n"))


def in_one_line(sent: dict[str, Any]) -> str:
    """A service that runs lines together."""
    return by_line(sent).replace("\n", " ")


class TestAmazonTranslation(TranslationContract):
    unknown = ("en", "tlh")

    @pytest.fixture
    def engine(self) -> AmazonTranslation:
        return AmazonTranslation(Service(by_line))


def translated(
    texts: tuple[str, ...], source: str = "en", target: str = "pt", answer: Answer = by_line
) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    service = Service(answer)
    return AmazonTranslation(service).translate(texts, source, target), service.asked


# What is sent.


def test_a_story_is_one_call_with_a_line_a_segment() -> None:
    told, asked = translated(("The cat sleeps.", "The dog runs.", "Good night."))
    assert told == ("[pt] The cat sleeps.", "[pt] The dog runs.", "[pt] Good night.")
    assert [call["Text"] for call in asked] == ["The cat sleeps.\nThe dog runs.\nGood night."]


def test_the_request_is_what_the_service_model_asks_for() -> None:
    stubbed = Stubbed()
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
    told, asked = translated(("  First line.\nSecond line. \n", "Third."))
    assert asked[0]["Text"] == "First line. Second line.\nThird."
    assert told == ("[pt] First line. Second line.", "[pt] Third.")


@pytest.mark.parametrize("silent", ["", "  ", "\n", "…", "!!!", "🌙"])
def test_what_says_nothing_is_not_sent_and_comes_back_as_it_is(silent: str) -> None:
    told, asked = translated((silent, "Good night.", silent))
    assert told == (silent, "[pt] Good night.", silent)
    assert [call["Text"] for call in asked] == ["Good night."]
    assert translated((silent,)) == ((silent,), [])


def test_a_story_of_several_calls_is_heard_call_by_call_and_in_order() -> None:
    service = Service(by_line)
    heard: list[tuple[int, str]] = []
    texts = ("…", "a" * 6_000, "!", "b" * 6_000, "c", " ")
    told = AmazonTranslation(service).translate(
        texts, "en", "pt", lambda text: heard.append((len(service.asked), text))
    )
    assert tuple(text for _, text in heard) == told
    # A text is surely whole when the next one begins, or the last call has answered.
    assert [calls for calls, _ in heard] == [1, 2, 2, 2, 2, 2]


def test_answers_are_cleaned() -> None:
    told, _ = translated(("One.", "Two."), answer=lambda sent: "\n  Um.  \r\nDois.\u00a0\n")
    assert told == ("Um.", "Dois.")


def test_a_lone_surrogate_reaches_no_wire() -> None:
    told, asked = translated(("A \ud83c cat.",))
    assert asked[0]["Text"] == "A ? cat."
    assert told == ("[pt] A ? cat.",)


# Where the count does not hold.


def test_lines_that_come_back_as_one_are_asked_for_one_by_one() -> None:
    told, asked = translated(("One.", "Two.", "Three."), answer=in_one_line)
    assert told == ("[pt] One.", "[pt] Two.", "[pt] Three.")
    assert [call["Text"] for call in asked] == ["One.\nTwo.\nThree.", "One.", "Two.", "Three."]


@pytest.mark.parametrize("joined", ["Um.\n\nTrês.", "Um.\nDois.\nMais.\nTrês.", "Um.\nDois."])
def test_an_empty_line_and_a_line_too_many_or_too_few_count_as_well(joined: str) -> None:
    told, asked = translated(
        ("One.", "Two.", "Three."), answer=lambda sent: joined if "\n" in sent["Text"] else by_line(sent)
    )
    assert told == ("[pt] One.", "[pt] Two.", "[pt] Three.")
    assert len(asked) == 4


def test_one_text_may_come_back_in_several_lines() -> None:
    told, asked = translated(("One. Two.",), answer=lambda _: "Um.\nDois.\n")
    assert told == ("Um. Dois.",)
    assert len(asked) == 1


def test_only_the_pack_whose_count_fails_is_sent_again() -> None:
    long = tuple(f"{letter * 4_000}." for letter in "abcd")
    told, asked = translated(
        long, answer=lambda sent: (in_one_line if sent["Text"].startswith("a") else by_line)(sent)
    )
    assert told == tuple(f"[pt] {text}" for text in long)
    assert [call["Text"][0] for call in asked] == ["a", "a", "b", "c"]


def test_nothing_for_a_text_is_an_error_and_not_an_empty_segment() -> None:
    with pytest.raises(EngineError) as caught:
        translated(("One.", "Two."), answer=lambda _: " \n ")
    assert caught.value.problem == "bad-translation"
    assert "One." in str(caught.value)


# The limit of 10,000 bytes.


@pytest.mark.parametrize(("letters", "calls"), [(9_998, 1), (9_999, 1), (10_000, 1), (10_001, None)])
def test_a_sentence_may_have_just_so_many_bytes(letters: int, calls: int | None) -> None:
    service = Service(by_line)
    engine = AmazonTranslation(service)
    if calls:
        engine.translate(("x" * letters,), "en", "pt")
    else:
        with pytest.raises(EngineError) as caught:
            engine.translate(("Good night.", "x" * letters), "en", "pt")
        assert caught.value.problem == "too-long"
        assert str(LIMIT) in str(caught.value)
    assert len(service.asked) == (calls or 0)


@pytest.mark.parametrize(("last", "calls"), [(4_998, 1), (4_999, 1), (5_000, 2)])
def test_two_texts_share_a_call_while_both_and_their_newline_fit(last: int, calls: int) -> None:
    _, asked = translated(("x" * 5_000, "y" * last))
    assert len(asked) == calls


@pytest.mark.parametrize(("letters", "calls"), [(1_666, 1), (1_667, 2)])
def test_bytes_are_counted_and_not_characters(letters: int, calls: int) -> None:
    """Arabic letters have two bytes: 3 texts of 1,666 with 2 newlines have 9,998 bytes, of 1,667, 10,004."""
    _, asked = translated(("ق" * letters,) * 3, source="ar", target="en")
    assert len(asked) == calls


def test_a_text_over_the_limit_is_cut_at_sentence_ends_and_rejoined() -> None:
    sentence = "The little dragon baked another loaf of bread."
    told, asked = translated((" ".join([sentence] * 300), "Good night."))
    assert [len(call["Text"].encode()) <= LIMIT for call in asked] == [True, True]
    assert all(call["Text"].startswith("The little") for call in asked)
    assert told[0].replace("[pt] ", "") == " ".join([sentence] * 300)
    assert told[1] == "[pt] Good night."


_texts = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.lists(st.sampled_from(["The cat sat.", "قطة نامت.", "Où ? Là !", "🌙", "one\ntwo", "«Ja.»"])).map(
            " ".join
        ),
    ),
    max_size=12,
)


@given(_texts, st.integers(170, 400))
def test_any_texts_are_packed_in_order_within_the_limit_and_rejoin_exactly(
    texts: list[str], limit: int
) -> None:
    sent = pieces(texts, limit)
    packed = packs(sent, limit)
    assert tuple(piece for pack in packed for piece in pack) == sent
    for pack in packed:
        joined = "\n".join(piece.text for piece in pack)
        assert 1 <= len(joined.encode()) <= limit
        assert joined.split("\n") == [piece.text for piece in pack]
    told = rejoined(texts, ((piece.of, piece.text) for piece in sent))
    spoken = [clean(text) if words(text) else text for text in texts]
    assert list(told) == spoken


@given(_texts, st.integers(170, 400))
def test_no_two_packs_would_have_fitted_into_one(texts: list[str], limit: int) -> None:
    packed = packs(pieces(texts, limit), limit)
    for first, second in pairwise(packed):
        assert len("\n".join(piece.text for piece in (*first, second[0])).encode()) > limit


# Languages.


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("pt", "pt"),
        ("pt-BR", "pt"),
        ("pt-AO", "pt"),
        ("pt-PT", "pt-PT"),
        ("fr", "fr"),
        ("fr-CA", "fr-CA"),
        ("fr-CH", "fr"),
        ("fr_ca", "fr-CA"),
        ("es-MX", "es-MX"),
        ("es-419", "es-MX"),
        ("es-AR", "es"),
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("zh-Hans-CN", "zh"),
        ("zh-Hant", "zh-TW"),
        ("zh-TW", "zh-TW"),
        ("zh-Hant-HK", "zh-TW"),
        ("zh-HK", "zh-TW"),
        ("no", "no"),
        ("nb", "no"),
        ("nb-NO", "no"),
        ("iw", "he"),
        ("fil", "tl"),
        ("fa-AF", "fa-AF"),
        ("nl-BE", "nl"),
        ("de-CH-1996", "de"),
        ("sv", "sv"),
    ],
)
def test_a_locale_is_sent_as_the_services_own_code(tag: str, code: str) -> None:
    _, asked = translated(("Good night.",), "en", tag)
    assert asked[0]["TargetLanguageCode"] == code


@pytest.mark.parametrize(
    ("source", "target"), [("en", "tlh"), ("tlh", "en"), ("en", "nn"), ("en", "not a tag"), ("en", "")]
)
def test_a_language_that_the_service_lacks_is_said_before_any_call(source: str, target: str) -> None:
    service = Service(by_line)
    with pytest.raises(EngineError) as caught:
        AmazonTranslation(service).translate(("Good night.",), source, target)
    assert caught.value.problem == "unknown-pair"
    assert service.asked == []


@pytest.mark.parametrize(
    ("source", "target"), [("en", "en-GB"), ("pt-BR", "pt"), ("nb", "no"), ("zh-CN", "zh")]
)
def test_the_same_language_is_left_as_it_is_without_a_call(source: str, target: str) -> None:
    assert translated((" as it\nis ",), source, target) == ((" as it\nis ",), [])


@pytest.mark.parametrize(
    "target", ["nl", "nl-BE", "fr", "fr-CA", "de", "it", "es", "es-MX", "pt-PT", "de-AT"]
)
def test_formality_is_asked_for_where_the_service_knows_it(target: str) -> None:
    _, asked = translated(("Good night.",), "en", target)
    assert asked[0]["Settings"] == {"Formality": "INFORMAL"}


@pytest.mark.parametrize("target", ["pt", "pt-BR", "ar", "zh", "sv"])
def test_formality_is_not_asked_for_where_it_does_not(target: str) -> None:
    _, asked = translated(("Good night.",), "en", target)
    assert "Settings" not in asked[0]


def test_no_call_asks_for_the_profanity_mask() -> None:
    for formality in ("INFORMAL", "FORMAL", ""):
        service = Service(by_line)
        AmazonTranslation(service, formality).translate(("Good night.",), "en", "fr")
        assert set(service.asked[0].get("Settings", {})) <= {"Formality"}


# Settings and fingerprint.


def test_what_changes_the_answer_changes_the_fingerprint() -> None:
    made = [
        AmazonTranslation(Service(by_line), formality, terminology)
        for formality in ("INFORMAL", "FORMAL", "")
        for terminology in ((), ("heroes",), ("heroes-2",))
    ]
    prints = {engine.fingerprint for engine in made}
    assert len(prints) == 9
    assert all(re.fullmatch(r"[\w.-]+(/[\w.-]+)+/\d+", one) for one in prints)
    assert all(one.startswith("translate/amazon/") for one in prints)


@pytest.mark.parametrize("formality", ["informal", "POLITE", " "])
def test_an_unknown_formality_is_refused_at_once(formality: str) -> None:
    with pytest.raises(ConfigError, match="INFORMAL, FORMAL"):
        AmazonTranslation(Service(by_line), formality)


@pytest.mark.parametrize(
    "terminology", [("a", "b"), ("",), ("no blanks",), ("../x",), ("a__b",), ("a" * 257,)]
)
def test_terminologies_that_the_service_would_refuse_are_refused_at_once(
    terminology: tuple[str, ...],
) -> None:
    with pytest.raises(ConfigError):
        AmazonTranslation(Service(by_line), terminology=terminology)


# Errors and cost.


@pytest.mark.parametrize(
    ("code", "error", "problem"),
    [
        ("TooManyRequestsException", ThrottledError, "throttled"),
        ("UnsupportedLanguagePairException", EngineError, "unknown-pair"),
        ("InvalidRequestException", EngineError, "engine"),
    ],
)
def test_what_the_service_refuses_leaves_as_one_of_our_errors(
    code: str, error: type[EngineError], problem: str
) -> None:
    stubbed = Stubbed()
    stubbed.stub.add_client_error("translate_text", code, "no", http_status_code=400)
    with pytest.raises(error) as caught:
        AmazonTranslation(stubbed).translate(("Good night.",), "en", "fr")
    assert caught.value.problem == problem


def test_an_answer_that_broke_off_is_not_taken_for_an_empty_one() -> None:
    """botocore does not hold JSON to its Content-Length: what it cannot read is an answer with no members."""

    class Broken(Service):
        def translate_text(self, **sent: Any) -> dict[str, str]:
            return {}

    with pytest.raises(UnavailableError) as caught:
        AmazonTranslation(Broken(by_line)).translate(("Good night.",), "en", "fr")
    assert caught.value.retryable


def test_what_is_billed_counts_newlines_and_what_was_sent_twice() -> None:
    service = Service(in_one_line)
    told = AmazonTranslation(service).translated(("One.", " Two. ", "…"), "en", "pt")
    assert told.texts == ("[pt] One.", "[pt] Two.", "…")
    assert told.calls == len(service.asked) == 3
    assert told.characters == sum(len(call["Text"]) for call in service.asked) == 9 + 4 + 4


def test_the_ledger_counts_the_segments_and_prices_them() -> None:
    store = MemoryStore()
    engine = CachedTranslation(AmazonTranslation(Service(by_line)), store)
    for _ in range(2):
        engine.translate(("One.", "Two."), "en", "pt")
    (row,) = rows(payments(store), price_table())
    assert row.usage.calls == 1
    assert row.usage.characters == 8
    assert row.dollars == pytest.approx(8 * 15 / 1e6)


def test_threads_do_not_mix_what_they_send() -> None:
    service = Service(by_line)
    engine = AmazonTranslation(service)

    def ask(number: int) -> tuple[str, ...]:
        return engine.translate((f"Cat {number}.", f"Dog {number}."), "en", "fr")

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(ask, range(64)))
    assert told == [(f"[fr] Cat {number}.", f"[fr] Dog {number}.") for number in range(64)]
    assert len(service.asked) == 64


def test_making_it_asks_for_no_client() -> None:
    class Refusing:
        def get(self, service: str) -> Any:
            raise AssertionError(service)

    assert AmazonTranslation(Refusing()).fingerprint
