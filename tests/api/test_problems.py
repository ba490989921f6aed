"""Errors in words for a person: everything that the pipeline raises has some, and none tells internals."""

from __future__ import annotations

import pytest

from pipeline import errors
from pipeline.api import problems
from pipeline.cli.exit_codes import STATUS
from pipeline.errors import BusyError, EngineError, RequestError, StoriesError
from pipeline.steps.status import Status

INTERNAL = "/srv/pipeline/x.py: sagemaker endpoint falcon-7b said Traceback"


@pytest.mark.parametrize("kind", [kind for kind in vars(errors).values() if isinstance(kind, type)])
def test_no_kind_of_error_quotes_its_message_unless_it_is_meant_for_a_caller(kind: type) -> None:
    problem = problems.of(kind(INTERNAL, problem="some-slug"))
    assert problem.detail == "The story could not be made: ask again later."
    assert 400 <= problem.status < 600


@pytest.mark.parametrize("slug", sorted(STATUS))
def test_every_problem_there_is_has_a_sentence_and_a_stable_type(slug: str) -> None:
    body = problems.of(StoriesError("try again", problem=slug)).body
    assert body["type"] == f"urn:mvp-stories:problem:{slug}"
    assert str(body["detail"])[0].isupper()
    assert str(body["detail"])[-1] in ".!?"
    assert body["title"] != "Problem"


@pytest.mark.parametrize(
    ("error", "code", "after"),
    [
        (RequestError("no"), 400, None),
        (RequestError("no", problem="key-reused"), 422, None),
        (errors.ContentRejectedError("no"), 422, None),
        (errors.NotFoundError("no"), 404, None),
        (BusyError("no", retry_after=7), 429, 7),
        (EngineError("no"), 502, None),
        (errors.ThrottledError("no"), 503, 5),
        (errors.UnavailableError("no"), 503, 5),
        (errors.StoreError("no"), 500, None),
        (errors.ConfigError("no"), 500, None),
    ],
)
def test_each_kind_has_its_status_and_says_when_to_come_back(
    error: StoriesError, code: int, after: int | None
) -> None:
    problem = problems.of(error)
    assert (problem.status, problem.retry_after) == (code, after)
    assert problem.body["status"] == code


def test_a_failure_on_record_reads_as_the_error_did() -> None:
    error = errors.ContentRejectedError("this idea is not for a child: no", problem="unsafe-idea")
    told = Status("failed", 0, problem=error.problem, kind="ContentRejectedError", detail=str(error))
    assert problems.of_failure(told) == problems.of(error)


@pytest.mark.parametrize(
    ("name", "kind", "slug"),
    [
        ("ThrottledError", errors.ThrottledError, "throttled"),
        ("ContentRejectedError", errors.ContentRejectedError, "unsafe"),
        ("States.Timeout", errors.UnavailableError, "too-slow"),
        ("Sandbox.Timedout", errors.UnavailableError, "too-slow"),
        ("Lambda.TooManyRequestsException", errors.ThrottledError, "throttled"),
        ("Lambda.Unknown", errors.UnavailableError, "unavailable"),
        ("BusyError", StoriesError, "failed"),
        ("__doc__", StoriesError, "failed"),
        ("annotations", StoriesError, "failed"),
    ],
)
def test_a_state_machines_error_is_one_of_ours(name: str, kind: type, slug: str) -> None:
    error = problems.of_workflow(name)
    assert type(error) is kind
    assert error.problem == slug
