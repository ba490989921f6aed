"""Errors in words for a person: every class of errors has some, and none shows internals."""

from __future__ import annotations

import pytest

from pipeline import errors
from pipeline.api import problems
from pipeline.errors import BusyError, RequestError, StoriesError
from pipeline.steps.status import Status
from tests.test_errors import CLASSES

INTERNAL = "/srv/pipeline/x.py: sagemaker endpoint falcon-7b: Traceback"


@pytest.mark.parametrize("kind", CLASSES)
def test_a_message_is_not_quoted_unless_it_is_written_for_the_caller(kind: type[StoriesError]) -> None:
    problem = problems.of(kind(INTERNAL, problem="some-slug"))
    assert problem.detail == "The story could not be made: ask again later."
    assert problem.status == kind.http_status
    assert problem.body["type"] == "urn:mvp-stories:problem:some-slug"
    assert problem.body["title"] != "Problem"


def test_a_message_for_the_caller_becomes_a_sentence() -> None:
    error = RequestError("the idea is empty", problem="empty-idea")
    assert problems.of(error).detail == "The idea is empty."


def test_a_reused_key_is_a_422() -> None:
    problem = problems.of(RequestError("no", problem="key-reused"))
    assert (problem.status, problem.body["title"]) == (422, "Key used before")


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (RequestError("no"), None),
        (BusyError("no", retry_after=7), 7),
        (errors.ThrottledError("no"), 5),
        (errors.StoreError("no"), None),
    ],
)
def test_a_busy_or_unavailable_service_has_a_retry_after(error: StoriesError, seconds: int | None) -> None:
    assert problems.of(error).retry_after == seconds


def test_a_failed_status_reads_as_its_error() -> None:
    error = errors.ContentRejectedError("this idea is not for a child: no", problem="unsafe-violence")
    failed = Status("failed", 0, problem=error.problem, kind="ContentRejectedError", detail=str(error))
    assert problems.of_failure(failed) == problems.of(error)


@pytest.mark.parametrize(
    ("name", "kind", "slug"),
    [
        ("ThrottledError", errors.ThrottledError, "throttled"),
        ("ContentRejectedError", errors.ContentRejectedError, "unsafe"),
        ("States.Timeout", errors.UnavailableError, "too-slow"),
        ("Sandbox.Timedout", errors.UnavailableError, "too-slow"),
        ("Lambda.TooManyRequestsException", errors.ThrottledError, "throttled"),
        ("Lambda.Unknown", errors.UnavailableError, "unavailable"),
        ("__doc__", StoriesError, "failed"),
        ("annotations", StoriesError, "failed"),
    ],
)
def test_an_error_name_of_a_state_machine_is_an_error_of_ours(name: str, kind: type, slug: str) -> None:
    error = problems.of_workflow(name)
    assert type(error) is kind
    assert error.problem == slug
