"""The deployed workflow, branch by branch, as branches.py runs it; and what the file itself promises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local_aws import LocalAws
from infra.local_aws.deploy import SUBSTITUTIONS, definition
from pipeline.lambdas import FUNCTIONS
from pipeline.storage.records import load_text
from tests.infra import branches
from tests.infra.branches import IDEA, INVOKE, SPEAK, TRANSLATE, WRITE, Flow, Seen
from tests.infra.cloudformation import properties

# A story is one completion, and the judge's four questions; the fake's has ten sentences, each spoken by two
# requests: its sound and its marks.
STORY, SOUND = 1 + 4, 2 * 10
# What Step Functions waits before a retry, with FULL jitter, is this at most.
BUDGET = 290


@pytest.fixture
def flow(aws: LocalAws) -> Iterator[Flow]:
    """And whatever the branch was: only ids, and names of errors, travelled."""
    with branches.flowing(aws) as made:
        yield made
        assert made.payloads
        for payload in made.payloads:
            assert set(payload) <= {"id", "locale", "error"}
            assert set(payload.get("error", {})) <= {"Error"}
        assert not {word for word in texts(made) for told in made.travelled if word in told}


def texts(flow: Flow) -> set[str]:
    """The idea, and every sentence that was committed, in any language."""
    store = flow.app.store
    keys = [key for key in store.list("stories/") if key.endswith(("/story.json", "/text.json"))]
    stories = [load_text(store.get(key), key).story for key in keys]
    return {IDEA, "walrus", "kites", *(part for one in stories for part in (one.title, *one.segments))}


def done(seen: Seen, locale: str) -> bool:
    """Its output is its input: ids."""
    output = json.loads(seen.answer["output"])
    assert output == json.loads(seen.answer["input"])
    assert set(output) == {"id", "locale"}
    return (seen.execution, seen.told, output["locale"]) == ("SUCCEEDED", "done", locale)


def failed(seen: Seen, error: str, problem: str, http: int) -> bool:
    """Known by a name: its cause quotes nothing."""
    assert seen.answer["cause"] == "Why stands in the story's status.json"
    ended = (seen.execution, seen.error, seen.told, seen.problem, seen.http)
    return ended == ("FAILED", f"StoryFailed.{error}", "failed", problem, http)


def counts(write: int, translate: int, speak: int, invoke: int) -> dict[str, int]:
    return {WRITE: write, TRANSLATE: translate, SPEAK: speak, INVOKE: invoke}


def test_english_is_written_and_spoken_and_never_translated(flow: Flow) -> None:
    (seen,) = branches.english(flow)
    assert done(seen, "en")
    assert seen.requests == counts(STORY, 0, SOUND, invoke=2)


def test_a_region_of_english_needs_no_translation(flow: Flow) -> None:
    (seen,) = branches.british(flow)
    assert done(seen, "en-GB")
    assert seen.requests == counts(STORY, 0, SOUND, invoke=2)


def test_french_is_translated_in_one_call(flow: Flow) -> None:
    (seen,) = branches.french(flow)
    assert done(seen, "fr")
    assert seen.requests == counts(STORY, 1, SOUND, invoke=3)


def test_a_throttled_endpoint_is_asked_again_by_the_workflow_and_by_nobody_else(flow: Flow) -> None:
    (seen,) = branches.busy_writer(flow)
    assert done(seen, "en")
    assert seen.requests == counts(1 + STORY, 0, SOUND, invoke=3)


def test_a_throttled_translation_is_asked_again_and_the_story_is_not_written_anew(flow: Flow) -> None:
    (seen,) = branches.busy_translator(flow)
    assert done(seen, "fr")
    assert seen.requests == counts(STORY, 2, SOUND, invoke=4)


def test_a_voice_that_broke_once_speaks_only_what_is_missing(flow: Flow) -> None:
    (seen,) = branches.broken_voice(flow)
    assert done(seen, "en")
    spoken = seen.requests.pop(SPEAK)
    assert spoken - SOUND in {1, 2}  # where its marks broke, a sentence's sound is asked for again, too
    assert seen.requests == {WRITE: STORY, TRANSLATE: 0, INVOKE: 3}


def test_a_function_that_had_no_room_is_invoked_again(flow: Flow) -> None:
    (seen,) = branches.no_room_for_a_function(flow)
    assert done(seen, "en")
    assert seen.requests == counts(STORY, 0, SOUND, invoke=3)


def test_an_endpoint_that_stays_throttled_is_recorded_as_such(flow: Flow) -> None:
    (seen,) = branches.busy_for_good(flow)
    assert failed(seen, "ThrottledError", "throttled", 503)
    assert seen.requests == counts(2, 0, 0, invoke=3)  # two attempts, and the record


def test_three_bad_drafts_are_no_story_and_no_reason_to_retry(flow: Flow) -> None:
    (seen,) = branches.no_good_story(flow)
    assert failed(seen, "ContentRejectedError", "no-good-story", 422)
    assert seen.requests == counts(3, 0, 0, invoke=2)


def test_a_bad_translation_is_recorded_in_the_steps_own_words(flow: Flow) -> None:
    (seen,) = branches.bad_translation(flow)
    assert failed(seen, "ContentRejectedError", "bad-translation", 422)
    assert seen.requests == counts(STORY, 1, 0, invoke=3)


def test_a_state_that_times_out_is_recorded_as_too_slow(flow: Flow) -> None:
    """With 2 seconds for the translation, which has 9."""
    (seen,) = branches.late(flow)
    assert failed(seen, "States.Timeout", "too-slow", 503)
    assert seen.requests == counts(STORY, 1, 0, invoke=3)
    assert seen.seconds < 9


def test_a_machine_that_times_out_records_nothing_so_its_caller_must(flow: Flow) -> None:
    """With 5 seconds for the whole, which has 288. No Catch is asked: the runner tells of it."""
    (seen,) = branches.late_as_a_whole(flow)
    assert (seen.execution, seen.error, seen.told) == ("TIMED_OUT", "States.Timeout", "writing")


def test_a_handler_that_crashes_is_recorded_and_not_retried(flow: Flow) -> None:
    (seen,) = branches.crash(flow)
    assert failed(seen, "ZeroDivisionError", "failed", 500)
    assert seen.requests == counts(STORY, 0, 0, invoke=3)


def test_another_execution_speaks_only_what_the_first_one_did_not(flow: Flow) -> None:
    first, second = branches.interrupted_narration(flow)
    assert failed(first, "ThrottledError", "throttled", 503)
    assert (first.requests[WRITE], first.requests[INVOKE]) == (STORY, 1 + 3 + 1)
    assert first.spoken in {2, 3}  # of six requests; three sentences are spoken at once
    assert done(second, "en")
    assert second.requests == counts(0, 0, SOUND - 2 * first.spoken, invoke=2)
    assert second.spoken == SOUND / 2


def test_two_executions_at_once_pay_for_one_story(flow: Flow, aws: LocalAws) -> None:
    assert all(done(seen, "en") for seen in branches.two_at_once(flow))
    assert {name: aws.requests(name) for name in branches.COUNTED} == counts(STORY, 0, SOUND, invoke=4)


@pytest.fixture(scope="module")
def states(local_aws: LocalAws) -> dict[str, Any]:
    read: dict[str, Any] = definition(local_aws)
    return read


def test_every_attempt_at_its_limit_with_the_waits_between_is_inside_express(states: dict[str, Any]) -> None:
    tasks = {name: state for name, state in states["States"].items() if state["Type"] == "Task"}
    assert sum(map(longest, tasks.values())) < BUDGET
    assert sum(map(longest, tasks.values())) <= states["TimeoutSeconds"] < BUDGET


def longest(task: dict[str, Any]) -> float:
    """Seconds that a state may take: with FULL jitter, each wait is the backoff at most."""
    retriers = task.get("Retry", [])
    assert len(retriers) <= 1  # else their attempts would have to be combined
    waits = [
        one["IntervalSeconds"] * one["BackoffRate"] ** number
        for one in retriers
        for number in range(one["MaxAttempts"])
    ]
    return float(task["TimeoutSeconds"] * (1 + len(waits)) + sum(waits))


def test_the_longest_of_a_state_is_its_attempts_and_waits() -> None:
    retry = {"IntervalSeconds": 1, "BackoffRate": 2, "MaxAttempts": 2}
    assert longest({"TimeoutSeconds": 10, "Retry": [retry]}) == 3 * 10 + 1 + 2


def test_only_what_may_be_well_a_moment_later_is_retried(states: dict[str, Any]) -> None:
    """Ours by their public names, and that Lambda itself could not run the function; never a timeout."""
    named = [
        one
        for state in states["States"].values()
        for retry in state.get("Retry", [])
        for one in retry["ErrorEquals"]
    ]
    assert {one for one in named if not one.startswith("Lambda.")} == {"ThrottledError", "UnavailableError"}


def test_every_function_of_the_workflow_is_deployed_with_its_handler() -> None:
    template = properties("MvpStoriesWorkflow")["DefinitionSubstitutions"]
    assert template == {name: {"Fn::GetAtt": [function, "Arn"]} for name, function in SUBSTITUTIONS.items()}
    assert set(SUBSTITUTIONS.values()) | {"MvpStoriesWorkflowTrigger"} == set(FUNCTIONS)
    for name, handler in FUNCTIONS.items():
        assert properties(name)["Handler"] == f"pipeline.lambdas.{handler.__name__}"
