"""The engine over HTTP, against the recorded answers of four servers and against what servers refuse."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from pipeline.engines.openai.text import OpenAiText
from pipeline.errors import ConfigError, ContentRejectedError, EngineError
from pipeline.story.prompt import story_prompt
from pipeline.types import StoryRequest
from tests.engines.contracts.text_contract import PROMPT, QUESTION
from tests.engines.openai.recorded import (
    LLAMA_CPP,
    LM_STUDIO,
    OLLAMA,
    SERVERS,
    STORY,
    Recorded,
    chunk,
    events,
    last,
)
from tests.engines.openai.serving import ModelServer, refused, streamed

SHAPED = story_prompt().prompt(StoryRequest("a shy snail"), "a shy snail", 0)
EACH = pytest.mark.parametrize("recorded", SERVERS.values(), ids=list(SERVERS))
DRY = {"dry_multiplier", "dry_allowed_length", "dry_penalty_last_n"}


@EACH
def test_a_story_is_streamed_counted_and_free_of_reasoning(recorded: Recorded) -> None:
    pieces: list[str] = []
    with ModelServer(recorded.models, streamed(recorded.story)) as server:
        completion = server.engine().complete(PROMPT, pieces.append)
    assert completion.text == "".join(pieces) == "Olga the owl yawned."
    assert len(pieces) == len(STORY)
    assert (completion.stop_reason, completion.confidence) == ("end", 1.0)
    counted = completion.prompt_tokens, completion.completion_tokens
    assert counted == recorded.usage if recorded.usage else min(counted) > 0


@EACH
def test_a_request_holds_the_prompt_and_asks_for_the_shape_as_the_server_takes_it(recorded: Recorded) -> None:
    with ModelServer(recorded.models, streamed(recorded.story)) as server:
        server.engine(key="sk-0123456789").complete(SHAPED)
    (body,) = server.bodies
    assert server.completions[0].path == "/v1/chat/completions"
    assert server.completions[0].headers["authorization"] == "Bearer sk-0123456789"
    assert (body["model"], body["seed"], body["stream"]) == ("mine", SHAPED.seed, True)
    assert body["stream_options"] == {"include_usage": True}
    assert [turn["role"] for turn in body["messages"]] == ["system", *["user", "assistant"] * 3, "user"]
    fields = {"grammar", "structured_outputs", "guided_grammar", "response_format"} & set(body)
    assert fields == recorded.shapes
    assert {
        name: body.get(name) for name in ("chat_template_kwargs", "reasoning_effort") if name in body
    } == (recorded.extras)
    assert set(body) >= DRY if recorded is LLAMA_CPP and SHAPED.dry else not DRY & set(body)


@EACH
def test_a_choice_is_judged_by_odds_where_they_come_else_by_the_word(recorded: Recorded) -> None:
    pieces: list[str] = []
    with ModelServer(recorded.models, streamed(recorded.judge)) as server:
        completion = server.engine().complete(QUESTION, pieces.append)
    assert (completion.text, pieces) == ("no", ["no"])
    assert completion.confidence == pytest.approx(recorded.confidence, abs=0.0001)
    (body,) = server.bodies
    assert (body["max_tokens"], body["temperature"], body["top_logprobs"]) == (1, 0, 20)


@EACH
def test_a_model_that_the_server_lacks_is_named_with_what_to_do(recorded: Recorded) -> None:
    if recorded.refusal is None:
        return
    with (
        ModelServer(recorded.models, refused(*recorded.refusal)) as server,
        pytest.raises(ConfigError, match=r"no model mine .*--model.*stories doctor") as caught,
    ):
        server.engine().complete(PROMPT)
    assert caught.value.problem == "unknown-model"


def test_a_schema_s_answer_comes_as_lines_one_by_one() -> None:
    answer = json.dumps({"Title": "A Snail", "line 1": "She slept.", "line 2": "Good night."})
    pieces: list[str] = []
    with ModelServer(OLLAMA.models, streamed(events(*map(_content, answer), chunk({}, "stop")))) as server:
        completion = server.engine().complete(SHAPED, pieces.append)
    assert pieces == ["Title: A Snail", "\n1. She slept.", "\n2. Good night."]
    assert completion.text == "".join(pieces)


def _content(text: str) -> dict[str, Any]:
    return chunk({"content": text})


def test_tags_of_reasoning_never_reach_a_text_and_are_remembered_where_the_template_opens_them() -> None:
    first = events(*map(_content, ["Hm", ", so.</thi", "nk>Olga", " slept."]), chunk({}, "stop"))
    pieces: list[str] = []
    with ModelServer(LM_STUDIO.models, streamed(first)) as server:
        engine = server.engine()
        assert engine.complete(PROMPT).text == "Olga slept."
        assert engine.complete(PROMPT, pieces.append).text == "Olga slept."
    assert pieces == ["Olga", " slept."]


def test_an_answer_that_is_not_streamed_is_read_whole() -> None:
    body = {
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Olga slept."},
                "finish_reason": "length",
            }
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 4},
    }
    with ModelServer(404, refused(200, json.dumps(body, indent=1).encode())) as server:
        completion = server.engine().complete(PROMPT)
    assert (completion.text, completion.stop_reason) == ("Olga slept.", "length")
    assert (completion.prompt_tokens, completion.completion_tokens) == (9, 4)


@pytest.mark.parametrize(
    ("refusal", "gone"),
    [
        (
            {"error": {"message": "Unrecognized request argument supplied: response_format"}},
            "response_format",
        ),
        ({"error": "'response_format.type' must be 'text'"}, "response_format"),
        (
            {"error": {"message": "Unsupported value", "param": "temperature", "code": "unsupported_value"}},
            "temperature",
        ),
        ({"detail": [{"loc": ["body", "seed"], "msg": "extra fields not permitted"}]}, "seed"),
        ({"error": {"message": "no"}}, "response_format"),
    ],
    ids=["OpenAI", "LM Studio", "by parameter", "FastAPI", "unnamed"],
)
def test_a_field_that_the_server_refuses_is_left_out_from_then_on(refusal: Any, gone: str) -> None:
    with ModelServer(404, refused(400, refusal), streamed(LM_STUDIO.story)) as server:
        engine = server.engine()
        assert engine.complete(SHAPED).text == engine.complete(SHAPED).text == "Olga the owl yawned."
    first, second, third = server.bodies
    assert set(first) - set(second) == {gone}
    assert set(third) == set(second)


def test_a_limit_by_another_name_is_sent_by_that_name() -> None:
    refusal = {"error": {"message": "Use 'max_completion_tokens' instead.", "param": "max_tokens"}}
    with ModelServer(404, refused(400, refusal), streamed(LM_STUDIO.story)) as server:
        server.engine().complete(PROMPT)
    assert [body.get("max_tokens") for body in server.bodies] == [60, None]
    assert server.bodies[1]["max_completion_tokens"] == 60


def test_a_grammar_that_is_refused_becomes_a_schema_and_then_nothing() -> None:
    no = refused(
        400, {"error": {"code": 400, "message": "Failed to initialize samplers: failed to parse grammar"}}
    )
    neither = refused(400, {"error": {"message": "response_format is not supported"}})
    with ModelServer(LLAMA_CPP.models, no, neither, streamed(LLAMA_CPP.story)) as server:
        server.engine().complete(SHAPED)
    shapes = [{"grammar", "response_format"} & set(body) for body in server.bodies]
    assert shapes == [{"grammar"}, {"response_format"}, set()]
    assert server.bodies[2]["messages"][2]["content"] == SHAPED.examples[0][1]


def test_a_request_that_is_refused_in_every_form_is_one_error_with_the_server_s_words() -> None:
    with (
        ModelServer(404, refused(400, {"error": {"message": 'role "system" is not allowed'}})) as server,
        pytest.raises(
            EngineError, match=r'refused the request \(400: role "system" is not allowed\)'
        ) as caught,
    ):
        server.engine().complete(SHAPED)
    assert type(caught.value) is EngineError
    assert (caught.value.problem, caught.value.engine) == ("model-refused", "openai")
    assert len(server.bodies) <= 4


def test_a_refusal_that_no_form_mends_is_not_remembered() -> None:
    always = refused(400, {"error": {"message": "no"}})
    with ModelServer(OLLAMA.models, always, always, always, streamed(OLLAMA.story)) as server:
        engine = server.engine()
        with pytest.raises(EngineError):
            engine.complete(SHAPED)
        engine.complete(SHAPED)
    assert "response_format" in server.bodies[-1]


def test_a_model_that_spends_its_tokens_on_reasoning_gets_room_for_it() -> None:
    thinking = events(chunk({"content": "", "reasoning": "Hm."}), chunk({}, "length"), last(33, 60))
    with ModelServer(OLLAMA.models, streamed(thinking), streamed(OLLAMA.story)) as server:
        engine = server.engine()
        completion = engine.complete(PROMPT)
        assert completion.text == "Olga the owl yawned."
        assert (completion.prompt_tokens, completion.completion_tokens) == (66, 68)  # both were paid for
        engine.complete(PROMPT)
    asked_for = [body["max_tokens"] for body in server.bodies]
    assert asked_for[0] == PROMPT.max_tokens
    assert asked_for[1] == asked_for[2] >= 2000


def test_a_judge_that_reasons_gets_room_and_then_its_word_counts() -> None:
    thinking = events(chunk({"reasoning_content": "Hm."}), chunk({}, "length"))
    answer = events(_content("<think>no, wait</think>"), _content("Yes."), chunk({}, "stop"))
    with ModelServer(LM_STUDIO.models, streamed(thinking), streamed(answer)) as server:
        completion = server.engine().complete(QUESTION)
    assert (completion.text, completion.confidence) == ("yes", 1.0)


def test_a_judge_that_begins_with_other_words_gets_a_few_more_tokens() -> None:
    more = events(_content("The answer is no."), chunk({}, "stop"))
    with ModelServer(
        LM_STUDIO.models, streamed(events(_content("The"), chunk({}, "length"))), streamed(more)
    ) as server:
        completion = server.engine().complete(QUESTION)
    assert (completion.text, completion.confidence) == ("no", 1.0)


def test_a_judge_that_gives_neither_answer_has_no_confidence() -> None:
    with ModelServer(LM_STUDIO.models, streamed(events(_content("Perhaps"), chunk({}, "stop")))) as server:
        completion = server.engine().complete(QUESTION)
    assert (completion.text, completion.confidence) == ("", 0.0)


def test_a_schema_that_swallows_the_text_of_a_reasoning_model_is_given_up() -> None:
    """LM Studio's bug tracker, issue 1773."""
    swallowed = events(chunk({"reasoning_content": "{}"}), chunk({}, "stop"))
    with ModelServer(LM_STUDIO.models, streamed(swallowed), streamed(LM_STUDIO.story)) as server:
        assert server.engine().complete(SHAPED).text == "Olga the owl yawned."
    assert ["response_format" in body for body in server.bodies] == [True, False]


@pytest.mark.parametrize(
    "end",
    [chunk({}, "content_filter"), chunk({"refusal": "I cannot write that."})],
    ids=["filter", "refusal"],
)
def test_a_content_filter_is_no_engine_failure_but_a_rejected_idea(end: dict[str, Any]) -> None:
    with (
        ModelServer(404, streamed(events(_content("Once"), end))) as server,
        pytest.raises(ContentRejectedError, match="say the idea otherwise") as caught,
    ):
        server.engine().complete(PROMPT)
    assert caught.value.problem == "unsafe"


@pytest.mark.parametrize(
    "parts", [events(), events(last(3, 0)), events(chunk({}, "stop"))], ids=["done", "usage only", "no delta"]
)
def test_no_text_at_all_is_an_error(parts: list[bytes]) -> None:
    with ModelServer(404, streamed(parts)) as server, pytest.raises(EngineError, match="no text"):
        server.engine().complete(PROMPT)


def test_a_refusal_within_the_stream_counts_as_one_before_it_unless_text_was_passed_on() -> None:
    no = {"error": {"message": "response_format: not supported", "type": "BadRequestError", "code": 400}}
    with ModelServer(OLLAMA.models, streamed(events(no)), streamed(OLLAMA.story)) as server:
        assert server.engine().complete(SHAPED).text == "Olga the owl yawned."
    pieces: list[str] = []
    late = events(_content('{"Title": "A",'), no)
    with ModelServer(OLLAMA.models, streamed(late)) as server, pytest.raises(EngineError) as caught:
        server.engine().complete(SHAPED, pieces.append)
    assert (pieces, type(caught.value), len(server.bodies)) == (["Title: A"], EngineError, 1)


@pytest.mark.parametrize("status", [403, 404, 405])
def test_a_gateway_that_shows_no_list_of_models_writes_all_the_same(status: int) -> None:
    with ModelServer(status, streamed(LM_STUDIO.story)) as server:
        assert server.engine().complete(PROMPT).text == "Olga the owl yawned."


def test_what_a_listener_raises_passes_through_and_the_next_call_works() -> None:
    class EnoughError(Exception):
        """Raised by a listener."""

    def listen(_: str) -> None:
        raise EnoughError

    with ModelServer(OLLAMA.models, streamed(OLLAMA.story)) as server:
        engine = server.engine()
        with pytest.raises(EnoughError):
            engine.complete(PROMPT, listen)
        assert engine.complete(PROMPT).text == "Olga the owl yawned."


@pytest.mark.parametrize(
    ("model", "fingerprint"),
    [
        ("qwen2.5:7b", "openai/qwen2.5-7b/1"),
        ("Qwen/Qwen3-4B", "openai/Qwen/Qwen3-4B/1"),
        ("/models/mine.gguf", "openai/models/mine.gguf/1"),
        ("…", "openai/-/1"),
    ],
)
def test_the_fingerprint_is_the_model_s_and_not_the_address_or_the_key(model: str, fingerprint: str) -> None:
    engine = OpenAiText("http://127.0.0.1:1/v1", model, "sk-0123456789")
    assert engine.fingerprint == fingerprint
    assert OpenAiText("https://gateway.example.com", model).fingerprint == fingerprint


def test_a_server_without_a_named_model_says_how_to_name_one() -> None:
    with pytest.raises(ConfigError, match=r"--model.*STORIES_MODEL") as caught:
        OpenAiText("http://127.0.0.1:1/v1", "")
    assert caught.value.problem == "no-model"


def test_llama_cpp_s_server_with_another_model_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with ModelServer(LLAMA_CPP.models, streamed(LLAMA_CPP.story)) as server, caplog.at_level(logging.WARNING):
        server.engine(model="another").complete(replace(PROMPT, seed=1))
    assert "has no model called another and answers with mine" in caplog.text
