"""What each of AWS's error codes and botocore's exceptions means to us: tables, no code.

In `says`: {what} is the service or bucket in words, {code} AWS's code or the exception's name, {told}
AWS's own words.
"""

from __future__ import annotations

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
class Verdict:
    makes: type[StoriesError]
    problem: str
    says: str


BUSY = Verdict(ThrottledError, "throttled", "{what} is busy ({code}): wait a moment and run it again")
DOWN = Verdict(
    UnavailableError, "unavailable", "{what} is unavailable ({code}: {told}): run it again in a while"
)
UNREACHABLE = Verdict(
    UnavailableError,
    "unavailable",
    "{what} cannot be reached ({code}): check the network, AWS_REGION and any AWS_ENDPOINT_URL, "
    "then run it again",
)
SILENT = Verdict(
    UnavailableError, "unavailable", "{what} did not answer in time ({code}): run it again in a while"
)
BROKEN = Verdict(UnavailableError, "unavailable", "the answer of {what} broke off ({code}): run it again")
GARBLED = Verdict(
    UnavailableError,
    "unavailable",
    "the answer of {what} makes no sense ({code}): run it again, and check any AWS_ENDPOINT_URL or proxy",
)
FAILED = Verdict(EngineError, "engine", "{what} refused the call ({code}: {told})")
REFUSED_BY_MODEL = Verdict(
    EngineError,
    "model-refused",
    "the model behind {what} refused the prompt ({told}): it is too long for the model, or its container is "
    "of the other kind (STORIES_CONTAINER: text-generation or chat)",
)
TOO_LONG = Verdict(
    EngineError, "text-too-long", "the text is longer than {what} takes in one call ({code}): shorten it"
)
UNKNOWN_PAIR = Verdict(
    EngineError, "unknown-pair", "{what} does not translate this pair of languages ({told}): choose another"
)
UNKNOWN_VOICE = Verdict(
    RequestError,
    "unknown-voice",
    "{what} has no such voice for this engine and language ({told}): see `stories voices`",
)
UNSURE_LANGUAGE = Verdict(
    RequestError,
    "unknown-language",
    "{what} cannot tell which language this is in: write a little more, or choose a locale",
)

NO_CREDENTIALS = Verdict(
    ConfigError,
    "no-credentials",
    "no AWS credentials for {what} ({code}): set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or run `aws configure`",
)
NO_PROFILE = Verdict(
    ConfigError,
    "no-credentials",
    "{told}: set AWS_PROFILE to a profile of ~/.aws/config, or unset it",
)
EXPIRED = Verdict(
    ConfigError,
    "expired-credentials",
    "the AWS credentials have expired ({code}): sign in again (`aws sso login`, or new keys)",
)
BAD_CREDENTIALS = Verdict(
    ConfigError,
    "bad-credentials",
    "{what} does not accept the AWS credentials ({code}): check the keys, the session token, "
    "and this machine's clock",
)
DENIED = Verdict(
    ConfigError,
    "access-denied",
    "these AWS credentials may not use {what} ({code}: {told}): allow it in IAM, "
    "or use others with AWS_PROFILE",
)
NO_REGION = Verdict(
    ConfigError, "no-region", "{what} is not found in this region ({told}): set AWS_REGION to one that has it"
)
NO_ENDPOINT = Verdict(
    ConfigError,
    "no-endpoint",
    "{what} is not there ({told}): set STORIES_ENDPOINT to an endpoint in service in this region, "
    "or deploy one with notebooks/01_deploy_falcon.ipynb",
)
NO_PARAMETER = Verdict(
    ConfigError,
    "no-endpoint",
    "{what} is not there ({code}): write it with notebooks/01_deploy_falcon.ipynb, or set STORIES_ENDPOINT "
    "to an endpoint's own name",
)
NO_BUCKET = Verdict(
    ConfigError,
    "no-bucket",
    "{what} is not there ({code}): set STORIES_BUCKET to a bucket of this account and region, or create it",
)
NO_MACHINE = Verdict(
    ConfigError,
    "no-workflow",
    "{what} cannot be started ({code}: {told}): deploy the stack, and check the state machine's ARN",
)
NO_RESOURCE = Verdict(
    ConfigError,
    "no-resource",
    "{what} does not find what it was told to use ({code}: {told}): check terminology and lexicon names",
)
BAD_CONFIG = Verdict(
    ConfigError,
    "aws-config",
    "the AWS configuration cannot be used ({told}): mend ~/.aws/config or the AWS_ variables",
)
BAD_SETUP = Verdict(
    ConfigError, "missing-package", "boto3 is too old or incomplete ({told}): run `make setup`"
)

MISSING = Verdict(NotFoundError, "not-found", "nothing is stored there, in {what} ({code})")
STORE_FAILED = Verdict(StoreError, "store", "{what} refused the call ({code}: {told})")
KEY_REFUSED = Verdict(
    StoreError, "store", "{what} cannot be read or written ({code}: {told}): check its KMS key"
)

# Codes of the service models (botocore/data/*/service-2.json) for the operations that we use, and those that
# every service may answer (docs: "Common errors") and S3's own list (docs: "Error responses").
_CODES = {
    BUSY: """Throttling ThrottlingException ThrottledException RequestThrottledException RequestThrottled
        TooManyRequestsException RequestLimitExceeded BandwidthLimitExceeded LimitExceededException SlowDown
        ModelNotReadyException ExecutionLimitExceeded KmsThrottlingException ServiceQuotaExceededException
        ProvisionedThroughputExceededException PriorRequestNotComplete TooManyUpdates
        ConcurrentUpdateException""",
    DOWN: """ServiceUnavailable ServiceUnavailableException InternalFailure InternalError InternalServerError
        InternalServerException InternalDependencyException ServiceFailureException InternalStreamFailure
        ModelStreamError PolicyEvaluation PolicyEvaluationException OperationAborted
        ConditionalRequestConflict ServiceException InternalServiceException""",
    SILENT: "RequestTimeout RequestTimeoutException GatewayTimeout",
    TOO_LONG: "TextSizeLimitExceededException TextLengthExceededException",
    UNKNOWN_PAIR: "UnsupportedLanguagePairException",
    UNSURE_LANGUAGE: "DetectedLanguageLowConfidenceException",
    UNKNOWN_VOICE: "LanguageNotSupportedException EngineNotSupportedException",
    FAILED: """InvalidSsmlException InvalidSampleRateException MarksNotSupportedForFormatException
        SsmlMarksNotSupportedForTextTypeException InvalidNextTokenException InvalidRequestException
        ValidationError ValidationException InvalidParameterValue InvalidParameterCombination MissingParameter
        MalformedQueryString InvalidAction InvalidQueryParameter InvalidExecutionInput InvalidName
        ExecutionAlreadyExists InvalidInput InvalidInputException NoSuchEntity NoSuchEntityException
        SerializationException UnknownOperationException HierarchyLevelLimitExceededException
        HierarchyTypeMismatchException IncompatiblePolicyException InvalidAllowedPatternException InvalidKeyId
        InvalidPolicyAttributeException InvalidPolicyTypeException ParameterAlreadyExists
        ParameterLimitExceeded ParameterMaxVersionLimitExceeded ParameterPatternMismatchException
        PoliciesLimitExceededException UnsupportedParameterType IllegalArgumentException
        InvalidPaginationTokenException NoSuchResourceException ObjectNotFoundException""",
    EXPIRED: "ExpiredToken ExpiredTokenException",
    BAD_CREDENTIALS: """UnrecognizedClientException InvalidClientTokenId InvalidSignatureException
        SignatureDoesNotMatch IncompleteSignature IncompleteSignatureException InvalidAccessKeyId InvalidToken
        MissingAuthenticationToken MissingAuthenticationTokenException RequestTimeTooSkewed
        RequestExpired AuthorizationHeaderMalformed AuthFailure""",
    DENIED: """AccessDenied AccessDeniedException UnauthorizedOperation UnauthorizedAccess NotAuthorized
        OptInRequired AccountProblem AllAccessDisabled KmsAccessDeniedException
        FailedResourceAccessException""",
    NO_REGION: "RegionDisabledException",
    NO_BUCKET: "NoSuchBucket InvalidBucketName PermanentRedirect 301 IllegalLocationConstraintException",
    NO_MACHINE: """StateMachineDoesNotExist StateMachineDeleting StateMachineTypeNotSupported InvalidArn
        KmsInvalidStateException""",
    NO_RESOURCE: """ResourceNotFoundException ResourceNotFound LexiconNotFoundException""",
    NO_PARAMETER: "ParameterNotFound ParameterVersionNotFound",
    MISSING: "NoSuchKey 404 NoSuchVersion",
    STORE_FAILED: """InvalidRequest InvalidWriteOffset TooManyParts EncryptionTypeMismatch InvalidObjectState
        PreconditionFailed 412 EntityTooLarge BadDigest InvalidRange KeyTooLongError NoSuchBucketPolicy
        NoSuchPublicAccessBlockConfiguration""",
    KEY_REFUSED: "KMS.DisabledException KMS.NotFoundException KMS.KMSInvalidStateException",
}
CODES: dict[str, Verdict] = {code: verdict for verdict, codes in _CODES.items() for code in codes.split()}

# botocore's exceptions (and those of boto3, urllib3 and the event stream's parser), each by its class's name;
# a class that is not named is judged by the nearest ancestor that is.
_RAISED = {
    BUSY: "CapacityNotAvailableError",
    UNREACHABLE: """HTTPClientError ConnectionError EndpointConnectionError ConnectTimeoutError SSLError
        ProxyConnectionError ProxyError NewConnectionError ConnectTimeoutError HTTPError""",
    SILENT: "ReadTimeoutError",
    BROKEN: """ConnectionClosedError ResponseStreamingError IncompleteReadError ProtocolError IncompleteRead
        ParserError ChecksumError FlexibleChecksumError DecodeError""",
    GARBLED: "ResponseParserError",
    NO_CREDENTIALS: """NoCredentialsError PartialCredentialsError CredentialRetrievalError NoAuthTokenError
        UnknownCredentialError MetadataRetrievalError""",
    NO_PROFILE: "ProfileNotFound",
    EXPIRED: "TokenRetrievalError SSOError LoginError RefreshWithMFAUnsupportedError",
    NO_REGION: """BaseEndpointResolverError UnknownRegionError InvalidRegionError ServiceNotInRegionError
        EndpointProviderError""",
    NO_BUCKET: """InvalidDNSNameError InvalidHostLabelError UnsupportedS3ArnError UnsupportedS3ControlArnError
        UnsupportedOutpostResourceError UnsupportedS3AccesspointConfigurationError""",
    BAD_CONFIG: """ConfigParseError ConfigNotFound InvalidConfigError InvalidRetryConfigurationError
        InvalidDefaultsMode InvalidS3AddressingStyleError InvalidChecksumConfigError InvalidProxiesConfigError
        UnknownTokenProviderError InvalidIMDSEndpointError InvalidIMDSEndpointModeError
        InvalidEndpointConfigurationError InvalidEndpointDiscoveryConfigurationError
        InvalidS3UsEast1RegionalEndpointConfigError InvalidSTSRegionalEndpointsConfigError
        UnsupportedS3ConfigurationError UnsupportedS3ControlConfigurationError UnknownSignatureVersionError
        UnsupportedSignatureVersionError""",
    BAD_SETUP: """DataNotFoundError ApiVersionNotFoundError MissingDependencyException MD5UnavailableError
        UnknownServiceStyle UndefinedModelAttributeError UnsupportedServiceProtocolsError
        UnknownClientMethodError""",
    # A call that we made wrongly: no setting mends it.
    FAILED: """ValidationError ParamValidationError MissingParametersError AliasConflictParameterError
        PaginationError OperationNotPageableError WaiterError WaiterConfigError InvalidExpressionError
        UnseekableStreamError AwsChunkedWrapperError StubResponseError BotoCoreError ClientError
        Boto3Error""",
}
RAISED: dict[str, Verdict] = {name: verdict for verdict, names in _RAISED.items() for name in names.split()}
