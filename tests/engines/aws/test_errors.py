from __future__ import annotations

import inspect
import string
from collections.abc import Iterator
from typing import Any

import botocore.eventstream
import botocore.parsers
import botocore.session
import pytest
import urllib3.exceptions
from boto3.exceptions import Boto3Error
from botocore import exceptions as vendor
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.errors import mapped, mapped_errors
from pipeline.errors import StoreError, StoriesError, UnavailableError
from tests.engines.aws.loopback import account
from tests.engines.loopback import Loopback, Request

OPERATIONS = {
    "sagemaker-runtime": "InvokeEndpoint InvokeEndpointWithResponseStream",
    "bedrock-runtime": "Converse ConverseStream",
    "translate": "TranslateText",
    "polly": "SynthesizeSpeech DescribeVoices",
    "s3": "GetObject PutObject HeadBucket ListObjectsV2 ListObjectVersions DeleteObjects "
    "GetBucketPolicyStatus GetPublicAccessBlock",
    "stepfunctions": "StartExecution StartSyncExecution",
    "sagemaker": "DescribeEndpoint DescribeEndpointConfig DeleteEndpoint ListEndpoints",
    "ssm": "GetParameter PutParameter",
    "service-quotas": "GetServiceQuota ListServiceQuotas",
    "application-autoscaling": "RegisterScalableTarget PutScalingPolicy DescribeScalableTargets",
    "iam": "SimulatePrincipalPolicy GetRole",
}
# The problems of the modelled errors; the others are "unavailable" where the fault is the service's, else
# "store" of S3 and "engine" of the rest.
PROBLEMS = {
    "ThrottlingException": "throttled",
    "ModelNotReadyException TooManyRequestsException ExecutionLimitExceeded KmsThrottlingException "
    "TooManyUpdates ConcurrentUpdateException LimitExceededException": "throttled",
    "ModelError ModelErrorException ModelTimeoutException": "unavailable",
    "TextSizeLimitExceededException TextLengthExceededException": "text-too-long",
    "UnsupportedLanguagePairException": "unknown-pair",
    "DetectedLanguageLowConfidenceException": "unknown-language",
    "LanguageNotSupportedException EngineNotSupportedException": "unknown-voice",
    "ResourceNotFoundException LexiconNotFoundException": "no-resource",
    "NoSuchKey": "not-found",
    "NoSuchBucket": "no-bucket",
    "InvalidArn StateMachineDoesNotExist StateMachineDeleting StateMachineTypeNotSupported "
    "KmsInvalidStateException": "no-workflow",
    "AccessDeniedException KmsAccessDeniedException FailedResourceAccessException": "access-denied",
    "ParameterNotFound ParameterVersionNotFound": "no-endpoint",
}


def client_error(
    code: str, message: str = "No.", status: int | None = 400, operation: str = "It", **fields: Any
) -> Any:
    metadata = {} if status is None else {"HTTPStatusCode": status}
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata, **fields}
    return ClientError(response, operation)


def modelled_errors(service: str) -> Iterator[tuple[str, int]]:
    """Code and HTTP status of each error in the service model."""
    model = botocore.session.get_session().get_service_model(service)
    for name in OPERATIONS[service].split():
        for shape in model.operation_model(name).error_shapes:
            default = 500 if shape.metadata.get("fault") else 400
            yield shape.error_code, shape.metadata.get("error", {}).get("httpStatusCode", default)


@pytest.mark.parametrize("service", OPERATIONS)
def test_each_modelled_error_of_our_operations_has_its_problem(service: str) -> None:
    known = {code: problem for codes, problem in PROBLEMS.items() for code in codes.split()}
    for code, status in modelled_errors(service):
        default = "unavailable" if status >= 500 else "store" if service == "s3" else "engine"
        error = mapped(client_error(code, status=status), service, "It")
        assert (code, error.problem) == (code, known.get(code, default))
        assert getattr(error, "engine", service) == service


# Codes that any service may answer with, and new ones, by their status; None: in the middle of a stream.
COMMON: dict[str, list[tuple[str, int | None]]] = {
    "throttled": [("ThrottlingException", 400), ("SlowDown", 503), ("NewNextYear", 429)],
    "unavailable": [("RequestTimeout", 400), ("NewNextYear", 500), ("NewNextYear", None)],
    "access-denied": [("AccessDeniedException", 400), ("NewNextYear", 403)],
    "expired-credentials": [("ExpiredToken", 400), ("ExpiredTokenException", 403)],
    "bad-credentials": [
        ("UnrecognizedClientException", 400),
        ("SignatureDoesNotMatch", 403),
        ("RequestTimeTooSkewed", 403),
    ],
}


@pytest.mark.parametrize("problem", COMMON)
def test_common_errors_mean_the_same_in_every_service(problem: str) -> None:
    for code, status in COMMON[problem]:
        for engine in ("s3", "polly"):
            assert mapped(client_error(code, status=status), engine, "It").problem == problem


def test_only_a_store_has_missing_keys_and_store_errors() -> None:
    for status, stored, other in ((404, "not-found", "engine"), (400, "store", "engine")):
        assert mapped(client_error("New", status=status), "s3", "It").problem == stored
        assert mapped(client_error("New", status=status), "translate", "It").problem == other
    assert isinstance(mapped(vendor.ParamValidationError(report="x"), "s3", "It"), StoreError)


def test_a_missing_bucket_is_named_with_the_setting() -> None:
    error = mapped(client_error("404", status=404, operation="HeadBucket"), "s3", "the bucket x")
    assert error.problem == "no-bucket"
    assert str(error).startswith("the bucket x does not exist (404): set STORIES_BUCKET")


@pytest.mark.parametrize(
    ("operation", "code", "message"),
    [
        # AWS's own words (aws/amazon-sagemaker-examples#293; SageMaker's DescribeEndpoint).
        ("InvokeEndpointWithResponseStream", "ValidationError", "Endpoint x of account 1 not found."),
        ("DescribeEndpoint", "ValidationException", 'Could not find endpoint "arn:aws:sagemaker:x".'),
    ],
)
def test_a_missing_endpoint_differs_from_other_validation_errors(
    operation: str, code: str, message: str
) -> None:
    error = mapped(client_error(code, message, operation=operation), "sagemaker", "the endpoint falcon")
    assert error.problem == "no-endpoint"
    assert "STORIES_ENDPOINT" in str(error)
    other = mapped(client_error(code, "Header is required", operation=operation), "sagemaker", "It")
    assert other.problem == "engine"
    assert "Header is required" in str(other)


@pytest.mark.parametrize(
    ("status", "problem"),
    [(400, "model-refused"), (422, "model-refused"), (429, "throttled"), (500, "unavailable")],
)
def test_a_model_error_has_the_meaning_of_the_container_s_own_status(status: int, problem: str) -> None:
    """TGI: 422 for a prompt that it refuses, 429 overloaded, 500 incomplete generation."""
    own = "`inputs` tokens + `max_new_tokens` must be <= 2048"
    wrapped = f'Received client error from primary with message "{own}". See the logs in CloudWatch.'
    response = {"OriginalStatusCode": status, "OriginalMessage": own}
    error = mapped(client_error("ModelError", wrapped, 424, **response), "sagemaker", "It")
    assert error.problem == problem
    assert "CloudWatch" not in str(error)
    assert own in str(error) or problem == "throttled"


def exceptions() -> Iterator[type[Exception]]:
    for module in (vendor, botocore.eventstream, botocore.parsers):
        for kind in vars(module).values():
            is_error = inspect.isclass(kind) and issubclass(kind, Exception) and not issubclass(kind, Warning)
            if is_error and kind.__module__ == module.__name__:
                yield kind


def instance(kind: type[Exception]) -> Exception:
    """With its fields filled in; by no constructor where that wants live objects."""
    if issubclass(kind, ClientError):
        return kind({"Error": {"Code": "x", "Message": "y"}}, "It")
    if issubclass(kind, BotoCoreError):
        names = [name for _, name, _, _ in string.Formatter().parse(kind.fmt) if name]
        more = {"last_response": {}} if kind is vendor.WaiterError else {}
        return kind(**dict.fromkeys(names, "x"), **more)
    error: Exception = kind.__new__(kind, "words\non two lines")
    return error


def test_every_exception_of_botocore_leaves_as_ours_in_one_line() -> None:
    for kind in exceptions():
        error = instance(kind)
        with pytest.raises(StoriesError) as raised, mapped_errors("polly", "Amazon Polly"):
            raise error
        assert raised.value.__cause__ is error
        assert str(raised.value).strip()
        assert "\n" not in str(raised.value)


EXCEPTIONS: dict[str, list[Exception]] = {
    "no-credentials": [vendor.NoCredentialsError(), vendor.ProfileNotFound(profile="x")],
    "expired-credentials": [vendor.UnauthorizedSSOTokenError()],
    "no-region": [vendor.NoRegionError(), vendor.InvalidRegionError(region_name="x")],
    "unavailable": [
        vendor.ReadTimeoutError(endpoint_url="u"),
        vendor.EndpointConnectionError(endpoint_url="u"),
        vendor.ConnectionClosedError(endpoint_url="u"),
        vendor.IncompleteReadError(actual_bytes=1, expected_bytes=2),
        vendor.FlexibleChecksumError(error_msg="x"),
        botocore.eventstream.ChecksumMismatch(1, 2),
        urllib3.exceptions.ProtocolError("x"),
        urllib3.exceptions.IncompleteRead(1, 2),
    ],
    "engine": [vendor.ParamValidationError(report="x"), Boto3Error("x")],
    "no-bucket": [vendor.ParamValidationError(report="Invalid bucket name x")],
    "aws-config": [vendor.InvalidDefaultsMode(mode="x", valid_modes="y")],
    "missing-package": [vendor.MissingDependencyException(msg="x")],
}


@pytest.mark.parametrize("problem", EXCEPTIONS)
def test_an_exception_has_the_problem_of_its_class(problem: str) -> None:
    for error in EXCEPTIONS[problem]:
        assert (error, mapped(error, "polly", "It").problem) == (error, problem)


def test_exceptions_that_are_not_aws_s_pass_through() -> None:
    for error in (StoreError("ours"), ValueError("a bug"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as raised, mapped_errors("polly", "It"):
            raise error
        assert raised.value is error


def test_a_long_message_is_quoted_in_part() -> None:
    error = mapped(client_error("ValidationException", "x" * 5000), "polly", "It")
    assert 100 < len(str(error)) < 400


GARBAGE = (b"", b"{", b"[]", b"<html>busy</html>", b"\xff\xfe\x00garbage", b"null", b"\xbf\xbf\xbf", b"7")


def test_a_reply_that_makes_no_sense_is_an_error_of_ours_or_an_empty_reply(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    with Loopback(Request.hang) as server:
        account(monkeypatch, AWS_ENDPOINT_URL=server.url)
        clients = Clients(attempts=1)
        translate, polly = clients.get("translate"), clients.get("polly")
        text = {"Text": "a", "SourceLanguageCode": "en", "TargetLanguageCode": "fr"}
        calls = {
            "translate": lambda: translate.translate_text(**text),
            "polly": polly.describe_voices,
            "s3": lambda: clients.get("s3").list_objects_v2(Bucket="b"),
            "sts": lambda: clients.get("sts").get_caller_identity(),
        }
        for body in GARBAGE:
            for status in (200, 400, 502):
                server.script = lambda request, body=body, status=status: request.reply(body, status)
                for service, call in calls.items():
                    try:
                        with mapped_errors(service, "It"):
                            call()
                    except StoriesError as error:
                        assert "\n" not in str(error)  # noqa: PT017 - an empty reply is fine too
        for service in calls:
            clients.get(service).close()


def test_an_address_without_a_server_is_reported_with_what_to_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Loopback(Request.hang) as server:
        url = server.url
    account(monkeypatch, AWS_ENDPOINT_URL=url)
    with pytest.raises(UnavailableError, match="cannot be reached"), mapped_errors("polly", "Amazon Polly"):
        Clients(attempts=1).get("polly").describe_voices()
