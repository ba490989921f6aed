"""botocore's errors become ours, here and nowhere else: by HTTP status and by exception class.

A short table holds the error codes that mean something else than their status says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from traceback import walk_tb
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Meaning:
    """text: the message; {what} is the service or bucket in words, {code} AWS's code or the exception's
    name, {quote} AWS's own words."""

    kind: type[StoriesError]
    problem: str
    text: str


def _unavailable(text: str) -> Meaning:
    return Meaning(UnavailableError, "unavailable", text)


BUSY = Meaning(ThrottledError, "throttled", "{what} is busy ({code}): wait a moment and run it again")
DOWN = _unavailable("{what} is unavailable ({code}: {quote}): run it again in a while")
SILENT = _unavailable("{what} did not answer in time ({code}): run it again in a while")
BROKEN = _unavailable("the answer of {what} broke off ({code}): run it again")
GARBLED = _unavailable(
    "the answer of {what} makes no sense ({code}): run it again, and check any AWS_ENDPOINT_URL or proxy"
)
UNREACHABLE = _unavailable(
    "{what} cannot be reached ({code}): check the network, AWS_REGION and any AWS_ENDPOINT_URL, "
    "then run it again"
)
FAILED = Meaning(EngineError, "engine", "{what} refused the call ({code}: {quote})")
STORE_FAILED = Meaning(StoreError, "store", "{what} refused the call ({code}: {quote})")
MISSING = Meaning(NotFoundError, "not-found", "nothing is stored there, in {what} ({code})")
REFUSED_BY_MODEL = Meaning(
    EngineError,
    "model-refused",
    "the model behind {what} refused the prompt ({quote}): it is too long for the model, or its container "
    "is of the other kind (STORIES_CONTAINER: text-generation or chat)",
)
TOO_LONG = Meaning(
    EngineError, "text-too-long", "the text is longer than {what} takes in one call ({code}): shorten it"
)
UNKNOWN_PAIR = Meaning(
    EngineError, "unknown-pair", "{what} does not translate this pair of languages ({quote}): choose another"
)
UNKNOWN_VOICE = Meaning(
    RequestError,
    "unknown-voice",
    "{what} has no such voice for this engine and language ({quote}): see `stories voices`",
)
UNSURE_LANGUAGE = Meaning(
    RequestError,
    "unknown-language",
    "{what} cannot tell which language this is in: write a little more, or choose a locale",
)
NO_CREDENTIALS = Meaning(
    ConfigError,
    "no-credentials",
    "no AWS credentials for {what} ({code}): set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or run `aws configure`",
)
NO_PROFILE = Meaning(
    ConfigError, "no-credentials", "{quote}: set AWS_PROFILE to a profile of ~/.aws/config, or unset it"
)
EXPIRED = Meaning(
    ConfigError,
    "expired-credentials",
    "the AWS credentials have expired ({code}): sign in again (`aws sso login`, or new keys)",
)
BAD_CREDENTIALS = Meaning(
    ConfigError,
    "bad-credentials",
    "{what} does not accept the AWS credentials ({code}): check the keys, the session token, "
    "and this machine's clock",
)
DENIED = Meaning(
    ConfigError,
    "access-denied",
    "these AWS credentials may not use {what} ({code}: {quote}): allow it in IAM, "
    "or use others with AWS_PROFILE",
)
NO_REGION = Meaning(
    ConfigError,
    "no-region",
    "{what} does not exist in this region ({quote}): set AWS_REGION to one that has it",
)
NO_ENDPOINT = Meaning(
    ConfigError,
    "no-endpoint",
    "{what} does not exist ({quote}): set STORIES_ENDPOINT to an endpoint in service in this region, "
    "or deploy one with notebooks/01_deploy_falcon.ipynb",
)
NO_PARAMETER = Meaning(
    ConfigError,
    "no-endpoint",
    "{what} does not exist ({code}): write it with notebooks/01_deploy_falcon.ipynb, or set STORIES_ENDPOINT "
    "to an endpoint's own name",
)
NO_BUCKET = Meaning(
    ConfigError,
    "no-bucket",
    "{what} does not exist ({code}): set STORIES_BUCKET to a bucket of this account and region, or create it",
)
NO_MACHINE = Meaning(
    ConfigError,
    "no-workflow",
    "{what} cannot be started ({code}: {quote}): deploy the stack, and check the state machine's ARN",
)
NO_RESOURCE = Meaning(
    ConfigError,
    "no-resource",
    "{what} lacks something that the settings name ({code}: {quote}): check terminology and lexicon names",
)
BAD_CONFIG = Meaning(
    ConfigError,
    "aws-config",
    "the AWS configuration cannot be used ({quote}): mend ~/.aws/config or the AWS_ variables",
)
BAD_SETUP = Meaning(
    ConfigError, "missing-package", "boto3 is too old or incomplete ({quote}): run `make setup`"
)


def _by_name(names: Mapping[Meaning, str]) -> dict[str, Meaning]:
    return {name: meaning for meaning, line in names.items() for name in line.split()}


# Error codes, without the ending "Exception", that mean something else than their status: most come as 400.
# Sources: botocore's service models of the operations that we call, "Common errors" of AWS's API references,
# and S3's "Error responses".
CODES = _by_name(
    {
        BUSY: """Throttling Throttled RequestThrottled TooManyRequests RequestLimitExceeded LimitExceeded
            BandwidthLimitExceeded SlowDown ExecutionLimitExceeded KmsThrottling ServiceQuotaExceeded
            ProvisionedThroughputExceeded PriorRequestNotComplete TooManyUpdates ConcurrentUpdate""",
        DOWN: "OperationAborted ConditionalRequestConflict",
        SILENT: "RequestTimeout",
        FAILED: "InvalidObjectState",
        TOO_LONG: "TextSizeLimitExceeded TextLengthExceeded",
        UNKNOWN_PAIR: "UnsupportedLanguagePair",
        UNKNOWN_VOICE: "LanguageNotSupported EngineNotSupported",
        UNSURE_LANGUAGE: "DetectedLanguageLowConfidence",
        EXPIRED: "ExpiredToken",
        BAD_CREDENTIALS: """UnrecognizedClient InvalidClientTokenId InvalidSignature SignatureDoesNotMatch
            IncompleteSignature InvalidAccessKeyId InvalidToken MissingAuthenticationToken AuthFailure
            RequestTimeTooSkewed RequestExpired AuthorizationHeaderMalformed""",
        DENIED: "AccessDenied KmsAccessDenied FailedResourceAccess NotAuthorized OptInRequired",
        NO_REGION: "RegionDisabled",
        NO_BUCKET: "NoSuchBucket InvalidBucketName IllegalLocationConstraint",
        NO_MACHINE: """StateMachineDoesNotExist StateMachineDeleting StateMachineTypeNotSupported InvalidArn
            KmsInvalidState""",
        NO_RESOURCE: "ResourceNotFound LexiconNotFound",
        NO_PARAMETER: "ParameterNotFound ParameterVersionNotFound",
    }
)

# Exceptions of botocore, urllib3 and the event stream's parser, by class name; the nearest ancestor counts.
# Of botocore's own, the rest are wrong settings; ParamValidationError and the like are wrong calls of ours.
_EXCEPTIONS = _by_name(
    {
        BUSY: "CapacityNotAvailableError",
        UNREACHABLE: """HTTPClientError ConnectionError ProxyError NewConnectionError ConnectTimeoutError
            HTTPError""",
        SILENT: "ReadTimeoutError",
        BROKEN: """ConnectionClosedError ResponseStreamingError IncompleteReadError ProtocolError
            IncompleteRead ParserError ChecksumError FlexibleChecksumError DecodeError""",
        NO_CREDENTIALS: """NoCredentialsError PartialCredentialsError CredentialRetrievalError
            NoAuthTokenError UnknownCredentialError MetadataRetrievalError""",
        NO_PROFILE: "ProfileNotFound",
        EXPIRED: "TokenRetrievalError SSOError LoginError RefreshWithMFAUnsupportedError",
        NO_REGION: """BaseEndpointResolverError UnknownRegionError InvalidRegionError ServiceNotInRegionError
            EndpointProviderError""",
        NO_BUCKET: """InvalidDNSNameError InvalidHostLabelError UnsupportedS3ArnError
            UnsupportedOutpostResourceError UnsupportedS3AccesspointConfigurationError""",
        BAD_SETUP: """DataNotFoundError MissingDependencyException MD5UnavailableError
            UndefinedModelAttributeError""",
        FAILED: """ValidationError ParamValidationError MissingParametersError PaginationError WaiterError
            Boto3Error ClientError""",
        BAD_CONFIG: "BotoCoreError",
    }
)

_LONGEST_QUOTE = 240
_PACKAGES = {"boto3", "botocore", "urllib3"}
# SageMaker has no error code for a missing endpoint: "Endpoint x of account y not found." (InvokeEndpoint,
# ValidationError), "Could not find endpoint ..." (DescribeEndpoint).
_OF_ENDPOINTS = {"InvokeEndpoint", "InvokeEndpointWithResponseStream", "DescribeEndpoint"}
_NOT_THERE = ("not found", "could not find")
# botocore's ParamValidationError: "Parameter validation failed: Invalid bucket name ...".
_BAD_BUCKET = "invalid bucket name"


@contextmanager
def mapped_errors(engine: str, what: str) -> Iterator[None]:
    """Every error of AWS's packages inside leaves as one of our errors, raised from it.

    engine: ours, in one word ("polly", "s3"). what: words for a person ("Amazon Polly", "the bucket x").
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, StoriesError) or not _is_foreign(error):
            raise
        raise mapped(error, engine, what) from error


def mapped(error: Exception, engine: str, what: str) -> StoriesError:
    """Our error for one of AWS's packages."""
    response = _response(error)
    meaning = _of_response(error, response) if response.get("Error") else _of_exception(error)
    if engine == "s3":
        meaning = STORE_FAILED if meaning is FAILED else meaning
    elif meaning is MISSING:  # only a store has missing keys
        meaning = FAILED
    code = str(response.get("Error", {}).get("Code") or type(error).__name__)
    message = meaning.text.format(what=what, code=code, quote=_quote(error))
    if issubclass(meaning.kind, EngineError):
        return meaning.kind(message, engine=engine, problem=meaning.problem)
    return meaning.kind(message, problem=meaning.problem)


def _response(error: Exception) -> dict[str, Any]:
    response = getattr(error, "response", None)
    return response if isinstance(response, dict) else {}


def _of_response(error: Any, response: dict[str, Any]) -> Meaning:
    code = str(response["Error"].get("Code", "")).removesuffix("Exception")
    operation = str(getattr(error, "operation_name", ""))
    if operation in _OF_ENDPOINTS and code.startswith("Validation"):
        quote = _quote(error).casefold()
        return NO_ENDPOINT if any(words in quote for words in _NOT_THERE) else FAILED
    if code == "ModelError":
        return _of_model(response.get("OriginalStatusCode"))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if operation == "HeadBucket" and status == 404:  # a HEAD has no body to name its error
        return NO_BUCKET
    return CODES.get(code) or _of_status(status)


def _of_model(status: Any) -> Meaning:
    """The container answered with an error: its own status says whether another attempt may help."""
    if status == 429:
        return BUSY
    return REFUSED_BY_MODEL if isinstance(status, int) and 400 <= status < 500 else DOWN


def _of_status(status: int | None) -> Meaning:
    if status is None:  # an error event, in the middle of a stream that began with a 200
        return BROKEN
    if status >= 500:
        return DOWN
    exact = {301: NO_BUCKET, 401: DENIED, 403: DENIED, 404: MISSING, 408: SILENT, 429: BUSY}
    return exact.get(status, FAILED)


def _of_exception(error: Exception) -> Meaning:
    if _BAD_BUCKET in str(error).casefold():
        return NO_BUCKET
    names = (kind.__name__ for kind in type(error).__mro__)
    return next((_EXCEPTIONS[name] for name in names if name in _EXCEPTIONS), GARBLED)


def _quote(error: Exception) -> str:
    """The vendor's words on one line, without botocore's "An error occurred" around them; a model container's
    own words, where SageMaker wraps them.
    """
    response = _response(error)
    words = response.get("OriginalMessage") or response.get("Error", {}).get("Message") or error
    line = " ".join(str(words).split())
    return line if len(line) <= _LONGEST_QUOTE else line[:_LONGEST_QUOTE] + "…"


def _is_foreign(error: Exception) -> bool:
    """Whether AWS's packages raised it: one of their classes, or a bare AttributeError or struct.error of
    botocore's parsers over an answer of the wrong shape. An event stream is read past botocore, so urllib3's
    errors come out as they are.
    """
    packages = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    frames = (frame for frame, _ in walk_tb(error.__traceback__))
    return not _PACKAGES.isdisjoint(packages) or any(
        frame.f_globals.get("__name__", "").startswith("botocore.") for frame in frames
    )
