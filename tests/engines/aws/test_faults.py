"""Every AWS engine while its service fails in every way: bounded calls, bounded time, the right error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local_aws import LocalAws
from pipeline.errors import ThrottledError, UnavailableError
from tests.engines.aws.faulty import CASES, Outcome, table

# As clients.py promises: requests in all, the first included.
MOST_REQUESTS = {"sagemaker": 2, "translate": 3, "polly": 3, "s3": 5}
# A sentence is two calls, its sound and its marks; a slow answer may be the second's.
CALLS_WHERE_SLOW = {"polly": 2}
# An answer without a body cannot be cut.
COMES = {("s3 put", "truncate")}
# How slowly it comes on a busy machine is not for a test to say: it comes whole, or is given up.
SLOW = "drip"
BUSY = ("throttle", "model_not_ready")

Outcomes = dict[tuple[str, str], Outcome]


@pytest.fixture(scope="module")
def outcomes(local_aws: LocalAws) -> Iterator[Outcomes]:
    with pytest.MonkeyPatch.context() as patch:
        bucket = local_aws.make_bucket()
        for name, value in {**local_aws.environment, "STORIES_BUCKET": bucket}.items():
            patch.setenv(name, value)
        local_aws.reset()
        yield table(local_aws)


@pytest.mark.parametrize(("engine", "fault"), CASES)
def test_a_failing_service_is_asked_a_bounded_number_of_times(
    outcomes: Outcomes, engine: str, fault: str
) -> None:
    service = engine.split(",")[0].split()[0]
    calls = CALLS_WHERE_SLOW.get(service, 1) if fault == SLOW else 1
    assert 1 <= outcomes[engine, fault].requests <= calls * MOST_REQUESTS[service]


@pytest.mark.parametrize(("engine", "fault"), CASES)
def test_it_ends_with_an_error_that_says_what_to_do_or_with_the_answer(
    outcomes: Outcomes, engine: str, fault: str
) -> None:
    error = outcomes[engine, fault].error
    if (engine, fault) in COMES:
        assert error is None
        return
    if fault == SLOW and error is None:
        return
    if fault in BUSY:
        assert isinstance(error, ThrottledError)
    else:
        assert isinstance(error, UnavailableError)
    assert "run it again" in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(("engine", "fault"), [case for case in CASES if not case[0].startswith("s3")])
def test_a_call_is_remembered_if_and_only_if_it_answered(outcomes: Outcomes, engine: str, fault: str) -> None:
    told = outcomes[engine, fault]
    assert bool(told.kept) == (told.error is None)


@pytest.mark.parametrize("engine", sorted({engine for engine, _ in CASES}))
def test_silence_ends_by_the_read_timeout(outcomes: Outcomes, engine: str) -> None:
    """A second each time, and botocore's waits between tries: under 2 + 4 + 8 + 16 s in all."""
    told = outcomes[engine, "hang"]
    assert told.requests >= 2
    assert told.seconds >= told.requests
    assert told.seconds < 40
