"""What an error of AWS means: our class, problem and words for a person, by its code or its exception."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
PARTIAL_CREDENTIALS = Meaning(
    ConfigError,
    "no-credentials",
    "the AWS credentials are incomplete ({quote}): set what is missing, or AWS_PROFILE to another profile",
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
EXCEPTIONS = _by_name(
    {
        BUSY: "CapacityNotAvailableError",
        UNREACHABLE: """HTTPClientError ConnectionError ProxyError NewConnectionError ConnectTimeoutError
            HTTPError""",
        SILENT: "ReadTimeoutError",
        BROKEN: """ConnectionClosedError ResponseStreamingError IncompleteReadError ProtocolError
            IncompleteRead ParserError ChecksumError FlexibleChecksumError DecodeError""",
        NO_CREDENTIALS: """NoCredentialsError CredentialRetrievalError NoAuthTokenError UnknownCredentialError
            MetadataRetrievalError""",
        PARTIAL_CREDENTIALS: "PartialCredentialsError",
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
