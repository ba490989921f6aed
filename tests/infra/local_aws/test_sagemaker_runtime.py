"""InvokeEndpoint and its stream, as boto3 sees them."""

from __future__ import annotations

import json
from collections.abc import Iterator
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

PROMPT = story_prompt().prompt(StoryRequest("a shy café owl"), "a shy café owl", 0)


def rendered(prompt: Prompt) -> str:
    """As Falcon's own template takes turns."""
    turns = [prompt.system]
    for user, assistant in prompt.examples:
        turns += [f"User: {user}", f"Assistant: {assistant}"]
    return "\n\n".join([*turns, f"User: {prompt.user}", "Assistant:"])


def body_of(inputs: str = "User: hello\n\nAssistant:", stream: bool = False, **parameters: Any) -> bytes:
    told = {"max_new_tokens": 300, "return_full_text": False, "details": True, **parameters}
    return json.dumps({"inputs": inputs, "parameters": told, "stream": stream}).encode()


def invoke(aws: LocalAws, body: bytes, endpoint: str = ENDPOINT, **more: Any) -> Any:
    with aws.client("sagemaker-runtime") as client:
        told = client.invoke_endpoint(
            EndpointName=endpoint, Body=body, **{"ContentType": "application/json", **more}
        )
        with told["Body"] as stream:
            return json.loads(stream.read())


def frames(aws: LocalAws, body: bytes, endpoint: str = ENDPOINT) -> Iterator[bytes]:
    with aws.client("sagemaker-runtime") as client:
        told = client.invoke_endpoint_with_response_stream(
            EndpointName=endpoint, Body=body, ContentType="application/json"
        )
        with closing(told["Body"]) as stream:
            for event in stream:
                yield event["PayloadPart"]["Bytes"]


def events(data: bytes) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data:") for line in data.decode().split("\n") if line]
    return [json.loads(line) for line in lines if line.strip() != "[DONE]"]


def refused(aws: LocalAws, body: bytes, endpoint: str = ENDPOINT, **more: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        invoke(aws, body, endpoint, **more)
    return dict(caught.value.response)


def test_the_story_is_that_of_the_fake_engine(aws: LocalAws) -> None:
    (told,) = invoke(aws, body_of(rendered(PROMPT)))
    assert told["generated_text"] == FakeText().complete(PROMPT).text
    assert told["details"]["finish_reason"] == "eos_token"


def test_the_prompt_comes_back_unless_it_was_declined(aws: LocalAws) -> None:
    (told,) = invoke(aws, body_of(rendered(PROMPT), return_full_text=True))
    assert told["generated_text"] == rendered(PROMPT) + FakeText().complete(PROMPT).text


def test_an_endpoint_may_answer_an_object(aws: LocalAws) -> None:
    told = invoke(aws, body_of(rendered(PROMPT)), OBJECT_ENDPOINT)
    assert told["generated_text"] == FakeText().complete(PROMPT).text


def test_a_stream_carries_the_tokens_and_then_the_whole(aws: LocalAws) -> None:
    told = events(b"".join(frames(aws, body_of(rendered(PROMPT), stream=True))))
    whole = FakeText().complete(PROMPT).text
    assert "".join(event["token"]["text"] for event in told) == whole
    assert [event["generated_text"] for event in told] == [None] * (len(told) - 1) + [whole]
    assert told[-1]["details"]["generated_tokens"] == len(whole.split())


def test_frames_end_inside_lines_and_inside_characters(aws: LocalAws) -> None:
    parts = list(frames(aws, body_of(rendered(PROMPT), stream=True)))
    assert "café" in b"".join(parts).decode()

    def whole(part: bytes) -> bool:
        try:
            return bool(part.decode())
        except UnicodeDecodeError:
            return False

    long = [
        part
        for text in ("é" * 400,)
        for part in frames(aws, body_of(f"User: Idea: {text}\n\nAssistant:", stream=True))
    ]
    assert not all(map(whole, long))
    assert not all(part.endswith(b"\n") for part in parts)
    assert "é" * 400 in b"".join(long).decode()


def test_a_chat_container_speaks_messages(aws: LocalAws) -> None:
    messages = [{"role": "system", "content": PROMPT.system}, {"role": "user", "content": PROMPT.user}]
    asked = {"messages": messages, "max_tokens": 300}
    told = invoke(aws, json.dumps(asked).encode(), CHAT_ENDPOINT)
    whole = FakeText().complete(PROMPT).text
    assert told["choices"][0]["message"] == {"role": "assistant", "content": whole}
    assert told["choices"][0]["finish_reason"] == "stop"
    assert told["usage"]["completion_tokens"] == len(whole.split())
    asked |= {"stream": True, "stream_options": {"include_usage": True}}
    data = b"".join(frames(aws, json.dumps(asked).encode(), CHAT_ENDPOINT))
    deltas = [event["choices"][0]["delta"].get("content", "") for event in events(data) if event["choices"]]
    assert "".join(deltas) == whole
    assert data.endswith(b"data: [DONE]\n\n")
    assert events(data)[-1]["usage"] == told["usage"]


def test_a_stop_sequence_ends_the_text(aws: LocalAws) -> None:
    (told,) = invoke(aws, body_of(rendered(PROMPT), stop=["\n2."]))
    assert told["generated_text"].endswith("\n2.")
    assert told["details"]["finish_reason"] == "stop_sequence"
    assert "2. Every day" in FakeText().complete(PROMPT).text


class Heard(FakeText):
    """Remembers what it was asked."""

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
def text_engine(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts another text engine behind the endpoints."""

    def put(engine: FakeText) -> FakeText:
        monkeypatch.setattr(type(aws.account.backing), "text", engine)
        return engine

    return put


def test_the_turns_and_the_settings_reach_the_engine(aws: LocalAws, text_engine: Any) -> None:
    heard = text_engine(Heard())
    invoke(aws, body_of(rendered(PROMPT), seed=7, temperature=0.4, top_p=0.9, max_new_tokens=400))
    (prompt,) = heard.prompts
    assert (prompt.system, prompt.user, prompt.examples) == (PROMPT.system, PROMPT.user, PROMPT.examples)
    assert (prompt.seed, prompt.temperature, prompt.top_p, prompt.max_tokens) == (7, 0.4, 0.9, 400)
    assert prompt.grammar == PROMPT.grammar


def test_a_yes_or_no_question_has_its_choices(aws: LocalAws, text_engine: Any) -> None:
    heard = text_engine(Heard())
    (told,) = invoke(
        aws,
        body_of("Read. Answer with one word: yes or no.\n\nUser: Is it kind?\n\nAssistant:", do_sample=False),
    )
    assert told["generated_text"] == "yes"
    assert heard.prompts[0].choices == ("yes", "no")
    assert heard.prompts[0].temperature == 0.0
    assert heard.prompts[0].grammar == ""


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"temperature": 0.0}, "`temperature` must be strictly positive"),
        ({"top_p": 1.0}, "`top_p` must be > 0.0 and < 1.0"),
        ({"max_new_tokens": 0}, "`max_new_tokens` must be strictly positive"),
        ({"stop": list("abcde")}, "`stop` supports up to 4"),
        ({"max_new_tokens": 2_048}, "must be <= 2048"),
    ],
)
def test_the_container_checks_its_parameters(aws: LocalAws, parameters: dict[str, Any], words: str) -> None:
    told = refused(aws, body_of(**parameters))
    assert told["Error"]["Code"] == "ModelError"
    assert (told["ResponseMetadata"]["HTTPStatusCode"], told["OriginalStatusCode"]) == (424, 422)
    assert words in json.loads(told["OriginalMessage"])["error"]
    assert told["LogStreamArn"].startswith("arn:aws:logs:")


@pytest.mark.parametrize("body", [b"no json", b"[]", b"{}", b'{"inputs": ""}', b'{"inputs": 7}'])
def test_a_body_that_the_container_cannot_read_is_its_error(aws: LocalAws, body: bytes) -> None:
    told = refused(aws, body)
    assert told["Error"]["Code"] == "ModelError"
    assert 400 <= told["OriginalStatusCode"] < 500


def test_a_model_that_fails_is_a_model_error_with_its_words(aws: LocalAws, text_engine: Any) -> None:
    text_engine(Failing())
    told = refused(aws, body_of())
    assert (told["Error"]["Code"], told["OriginalStatusCode"]) == ("ModelError", 500)
    assert told["OriginalMessage"] == "the model fell asleep"


def test_a_model_that_fails_in_mid_stream_is_an_error_event(aws: LocalAws, text_engine: Any) -> None:
    text_engine(Failing())
    heard: list[bytes] = []
    with pytest.raises(EventStreamError, match="the model fell asleep") as caught:
        heard.extend(frames(aws, body_of(stream=True)))
    assert caught.value.response["Error"]["Code"] == "ModelStreamError"
    assert b"Once " in b"".join(heard)


def test_an_endpoint_that_is_not_there_is_told(aws: LocalAws) -> None:
    told = refused(aws, body_of(), "nowhere")
    assert told["Error"]["Code"] == "ValidationError"
    assert told["Error"]["Message"] == "Endpoint nowhere of account 123456789012 not found."
    with pytest.raises(ClientError, match="not found"):
        next(frames(aws, body_of(), "nowhere"))


def test_an_endpoint_made_by_the_control_plane_is_there_until_it_is_deleted(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws.options, "endpoint_delay", 0.0)
    with aws.client("sagemaker") as control:
        control.create_endpoint(EndpointName="mine", EndpointConfigName=ENDPOINT)
        assert invoke(aws, body_of(), "mine")
        control.delete_endpoint(EndpointName="mine")
    assert refused(aws, body_of(), "mine")["Error"]["Code"] == "ValidationError"


def test_a_variant_that_is_not_there_is_told(aws: LocalAws) -> None:
    assert "Variant blue" in refused(aws, body_of(), TargetVariant="blue")["Error"]["Message"]
    assert invoke(aws, body_of(), TargetVariant="AllTraffic")


def test_six_megabytes_are_taken_and_a_byte_more_is_refused(aws: LocalAws) -> None:
    assert refused(aws, b" " * 6_291_456)["Error"]["Code"] == "ModelError"  # it reached the container
    assert refused(aws, b" " * 6_291_457)["Error"]["Code"] == "ValidationError"
