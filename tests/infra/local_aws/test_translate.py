"""TranslateText as boto3 sees it: limits, pairs, detection, settings, and who may ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import boto3
import httpx
import pytest
from botocore import auth
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local_aws import LocalAws


def translate(
    aws: LocalAws, text: str, source: str = "en", target: str = "fr", **more: Any
) -> dict[str, Any]:
    with aws.client("translate") as client:
        told: dict[str, Any] = client.translate_text(
            Text=text, SourceLanguageCode=source, TargetLanguageCode=target, **more
        )
    return told


def refused(aws: LocalAws, **asked: Any) -> tuple[str, dict[str, Any]]:
    with aws.client("translate") as client, pytest.raises(ClientError) as caught:
        client.translate_text(
            **{"SourceLanguageCode": "en", "TargetLanguageCode": "fr", "Text": "a", **asked}
        )
    assert type(caught.value) is not ClientError or caught.value.response["Error"]["Code"].endswith(
        "Exception"
    )
    return caught.value.response["Error"]["Code"], caught.value.response


def test_lines_stay_lines(aws: LocalAws) -> None:
    told = translate(aws, "Good night.\n\nSleep well.\n")
    assert told["TranslatedText"] == "[fr] Good night.\n\n[fr] Sleep well.\n"
    assert (told["SourceLanguageCode"], told["TargetLanguageCode"]) == ("en", "fr")


@pytest.mark.parametrize("text", ["x" * 9_999, "x" * 10_000, "é" * 5_000])
def test_up_to_ten_thousand_bytes_are_translated(aws: LocalAws, text: str) -> None:
    assert translate(aws, text)["TranslatedText"] == f"[fr] {text}"


@pytest.mark.parametrize("text", ["x" * 10_001, "é" * 5_001, "é" * 4_000 + "x" * 2_001])
def test_one_byte_more_is_refused(aws: LocalAws, text: str) -> None:
    code, response = refused(aws, Text=text)
    assert code == "TextSizeLimitExceededException"
    assert f"text size is {len(text.encode())} bytes" in response["Error"]["Message"]


@pytest.mark.parametrize(("source", "target"), [("en", "xx"), ("xx", "fr"), ("en", "en"), ("en", "fr-BE")])
def test_an_unsupported_pair_is_named_in_the_errors_members(aws: LocalAws, source: str, target: str) -> None:
    code, response = refused(aws, SourceLanguageCode=source, TargetLanguageCode=target)
    assert code == "UnsupportedLanguagePairException"
    assert (response["SourceLanguageCode"], response["TargetLanguageCode"]) == (source, target)


def test_the_source_is_detected_and_told(aws: LocalAws) -> None:
    assert translate(aws, "[de] Gute Nacht", "auto", "fr")["SourceLanguageCode"] == "de"


def test_formality_is_applied_where_the_target_has_it_and_ignored_elsewhere(aws: LocalAws) -> None:
    settings = {"Formality": "FORMAL", "Profanity": "MASK"}
    assert translate(aws, "Hello", target="fr", Settings=settings)["AppliedSettings"] == settings
    assert translate(aws, "Hello", target="pt", Settings=settings)["AppliedSettings"] == {"Profanity": "MASK"}
    assert "AppliedSettings" not in translate(aws, "Hello", target="ar", Settings={"Formality": "INFORMAL"})


def test_a_known_terminology_is_applied_and_an_unknown_one_is_not_found(aws: LocalAws) -> None:
    told = translate(aws, "Hello", TerminologyNames=["stories"])
    assert told["AppliedTerminologies"] == [{"Name": "stories", "Terms": []}]
    code, response = refused(aws, TerminologyNames=["nobody"])
    assert (code, response["ResponseMetadata"]["HTTPStatusCode"]) == ("ResourceNotFoundException", 404)


def test_a_value_that_the_model_does_not_have_is_a_validation_error(aws: LocalAws) -> None:
    code, response = refused(aws, Settings={"Formality": "RUDE"})
    assert code == "ValidationException"
    assert "1 validation error detected: Value 'RUDE' at 'formality'" in response["Error"]["Message"]


def test_every_answer_has_a_request_id(aws: LocalAws) -> None:
    ids = {
        translate(aws, "Hello")["ResponseMetadata"]["RequestId"],
        refused(aws, Text="x" * 10_001)[1]["ResponseMetadata"]["RequestId"],
    }
    assert len(ids) == 2
    assert all(len(one) == 36 for one in ids)


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    [
        ("AKIAUNKNOWN", "any", "UnrecognizedClientException"),
        ("", "wrong", "InvalidSignatureException"),
    ],
)
def test_keys_that_are_not_the_accounts_are_refused(aws: LocalAws, key: str, secret: str, code: str) -> None:
    known = aws.environment["AWS_ACCESS_KEY_ID"]
    session = boto3.session.Session(key or known, secret, region_name="us-east-1")
    client = session.client(
        "translate",
        endpoint_url=aws.environment["AWS_ENDPOINT_URL_TRANSLATE"],
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ClientError) as caught:
        client.translate_text(Text="a", SourceLanguageCode="en", TargetLanguageCode="fr")
    client.close()
    assert caught.value.response["Error"]["Code"] == code


def test_a_signature_of_an_hour_ago_is_refused(aws: LocalAws) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    with mock.patch.object(auth, "get_current_datetime", return_value=past):
        assert refused(aws)[0] == "InvalidSignatureException"


def test_an_unsigned_request_is_refused_in_the_services_own_shape(aws: LocalAws) -> None:
    answer = post(aws, "TranslateText", b"{}")
    assert answer.json()["__type"] == "MissingAuthenticationTokenException"
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"


def test_an_operation_that_is_not_there_is_unknown(aws: LocalAws) -> None:
    assert post(aws, "TranslatePoem", b"{}").json()["__type"] == "UnknownOperationException"


def post(aws: LocalAws, operation: str, body: bytes) -> httpx.Response:
    target = f"AWSShineFrontendService_20170701.{operation}"
    url = aws.environment["AWS_ENDPOINT_URL_TRANSLATE"]
    return httpx.post(url, content=body, headers={"X-Amz-Target": target}, trust_env=False)
