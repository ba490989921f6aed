"""botocore's errors become ours, here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb
from typing import Any

from pipeline.engines.aws.verdicts import (
    BROKEN,
    BUSY,
    CODES,
    DENIED,
    DOWN,
    FAILED,
    GARBLED,
    NO_BUCKET,
    NO_ENDPOINT,
    RAISED,
    REFUSED_BY_MODEL,
    STORE_FAILED,
    Verdict,
)
from pipeline.errors import EngineError, StoreError, StoriesError

_LONGEST_QUOTE = 240
# What SageMaker says of an endpoint that is not there has no code of its own: "Endpoint x of account y
# not found." (InvokeEndpoint, ValidationError), "Could not find endpoint ..." (DescribeEndpoint).
_OF_ENDPOINTS = {"InvokeEndpoint", "InvokeEndpointWithResponseStream", "DescribeEndpoint"}
_NOT_THERE = ("not found", "could not find")
# botocore's ParamValidationError: "Parameter validation failed: Invalid bucket name ...".
_BAD_BUCKET = "invalid bucket name"


@contextmanager
def answered(engine: str, what: str) -> Iterator[None]:
    """Whatever botocore raises inside leaves as one of our errors, raised from it.

    engine: ours, in one word ("polly", "s3"). what: words for a person ("Amazon Polly", "the bucket x").
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, StoriesError) or not _is_foreign(error):
            raise
        raise mapped(error, engine, what) from error


def mapped(error: Exception, engine: str, what: str) -> StoriesError:
    """Our error for one of botocore's. A code that no table knows is judged by its HTTP status."""
    response = getattr(error, "response", None)
    if isinstance(response, dict) and response.get("Error"):
        verdict = _of_response(error, response)
    else:
        verdict = _of_exception(error)
    return _made(_of_engine(verdict, engine), engine, what, _code(error), _quoted(error))


def _of_response(error: Any, response: dict[str, Any]) -> Verdict:
    code = str(response["Error"].get("Code", ""))
    operation = str(getattr(error, "operation_name", ""))
    if operation in _OF_ENDPOINTS and code.startswith("Validation"):
        said = _quoted(error).casefold()
        return NO_ENDPOINT if any(words in said for words in _NOT_THERE) else FAILED
    if code == "ModelError":
        return _of_model(response)
    if operation == "HeadBucket" and code in {"404", "NoSuchBucket"}:  # a HEAD has no body to name its error
        return NO_BUCKET
    return CODES.get(code) or _of_status(response)


def _of_model(response: dict[str, Any]) -> Verdict:
    """The container answered with an error: its own status says whether asking again may help."""
    status = response.get("OriginalStatusCode")
    if status == 429:
        return BUSY
    return REFUSED_BY_MODEL if isinstance(status, int) and 400 <= status < 500 else DOWN


def _of_status(response: dict[str, Any]) -> Verdict:
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if status is None:  # an error event, in the middle of a stream that began with a 200
        return BROKEN
    if status == 429:
        return BUSY
    if status >= 500:
        return DOWN
    return DENIED if status in {401, 403} else FAILED


def _of_exception(error: Exception) -> Verdict:
    if _BAD_BUCKET in str(error).casefold():
        return NO_BUCKET
    names = (kind.__name__ for kind in type(error).__mro__)
    return next((RAISED[name] for name in names if name in RAISED), GARBLED)


def _of_engine(verdict: Verdict, engine: str) -> Verdict:
    """Only a store has store errors: a 404 from another service means something else."""
    if engine == "s3":
        return STORE_FAILED if verdict is FAILED else verdict
    return FAILED if issubclass(verdict.makes, StoreError) else verdict


def _made(verdict: Verdict, engine: str, what: str, code: str, told: str) -> StoriesError:
    message = verdict.says.format(what=what, code=code, told=told)
    kind = verdict.makes
    if issubclass(kind, EngineError):
        return kind(message, engine=engine, problem=verdict.problem)
    return kind(message, problem=verdict.problem)


def _code(error: Exception) -> str:
    """The service's code, else the exception's own name."""
    response = getattr(error, "response", None)
    told = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(told or type(error).__name__)


def _quoted(error: Exception) -> str:
    """The vendor's words on one line, without botocore's "An error occurred" around them; a model container's
    own words, where SageMaker wraps them.
    """
    response = getattr(error, "response", None)
    told = response if isinstance(response, dict) else {}
    said = told.get("OriginalMessage") or told.get("Error", {}).get("Message")
    line = " ".join(str(said or error).split())
    return line if len(line) <= _LONGEST_QUOTE else line[:_LONGEST_QUOTE] + "…"


def _is_foreign(error: Exception) -> bool:
    """Did AWS's packages raise it? An event stream is read past botocore: urllib3's errors come out raw."""
    from boto3.exceptions import Boto3Error
    from botocore.eventstream import ParserError
    from botocore.exceptions import BotoCoreError, ClientError, UndefinedModelAttributeError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    of_responses = (ClientError, ParserError, ResponseParserError, HTTPError)
    of_calls = (BotoCoreError, UndefinedModelAttributeError, Boto3Error)
    return isinstance(error, of_responses + of_calls) or _came_through_botocore(error)


def _came_through_botocore(error: Exception) -> bool:
    """Its parsers stumble with a bare AttributeError or struct.error over an answer of the wrong shape."""
    frames = (frame for frame, _ in walk_tb(error.__traceback__))
    return any(frame.f_globals.get("__name__", "").startswith("botocore.") for frame in frames)
