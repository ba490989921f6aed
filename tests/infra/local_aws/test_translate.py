"""TranslateText with a stock client: limits, pairs, detection, settings; and signatures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import httpx
import pytest
from botocore import auth
from botocore.exceptions import ClientError

from infra.local_aws import LocalAws
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.language import AmazonDetection


def translate(aws: LocalAws, text: str = "Hello", source: str = "en", target: str = "fr", **more: Any) -> Any:
    with aws.client("translate") as client:
        return client.translate_text(Text=text, SourceLanguageCode=source, TargetLanguageCode=target, **more)


def refused(aws: LocalAws, *args: Any, **more: Any) -> tuple[str, Any]:
    with pytest.raises(ClientError) as caught:
        translate(aws, *args, **more)
    return caught.value.response["Error"]["Code"], caught.value.response


def test_line_breaks_are_kept(aws: LocalAws) -> None:
    response = translate(aws, "Good night.\n\nSleep well.\n")
    assert response["TranslatedText"] == "[fr] Good night.\n\n[fr] Sleep well.\n"
    assert (response["SourceLanguageCode"], response["TargetLanguageCode"]) == ("en", "fr")


def test_ten_thousand_bytes_are_translated_and_one_more_is_refused(aws: LocalAws) -> None:
    for text in ("x" * 10_000, "é" * 5_000):
        assert translate(aws, text)["TranslatedText"] == f"[fr] {text}"
        code, response = refused(aws, text + "x")
        assert code == "TextSizeLimitExceededException"
        assert "text size is 10001 bytes" in response["Error"]["Message"]


@pytest.mark.parametrize(("source", "target"), [("en", "xx"), ("xx", "fr"), ("en", "en"), ("en", "fr-BE")])
def test_an_unsupported_pair_is_in_the_errors_members(aws: LocalAws, source: str, target: str) -> None:
    code, response = refused(aws, "a", source, target)
    assert code == "UnsupportedLanguagePairException"
    assert (response["SourceLanguageCode"], response["TargetLanguageCode"]) == (source, target)


def test_the_source_language_is_detected(aws: LocalAws) -> None:
    assert translate(aws, "[de] Gute Nacht", "auto", "fr")["SourceLanguageCode"] == "de"


def test_no_language_is_detected_in_a_region_without_comprehend(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine then takes it for not known."""
    monkeypatch.setattr(aws.account, "region", "eu-west-3")
    code, response = refused(aws, "[de] Gute Nacht", "auto", "fr")
    assert code == "InvalidRequestException"
    assert "utodetect is not supported" in response["Error"]["Message"]
    assert translate(aws)["TranslatedText"] == "[fr] Hello"
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    assert AmazonDetection(Clients())("[de] Gute Nacht") is None


def test_formality_is_applied_only_where_the_target_has_it(aws: LocalAws) -> None:
    settings = {"Formality": "FORMAL", "Profanity": "MASK"}
    assert translate(aws, Settings=settings)["AppliedSettings"] == settings
    assert translate(aws, target="pt", Settings=settings)["AppliedSettings"] == {"Profanity": "MASK"}
    assert "AppliedSettings" not in translate(aws, target="ar", Settings={"Formality": "INFORMAL"})


def test_an_unknown_terminology_is_not_found(aws: LocalAws) -> None:
    response = translate(aws, TerminologyNames=["stories"])
    assert response["AppliedTerminologies"] == [{"Name": "stories", "Terms": []}]
    code, response = refused(aws, TerminologyNames=["nobody"])
    assert (code, response["ResponseMetadata"]["HTTPStatusCode"]) == ("ResourceNotFoundException", 404)


def test_a_value_outside_the_models_enum_is_a_validation_error(aws: LocalAws) -> None:
    code, response = refused(aws, Settings={"Formality": "RUDE"})
    assert code == "ValidationException"
    assert "1 validation error detected: Value 'RUDE' at 'formality'" in response["Error"]["Message"]


def test_wrong_keys_and_old_signatures_are_refused(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    with mock.patch.object(auth, "get_current_datetime", return_value=past):
        assert refused(aws)[0] == "InvalidSignatureException"
    (key,) = aws.account.keys
    monkeypatch.setattr(aws.account, "keys", {key: "rotated"})
    assert refused(aws)[0] == "InvalidSignatureException"
    monkeypatch.setattr(aws.account, "keys", {})
    assert refused(aws)[0] == "UnrecognizedClientException"


def test_an_unsigned_or_unknown_request_is_refused_in_the_services_format(aws: LocalAws) -> None:
    unsigned = post(aws, "TranslateText")
    assert unsigned.json()["__type"] == "MissingAuthenticationTokenException"
    assert unsigned.status_code == 400
    assert unsigned.headers["content-type"] == "application/x-amz-json-1.1"
    assert post(aws, "TranslatePoem").json()["__type"] == "UnknownOperationException"


def post(aws: LocalAws, operation: str) -> httpx.Response:
    headers = {"X-Amz-Target": f"AWSShineFrontendService_20170701.{operation}"}
    url = aws.environment["AWS_ENDPOINT_URL_TRANSLATE"]
    return httpx.post(url, content=b"{}", headers=headers, trust_env=False)
