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
from pipeline.engines.aws.errors import answered, mapped
from pipeline.engines.aws.verdicts import CODES, RAISED
from pipeline.errors import (
    ConfigError,
    EngineError,
    NotFoundError,
    RequestError,
    StoreError,
    StoriesError,
    ThrottledError,
    UnavailableError,
)
from tests.engines.aws.loopback import Asked, Loopback, account

OPERATIONS = {
    "sagemaker-runtime": ("InvokeEndpoint", "InvokeEndpointWithResponseStream"),
    "translate": ("TranslateText",),
    "polly": ("SynthesizeSpeech", "DescribeVoices"),
    "s3": (
        "GetObject",
        "PutObject",
        "HeadObject",
        "HeadBucket",
        "ListObjectsV2",
        "GetBucketPolicyStatus",
        "GetPublicAccessBlock",
    ),
    "stepfunctions": ("StartExecution", "StartSyncExecution"),
    "sts": ("GetCallerIdentity",),
    "sagemaker": ("DescribeEndpoint", "DescribeEndpointConfig", "DeleteEndpoint", "ListEndpoints"),
    "ssm": ("GetParameter", "PutParameter"),
    "service-quotas": ("GetServiceQuota", "ListServiceQuotas"),
    "application-autoscaling": (
        "RegisterScalableTarget",
        "PutScalingPolicy",
        "DescribeScalableTargets",
        "DeregisterScalableTarget",
    ),
    "iam": ("SimulatePrincipalPolicy",),
}

# What each error of the service models is to us, decided by hand: a new one in botocore fails the walk below.
DECIDED: dict[str, dict[str, tuple[type[StoriesError], str]]] = {
    "sagemaker-runtime": {
        "InternalFailure": (UnavailableError, "unavailable"),
        "ServiceUnavailable": (UnavailableError, "unavailable"),
        "ValidationError": (EngineError, "engine"),
        "ModelError": (UnavailableError, "unavailable"),
        "InternalDependencyException": (UnavailableError, "unavailable"),
        "ModelNotReadyException": (ThrottledError, "throttled"),
        "ModelStreamError": (UnavailableError, "unavailable"),
        "InternalStreamFailure": (UnavailableError, "unavailable"),
    },
    "translate": {
        "InvalidRequestException": (EngineError, "engine"),
        "TextSizeLimitExceededException": (EngineError, "text-too-long"),
        "TooManyRequestsException": (ThrottledError, "throttled"),
        "UnsupportedLanguagePairException": (EngineError, "unknown-pair"),
        "DetectedLanguageLowConfidenceException": (RequestError, "unknown-language"),
        "ResourceNotFoundException": (ConfigError, "no-resource"),
        "InternalServerException": (UnavailableError, "unavailable"),
        "ServiceUnavailableException": (UnavailableError, "unavailable"),
    },
    "polly": {
        "TextLengthExceededException": (EngineError, "text-too-long"),
        "InvalidSampleRateException": (EngineError, "engine"),
        "InvalidSsmlException": (EngineError, "engine"),
        "LexiconNotFoundException": (ConfigError, "no-resource"),
        "ServiceFailureException": (UnavailableError, "unavailable"),
        "MarksNotSupportedForFormatException": (EngineError, "engine"),
        "SsmlMarksNotSupportedForTextTypeException": (EngineError, "engine"),
        "LanguageNotSupportedException": (RequestError, "unknown-voice"),
        "EngineNotSupportedException": (RequestError, "unknown-voice"),
        "InvalidNextTokenException": (EngineError, "engine"),
    },
    "s3": {
        "NoSuchKey": (NotFoundError, "not-found"),
        "NoSuchBucket": (ConfigError, "no-bucket"),
        "InvalidObjectState": (StoreError, "store"),
        "InvalidRequest": (StoreError, "store"),
        "InvalidWriteOffset": (StoreError, "store"),
        "TooManyParts": (StoreError, "store"),
        "EncryptionTypeMismatch": (StoreError, "store"),
    },
    "stepfunctions": {
        "ExecutionLimitExceeded": (ThrottledError, "throttled"),
        "ExecutionAlreadyExists": (EngineError, "engine"),
        "InvalidArn": (ConfigError, "no-workflow"),
        "InvalidExecutionInput": (EngineError, "engine"),
        "InvalidName": (EngineError, "engine"),
        "StateMachineDoesNotExist": (ConfigError, "no-workflow"),
        "StateMachineDeleting": (ConfigError, "no-workflow"),
        "StateMachineTypeNotSupported": (ConfigError, "no-workflow"),
        "ValidationException": (EngineError, "engine"),
        "KmsAccessDeniedException": (ConfigError, "access-denied"),
        "KmsInvalidStateException": (ConfigError, "no-workflow"),
        "KmsThrottlingException": (ThrottledError, "throttled"),
    },
    "sts": {},
    "sagemaker": {},
    "ssm": {
        "HierarchyLevelLimitExceededException": (EngineError, "engine"),
        "HierarchyTypeMismatchException": (EngineError, "engine"),
        "IncompatiblePolicyException": (EngineError, "engine"),
        "InvalidAllowedPatternException": (EngineError, "engine"),
        "InvalidKeyId": (EngineError, "engine"),
        "InvalidPolicyAttributeException": (EngineError, "engine"),
        "InvalidPolicyTypeException": (EngineError, "engine"),
        "ParameterAlreadyExists": (EngineError, "engine"),
        "ParameterLimitExceeded": (EngineError, "engine"),
        "ParameterMaxVersionLimitExceeded": (EngineError, "engine"),
        "ParameterPatternMismatchException": (EngineError, "engine"),
        "PoliciesLimitExceededException": (EngineError, "engine"),
        "UnsupportedParameterType": (EngineError, "engine"),
        "InternalServerError": (UnavailableError, "unavailable"),
        "ParameterNotFound": (ConfigError, "no-endpoint"),
        "ParameterVersionNotFound": (ConfigError, "no-endpoint"),
        "TooManyUpdates": (ThrottledError, "throttled"),
    },
    "service-quotas": {
        "AccessDeniedException": (ConfigError, "access-denied"),
        "IllegalArgumentException": (EngineError, "engine"),
        "InvalidPaginationTokenException": (EngineError, "engine"),
        "NoSuchResourceException": (EngineError, "engine"),
        "ServiceException": (UnavailableError, "unavailable"),
        "TooManyRequestsException": (ThrottledError, "throttled"),
    },
    "application-autoscaling": {
        "ConcurrentUpdateException": (ThrottledError, "throttled"),
        "FailedResourceAccessException": (ConfigError, "access-denied"),
        "InternalServiceException": (UnavailableError, "unavailable"),
        "InvalidNextTokenException": (EngineError, "engine"),
        "LimitExceededException": (ThrottledError, "throttled"),
        "ObjectNotFoundException": (EngineError, "engine"),
        "ValidationException": (EngineError, "engine"),
    },
    "iam": {
        "NoSuchEntity": (EngineError, "engine"),
        "InvalidInput": (EngineError, "engine"),
        "PolicyEvaluation": (UnavailableError, "unavailable"),
    },
}

# Those that no model names and every service may answer ("Common errors" of the API references).
ANYWHERE: dict[str, tuple[type[StoriesError], str]] = {
    "ThrottlingException": (ThrottledError, "throttled"),
    "Throttling": (ThrottledError, "throttled"),
    "SlowDown": (ThrottledError, "throttled"),
    "RequestLimitExceeded": (ThrottledError, "throttled"),
    "InternalError": (UnavailableError, "unavailable"),
    "RequestTimeout": (UnavailableError, "unavailable"),
    "AccessDenied": (ConfigError, "access-denied"),
    "AccessDeniedException": (ConfigError, "access-denied"),
    "UnrecognizedClientException": (ConfigError, "bad-credentials"),
    "InvalidClientTokenId": (ConfigError, "bad-credentials"),
    "InvalidSignatureException": (ConfigError, "bad-credentials"),
    "SignatureDoesNotMatch": (ConfigError, "bad-credentials"),
    "InvalidAccessKeyId": (ConfigError, "bad-credentials"),
    "RequestTimeTooSkewed": (ConfigError, "bad-credentials"),
    "ExpiredToken": (ConfigError, "expired-credentials"),
    "ExpiredTokenException": (ConfigError, "expired-credentials"),
}


def client_error(
    code: str, message: str = "No.", status: int = 400, operation: str = "It", **more: Any
) -> Any:
    told = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **more,
    }
    return ClientError(told, operation)


def modelled(service: str) -> set[str]:
    model = botocore.session.get_session().get_service_model(service)
    shapes = [shape for name in OPERATIONS[service] for shape in model.operation_model(name).error_shapes]
    return {shape.error_code for shape in shapes}


def is_a(error: StoriesError, decided: tuple[type[StoriesError], str]) -> bool:
    return (type(error), error.problem) == decided


@pytest.mark.parametrize("service", OPERATIONS)
def test_every_error_that_botocore_models_for_our_operations_is_decided(service: str) -> None:
    assert modelled(service) == set(DECIDED[service])
    assert modelled(service) - set(CODES) <= {"ModelError"}  # judged by the container's own status


@pytest.mark.parametrize(
    ("service", "code", "decided"),
    [(service, code, decided) for service, table in DECIDED.items() for code, decided in table.items()],
)
def test_a_modelled_error_becomes_what_was_decided(
    service: str, code: str, decided: tuple[type[StoriesError], str]
) -> None:
    error = mapped(client_error(code), service, "It")
    assert is_a(error, decided)
    assert getattr(error, "engine", service) == service


@pytest.mark.parametrize("engine", ["s3", "polly"])
@pytest.mark.parametrize(("code", "decided"), ANYWHERE.items())
def test_an_error_that_any_service_may_answer_means_the_same_everywhere(
    code: str, decided: tuple[type[StoriesError], str], engine: str
) -> None:
    assert is_a(mapped(client_error(code), engine, "It"), decided)


@pytest.mark.parametrize(
    ("status", "engine", "decided"),
    [
        (429, "polly", (ThrottledError, "throttled")),
        (500, "polly", (UnavailableError, "unavailable")),
        (503, "s3", (UnavailableError, "unavailable")),
        (403, "s3", (ConfigError, "access-denied")),
        (400, "polly", (EngineError, "engine")),
        (400, "s3", (StoreError, "store")),
        (404, "polly", (EngineError, "engine")),
    ],
)
def test_a_code_that_nobody_knows_is_judged_by_its_status(
    status: int, engine: str, decided: tuple[type[StoriesError], str]
) -> None:
    assert is_a(mapped(client_error("NewNextYear", status=status), engine, "It"), decided)


def test_a_missing_object_is_not_found_and_a_missing_bucket_is_named() -> None:
    absent = mapped(client_error("404", status=404, operation="HeadObject"), "s3", "the bucket x")
    assert is_a(absent, (NotFoundError, "not-found"))
    bucket = mapped(client_error("404", status=404, operation="HeadBucket"), "s3", "the bucket x")
    assert is_a(bucket, (ConfigError, "no-bucket"))
    assert "the bucket x is not there" in str(bucket)
    assert "STORIES_BUCKET" in str(bucket)


def test_only_a_store_has_store_errors() -> None:
    """A 404 without a body from Amazon Translate is not a missing key."""
    assert is_a(mapped(client_error("404", status=404), "translate", "It"), (EngineError, "engine"))


@pytest.mark.parametrize(
    ("operation", "code", "message"),
    [
        # As AWS words them (aws/amazon-sagemaker-examples#293; SageMaker's DescribeEndpoint).
        ("InvokeEndpoint", "ValidationError", "Endpoint falcon of account 123456789012 not found."),
        ("InvokeEndpointWithResponseStream", "ValidationError", "Endpoint x of account 1 not found."),
        ("DescribeEndpoint", "ValidationException", 'Could not find endpoint "arn:aws:sagemaker:x".'),
    ],
)
def test_a_missing_endpoint_says_how_to_mend_it(operation: str, code: str, message: str) -> None:
    error = mapped(client_error(code, message, operation=operation), "sagemaker", "the endpoint falcon")
    assert is_a(error, (ConfigError, "no-endpoint"))
    assert "STORIES_ENDPOINT" in str(error)


def test_another_validation_error_is_not_a_missing_endpoint() -> None:
    told = "Inference Component Name header is required"
    error = mapped(client_error("ValidationError", told, operation="InvokeEndpoint"), "sagemaker", "It")
    assert is_a(error, (EngineError, "engine"))
    assert told in str(error)


@pytest.mark.parametrize(
    ("status", "decided"),
    [
        (422, (EngineError, "model-refused")),
        (400, (EngineError, "model-refused")),
        (429, (ThrottledError, "throttled")),
        (500, (UnavailableError, "unavailable")),
        (503, (UnavailableError, "unavailable")),
    ],
)
def test_a_model_error_is_judged_by_the_container_s_own_status(
    status: int, decided: tuple[type[StoriesError], str]
) -> None:
    """TGI: 422 for a prompt that it refuses, 429 overloaded, 500 incomplete generation."""
    error = client_error("ModelError", "Received client error", 424, OriginalStatusCode=status)
    assert is_a(mapped(error, "sagemaker", "It"), decided)


def test_a_model_error_is_told_in_the_container_s_own_words() -> None:
    own = "`inputs` tokens + `max_new_tokens` must be <= 2048"
    wrapped = f'Received client error (422) from primary with message "{own}". See the logs in CloudWatch.'
    error = client_error("ModelError", wrapped, 424, OriginalStatusCode=422, OriginalMessage=own)
    said = str(mapped(error, "sagemaker", "the endpoint falcon"))
    assert own in said
    assert "CloudWatch" not in said


def exceptions() -> Iterator[type[Exception]]:
    for module in (vendor, botocore.eventstream, botocore.parsers):
        for kind in vars(module).values():
            if (
                inspect.isclass(kind)
                and issubclass(kind, Exception)
                and not issubclass(kind, Warning)
                and kind.__module__ == module.__name__
            ):
                yield kind


def made(kind: type[Exception]) -> Exception:
    """One of it, its fields filled in; by no constructor where that wants live objects."""
    if issubclass(kind, ClientError):
        return kind({"Error": {"Code": "x", "Message": "y"}}, "It")
    if issubclass(kind, BotoCoreError):
        names = [name for _, name, _, _ in string.Formatter().parse(kind.fmt) if name]
        wanted = {"last_response": {}} if kind is vendor.WaiterError else {}
        return kind(**dict.fromkeys(names, "x"), **wanted)
    error: Exception = kind.__new__(kind, "told\non two lines")
    return error


@pytest.mark.parametrize("kind", list(exceptions()), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_exception_of_botocore_leaves_as_ours_in_one_line(kind: type[Exception]) -> None:
    error = made(kind)
    with pytest.raises(StoriesError) as raised, answered("polly", "Amazon Polly"):
        raise error
    assert raised.value.__cause__ is error
    assert str(raised.value).strip()
    assert "\n" not in str(raised.value)


def test_every_exception_of_botocore_is_decided() -> None:
    """By its own name or that of an ancestor, other than the root of all."""
    roots = {"BotoCoreError", "ClientError", "HTTPError", "Boto3Error"}
    undecided = {
        kind.__name__
        for kind in exceptions()
        if kind.__module__.startswith("botocore")
        and not issubclass(kind, ClientError)
        and not {one.__name__ for one in kind.__mro__} & (set(RAISED) - roots)
    }
    assert undecided == {"BotoCoreError"}


@pytest.mark.parametrize(
    ("error", "decided"),
    [
        (vendor.NoCredentialsError(), (ConfigError, "no-credentials")),
        (vendor.ProfileNotFound(profile="x"), (ConfigError, "no-credentials")),
        (vendor.UnauthorizedSSOTokenError(), (ConfigError, "expired-credentials")),
        (vendor.NoRegionError(), (ConfigError, "no-region")),
        (vendor.ReadTimeoutError(endpoint_url="u"), (UnavailableError, "unavailable")),
        (vendor.ConnectTimeoutError(endpoint_url="u"), (UnavailableError, "unavailable")),
        (vendor.EndpointConnectionError(endpoint_url="u"), (UnavailableError, "unavailable")),
        (vendor.ConnectionClosedError(endpoint_url="u"), (UnavailableError, "unavailable")),
        (
            vendor.IncompleteReadError(actual_bytes=1, expected_bytes=2),
            (UnavailableError, "unavailable"),
        ),
        (vendor.ResponseStreamingError(error="x"), (UnavailableError, "unavailable")),
        (vendor.FlexibleChecksumError(error_msg="x"), (UnavailableError, "unavailable")),
        (botocore.eventstream.ChecksumMismatch(1, 2), (UnavailableError, "unavailable")),
        (urllib3.exceptions.ProtocolError("x"), (UnavailableError, "unavailable")),
        (urllib3.exceptions.IncompleteRead(1, 2), (UnavailableError, "unavailable")),
        (vendor.ParamValidationError(report="x"), (EngineError, "engine")),
        (vendor.ParamValidationError(report="Invalid bucket name x"), (ConfigError, "no-bucket")),
        (vendor.InvalidDefaultsMode(mode="x", valid_modes="y"), (ConfigError, "aws-config")),
        (vendor.MissingDependencyException(msg="x"), (ConfigError, "missing-package")),
        (Boto3Error("x"), (EngineError, "engine")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_exception_of_botocore_becomes_what_was_decided(
    error: Exception, decided: tuple[type[StoriesError], str]
) -> None:
    assert is_a(mapped(error, "polly", "It"), decided)


def test_a_wrong_call_to_the_store_is_a_store_error() -> None:
    error = vendor.ParamValidationError(report="x")
    assert is_a(mapped(error, "s3", "It"), (StoreError, "store"))


def test_an_error_event_that_nobody_knows_is_a_broken_stream() -> None:
    error = vendor.EventStreamError({"Error": {"Code": "New", "Message": ""}}, "It")
    assert is_a(mapped(error, "sagemaker", "It"), (UnavailableError, "unavailable"))


def test_what_is_not_aws_s_goes_its_way() -> None:
    for error in (StoreError("ours"), ValueError("a bug"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as raised, answered("polly", "It"):
            raise error
        assert raised.value is error


def test_a_long_answer_is_quoted_in_part() -> None:
    error = mapped(client_error("ValidationException", "x" * 5000), "polly", "It")
    assert 100 < len(str(error)) < 400


GARBAGE = (b"", b"{", b"[]", b"<html>busy</html>", b"\xff\xfe\x00garbage", b"null", b"\xbf\xbf\xbf", b"7")


@pytest.mark.parametrize("status", [200, 400, 502])
@pytest.mark.parametrize("body", GARBAGE)
def test_an_answer_that_makes_no_sense_is_an_error_of_ours_or_an_empty_answer(
    monkeypatch: pytest.MonkeyPatch, body: bytes, status: int
) -> None:
    with Loopback(lambda asked: asked.reply(body, status)) as server:
        account(monkeypatch, AWS_ENDPOINT_URL=server.url)
        calls = {
            "translate": lambda one: one.translate_text(
                Text="a", SourceLanguageCode="en", TargetLanguageCode="fr"
            ),
            "polly": lambda one: one.describe_voices(),
            "s3": lambda one: one.list_objects_v2(Bucket="b"),
            "sts": lambda one: one.get_caller_identity(),
        }
        for service, call in calls.items():
            client = Clients().get(service)
            try:
                with answered(service, "It"):
                    call(client)
            except StoriesError as error:
                assert "\n" not in str(error)  # noqa: PT017 - either outcome will do, no other exception will
            client.close()


def test_nobody_at_the_address_is_said_with_what_to_check(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback(Asked.hang) as server:
        url = server.url
    account(monkeypatch, AWS_ENDPOINT_URL=url)
    with pytest.raises(UnavailableError, match="cannot be reached"), answered("polly", "Amazon Polly"):
        Clients().get("polly").describe_voices()
