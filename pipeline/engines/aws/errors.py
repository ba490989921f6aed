"""botocore's errors become ours, here and nowhere else: by HTTP status and by exception class.

meanings.py holds the error codes that mean something else than their status says.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb
from typing import Any

from pipeline.engines.aws import bedrock_meanings, credentials, meanings
from pipeline.engines.aws.meanings import Meaning
from pipeline.errors import EngineError, StoriesError

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
    response = response_of(error)
    meaning = _of_response(error, response) if response.get("Error") else _of_exception(error)
    if engine == "s3":
        meaning = meanings.STORE_FAILED if meaning is meanings.FAILED else meaning
    elif meaning is meanings.MISSING:  # only a store has missing keys
        meaning = meanings.FAILED
    code = code_of(error) or type(error).__name__
    message = meaning.text.format(what=what, code=code, quote=_quote(error))
    if issubclass(meaning.kind, EngineError):
        return meaning.kind(message, engine=engine, problem=meaning.problem)
    return meaning.kind(message, problem=meaning.problem)


def response_of(error: BaseException | None) -> dict[str, Any]:
    """AWS's own reply, where the error was raised from one."""
    response = getattr(error, "response", None)
    return response if isinstance(response, dict) else {}


def code_of(error: BaseException | None) -> str:
    """AWS's error code; "" for any other error."""
    return str(response_of(error).get("Error", {}).get("Code", ""))


def _of_response(error: Any, response: dict[str, Any]) -> Meaning:
    code = code_of(error).removesuffix("Exception")
    code = code[:1].upper() + code[1:]  # an error event of a stream begins with a small letter
    operation = str(getattr(error, "operation_name", ""))
    if operation in _OF_ENDPOINTS and code.startswith("Validation"):
        quote = _quote(error).casefold()
        return meanings.NO_ENDPOINT if any(words in quote for words in _NOT_THERE) else meanings.FAILED
    if operation in bedrock_meanings.OPERATIONS and (own := bedrock_meanings.meaning(code, _quote(error))):
        return own
    if code == "ModelError":
        return _of_model(response.get("OriginalStatusCode"))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if operation == "HeadBucket" and status == 404:  # a HEAD has no body to name its error
        return meanings.NO_BUCKET
    return meanings.CODES.get(code) or _of_status(status)


def _of_model(status: Any) -> Meaning:
    """The container answered with an error: its own status says whether another attempt may help."""
    if status == 429:
        return meanings.BUSY
    return meanings.REFUSED_BY_MODEL if isinstance(status, int) and 400 <= status < 500 else meanings.DOWN


def _of_status(status: int | None) -> Meaning:
    if status is None:  # an error event, in the middle of a stream that began with a 200
        return meanings.BROKEN
    if status >= 500:
        return meanings.DOWN
    exact = {
        301: meanings.NO_BUCKET,
        401: meanings.DENIED,
        403: meanings.DENIED,
        404: meanings.MISSING,
        408: meanings.SILENT,
        429: meanings.BUSY,
    }
    return exact.get(status, meanings.FAILED)


def _of_exception(error: Exception) -> Meaning:
    if _BAD_BUCKET in str(error).casefold():
        return meanings.NO_BUCKET
    if meaning := credentials.meaning(error):
        return meaning
    names = (kind.__name__ for kind in type(error).__mro__)
    return next(
        (meanings.EXCEPTIONS[name] for name in names if name in meanings.EXCEPTIONS), meanings.GARBLED
    )


def _quote(error: Exception) -> str:
    """The vendor's words on one line, without botocore's "An error occurred" around them; a model container's
    own words, where SageMaker wraps them.
    """
    response = response_of(error)
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
