"""Which lengths and audiences a writer may be asked for."""

from __future__ import annotations

import pytest

from pipeline.errors import RequestError
from pipeline.story.offers import audience_of, audiences, lengths, offer
from pipeline.story.prompt import story_prompt
from pipeline.story.scenes import scene_prompt
from pipeline.types import StoryRequest


def test_a_writer_that_was_not_measured_has_the_defaults_alone() -> None:
    unknown = offer("a-model-of-tomorrow")
    assert [each.name for each in unknown.lengths] == ["short"]
    assert [each.name for each in unknown.audiences] == ["young"]


def test_falcon_which_reads_too_little_for_scenes_has_the_defaults_alone() -> None:
    falcon = offer("huggingface-llm-falcon-7b-instruct-bf16")
    assert (len(falcon.with_experimental.lengths), len(falcon.audiences)) == (1, 1)


def test_a_length_that_a_writer_does_badly_is_there_only_as_an_experiment() -> None:
    local = offer("qwen2.5-coder-1.5b")
    with pytest.raises(RequestError, match=r"choose from short, or try it by `stories make --experimental`"):
        local.length("good-night")
    assert local.with_experimental.length("good-night").scenes == 3
    assert local.with_experimental.scenes["good-night"] == "scenes@1"
    assert [each.name for each in local.on_demand.with_experimental.lengths] == ["short"]


@pytest.mark.parametrize("name", ["epic", "Short"])
def test_what_is_not_offered_is_refused_with_what_is(name: str) -> None:
    with pytest.raises(RequestError, match=r"choose from short$") as refused:
        offer("a-model-of-tomorrow").length(name)
    assert refused.value.problem == "unknown-length"
    with pytest.raises(RequestError, match=r"choose from young$") as refused:
        offer("a-model-of-tomorrow").audience("older")
    assert refused.value.problem == "unknown-audience"


def test_the_usual_band_means_the_words_of_every_story_so_far() -> None:
    assert offer("").audience("").text == StoryRequest("x").audience == "children aged 3 to 7"
    assert audience_of("children aged 3 to 7") is audiences()["young"]
    assert audience_of("grown-up pirates") is None


@pytest.mark.parametrize("band", ["tiny", "young", "older"])
def test_each_band_has_its_own_words_in_the_prompt_and_its_own_bounds(band: str) -> None:
    audience = audiences()[band]
    request = StoryRequest("a snail", audience=audience.text)
    assert audience.text in story_prompt().prompt(request, "a snail", 0).system
    others = [other for other in audiences().values() if other is not audience]
    assert all(audience.grade != other.grade and audience.longest != other.longest for other in others)


def test_a_band_refuses_sentences_that_are_too_long_or_hard() -> None:
    tiny = audiences()["tiny"]
    assert all(check.passed for check in tiny.checks(("The cat sat on the mat.", "It ran to Mum.")))
    long = ("The cat sat on the mat and looked at all of the birds in the old tree.",)
    assert [check.name for check in tiny.checks(long) if not check.passed] == ["sentence length"]
    hard = ("Circumstances necessitated extraordinary deliberation.",)
    assert [check.name for check in tiny.checks(hard) if not check.passed] == ["readability"]


def test_what_a_table_offers_is_there() -> None:
    for model in ("fake", "qwen2.5-coder-1.5b", ""):
        offered = offer(model).with_experimental
        assert {each.name for each in offered.lengths} == {"short", *offered.scenes}
        for name, prompt_id in offered.scenes.items():
            prompt, length = scene_prompt(prompt_id), lengths()[name]
            fewest, most = prompt.words(1)
            # Of a plan of eight to ten lines, so that scenes which pass make a story that does.
            assert 10 * fewest <= length.words[1]
            assert 8 * most >= length.words[0]


def test_on_demand_nothing_is_offered_that_takes_longer_than_an_express_workflow() -> None:
    everything = offer("fake")
    assert [each.name for each in everything.on_demand.lengths] == ["short"]
    assert everything.on_demand.audiences == everything.audiences
    assert not everything.on_demand.scenes
