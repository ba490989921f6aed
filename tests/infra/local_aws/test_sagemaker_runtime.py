"""InvokeEndpoint and its stream with a stock client."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from botocore.exceptions import ClientError, EventStreamError

from infra.local_aws import LocalAws
from infra.local_aws.seed import CHAT_ENDPOINT, ENDPOINT, OBJECT_ENDPOINT
from pipeline.engines.fake import FakeText
from pipeline.errors import EngineError
from pipeline.story.prompt import story_prompt
from pipeline.types import Completion, Prompt, StoryRequest

IDEA = "a shy café owl"
PROMPT = story_prompt("falcon@1").prompt(StoryRequest(IDEA), IDEA, 0)
TOO_LONG = story_prompt("story@1").prompt(StoryRequest("a shy snail"), "a shy snail", 0)
TEXT = FakeText().complete(PROMPT).text


def rendered(prompt: Prompt) -> str:
    """In the format of Falcon's own template."""
    turns = [prompt.system]
    for user, assistant in prompt.examples:
        turns += [f"User: {user}", f"Assistant: {assistant}"]
    return "\n\n".join([*turns, f"User: {prompt.user}", "Assistant:"])


def body_of(inputs: str = "User: hello\n\nAssistant:", stream: bool = False, **parameters: Any) -> bytes:
    settings = {"max_new_tokens": 300, "return_full_text": False, "details": True, **parameters}
    return json.dumps({"inputs": inputs, "parameters": settings, "stream": stream}).encode()


def invoke(aws: LocalAws, body: bytes, endpoint: str = ENDPOINT, **more: Any) -> Any:
    params = {"EndpointName": endpoint, "ContentType": "application/json", **more}
    with aws.client("sagemaker-runtime") as client:
        return json.loads(client.invoke_endpoint(Body=body, **params)["Body"].read())


def frames(
    aws: LocalAws, body: bytes, endpoint: str = ENDPOINT, parts: list[bytes] | None = None
) -> list[bytes]:
    """The stream's frames; `parts` has those before an error, too."""
    parts = [] if parts is None else parts
    params = {"EndpointName": endpoint, "ContentType": "application/json", "Body": body}
    with (
        aws.client("sagemaker-runtime") as client,
        closing(client.invoke_endpoint_with_response_stream(**params)["Body"]) as stream,
    ):
        parts.extend(event["PayloadPart"]["Bytes"] for event in stream)
    return parts


def events(parts: list[bytes]) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data:") for line in b"".join(parts).decode().split("\n") if line]
    return [json.loads(line) for line in lines if line.strip() != "[DONE]"]


def refused(aws: LocalAws, body: bytes, endpoint: str = ENDPOINT, **more: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        invoke(aws, body, endpoint, **more)
    return dict(caught.value.response)


def test_the_story_is_the_backing_engines(aws: LocalAws) -> None:
    (answer,) = invoke(aws, body_of(rendered(PROMPT)))
    assert (answer["generated_text"], answer["details"]["finish_reason"]) == (TEXT, "eos_token")
    (answer,) = invoke(aws, body_of(rendered(PROMPT), return_full_text=True))
    assert answer["generated_text"] == rendered(PROMPT) + TEXT
    assert invoke(aws, body_of(rendered(PROMPT)), OBJECT_ENDPOINT)["generated_text"] == TEXT


def test_a_stream_has_a_line_for_each_token_and_the_whole_text_last(aws: LocalAws) -> None:
    lines = events(frames(aws, body_of(rendered(PROMPT), stream=True)))
    assert "".join(line["token"]["text"] for line in lines) == TEXT
    assert [line["generated_text"] for line in lines] == [None] * (len(lines) - 1) + [TEXT]
    assert lines[-1]["details"]["generated_tokens"] == len(TEXT.split())


def test_frames_end_inside_lines_and_inside_characters(aws: LocalAws) -> None:
    parts = frames(aws, body_of(f"User: Idea: {'é' * 400}\n\nAssistant:", stream=True))
    assert "é" * 400 in b"".join(parts).decode()
    assert not all(part.endswith(b"\n") for part in parts)
    assert any("\ufffd" in part.decode(errors="replace") for part in parts)


def test_a_chat_container_uses_messages(aws: LocalAws) -> None:
    messages = [{"role": "system", "content": PROMPT.system}, {"role": "user", "content": PROMPT.user}]
    body = {"messages": messages, "max_tokens": 300}
    answer = invoke(aws, json.dumps(body).encode(), CHAT_ENDPOINT)
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": TEXT}
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["completion_tokens"] == len(TEXT.split())
    body |= {"stream": True, "stream_options": {"include_usage": True}}
    parts = frames(aws, json.dumps(body).encode(), CHAT_ENDPOINT)
    deltas = [event["choices"][0]["delta"].get("content", "") for event in events(parts) if event["choices"]]
    assert "".join(deltas) == TEXT
    assert b"".join(parts).endswith(b"data: [DONE]\n\n")
    assert events(parts)[-1]["usage"] == answer["usage"]


def test_a_stop_sequence_ends_the_text(aws: LocalAws) -> None:
    (answer,) = invoke(aws, body_of(rendered(PROMPT), stop=["\n2."]))
    assert answer["generated_text"].endswith("\n2.")
    assert answer["details"]["finish_reason"] == "stop_sequence"
    assert "\n2. " in TEXT


class Recording(FakeText):
    def __init__(self) -> None:
        self.prompts: list[Prompt] = []

    def complete(self, prompt: Prompt, *more: Any) -> Completion:
        self.prompts.append(prompt)
        return super().complete(prompt, *more)


class Failing(FakeText):
    def complete(self, prompt: Prompt, on_text: Any = None) -> Completion:
        if on_text:
            for piece in ("Once ", "upon ", "a time"):
                on_text(piece)
        raise EngineError("the model fell asleep", engine="test")


@pytest.fixture
def put(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """Puts another text engine behind the endpoints, and returns it."""

    def put(engine: Any) -> Any:
        monkeypatch.setattr(type(aws.account.backing), "text", engine)
        return engine

    return put


def test_turns_and_settings_reach_the_engine(aws: LocalAws, put: Callable[[Any], Any]) -> None:
    engine = put(Recording())
    invoke(aws, body_of(rendered(PROMPT), seed=7, temperature=0.4, top_p=0.9, max_new_tokens=400))
    (prompt,) = engine.prompts
    assert (prompt.system, prompt.user, prompt.examples) == (PROMPT.system, PROMPT.user, PROMPT.examples)
    assert (prompt.seed, prompt.temperature, prompt.top_p, prompt.max_tokens) == (7, 0.4, 0.9, 400)
    assert prompt.grammar == PROMPT.grammar


def test_a_yes_or_no_question_has_choices(aws: LocalAws, put: Callable[[Any], Any]) -> None:
    engine = put(Recording())
    question = "Read. Answer with one word: yes or no.\n\nUser: Is it kind?\n\nAssistant:"
    (answer,) = invoke(aws, body_of(question, do_sample=False))
    assert answer["generated_text"] == "yes"
    (prompt,) = engine.prompts
    assert (prompt.choices, prompt.temperature, prompt.grammar) == (("yes", "no"), 0.0, "")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"temperature": 0.0}, "`temperature` must be strictly positive"),
        ({"top_p": 1.0}, "`top_p` must be > 0.0 and < 1.0"),
        ({"max_new_tokens": 0}, "`max_new_tokens` must be strictly positive"),
        ({"stop": list("abcde")}, "`stop` supports up to 4"),
        ({"max_new_tokens": 2_048}, "must be <= 2048"),
    ],
)
def test_the_container_checks_its_parameters(aws: LocalAws, parameters: Any, message: str) -> None:
    response = refused(aws, body_of(**parameters))
    assert response["Error"]["Code"] == "ModelError"
    assert (response["ResponseMetadata"]["HTTPStatusCode"], response["OriginalStatusCode"]) == (424, 422)
    assert message in json.loads(response["OriginalMessage"])["error"]
    assert response["LogStreamArn"].startswith("arn:aws:logs:")


def test_a_prompt_longer_than_falcon_reads_is_refused_in_the_containers_words(aws: LocalAws) -> None:
    """The prompt of other models: 1,028 tokens by Falcon's vocabulary, of 1,024 that it takes."""
    response = refused(aws, body_of(rendered(TOO_LONG)))
    assert (response["Error"]["Code"], response["OriginalStatusCode"]) == ("ModelError", 422)
    assert json.loads(response["OriginalMessage"]) == {
        "error": "Input validation error: `inputs` must have less than 1024 tokens. Given: 1028",
        "error_type": "validation",
    }


@pytest.mark.parametrize(("words", "answered"), [(1024, True), (1025, False)])
def test_the_container_reads_1024_tokens_and_writes_up_to_2048(
    aws: LocalAws, words: int, answered: bool
) -> None:
    body = body_of("User:" + " owl" * (words - 2), max_new_tokens=1024)  # "User", ":" and a token a word
    if answered:
        assert invoke(aws, body)
        assert (
            "must be <= 2048. Given: 1024 `inputs`"
            in refused(aws, body_of("User:" + " owl" * (words - 2), max_new_tokens=1025))["OriginalMessage"]
        )
    else:
        assert "Given: 1025" in refused(aws, body)["OriginalMessage"]


def test_an_unreadable_body_is_the_containers_error(aws: LocalAws) -> None:
    for body in (b"no json", b"[]", b"{}", b'{"inputs": ""}', b'{"inputs": 7}'):
        response = refused(aws, body)
        assert response["Error"]["Code"] == "ModelError"
        assert 400 <= response["OriginalStatusCode"] < 500


def test_a_failing_model_is_a_model_error(aws: LocalAws, put: Callable[[Any], Any]) -> None:
    put(Failing())
    response = refused(aws, body_of())
    assert (response["Error"]["Code"], response["OriginalStatusCode"]) == ("ModelError", 500)
    assert response["OriginalMessage"] == "the model fell asleep"
    parts: list[bytes] = []
    with pytest.raises(EventStreamError, match="the model fell asleep") as caught:
        frames(aws, body_of(stream=True), parts=parts)
    assert caught.value.response["Error"]["Code"] == "ModelStreamError"
    assert b"Once " in b"".join(parts)


def test_an_unknown_endpoint_or_variant_is_refused(aws: LocalAws) -> None:
    error = refused(aws, body_of(), "nowhere")["Error"]
    assert error["Code"] == "ValidationError"
    assert error["Message"] == "Endpoint nowhere of account 123456789012 not found."
    with pytest.raises(ClientError, match="not found"):
        frames(aws, body_of(), "nowhere")
    assert "Variant blue" in refused(aws, body_of(), TargetVariant="blue")["Error"]["Message"]
    assert invoke(aws, body_of(), TargetVariant="AllTraffic")


def test_six_megabytes_are_accepted_and_one_byte_more_is_refused(aws: LocalAws) -> None:
    assert refused(aws, b" " * 6_291_456)["Error"]["Code"] == "ModelError"  # the container's error
    assert refused(aws, b" " * 6_291_457)["Error"]["Code"] == "ValidationError"
