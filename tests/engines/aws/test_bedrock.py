"""Bedrock as a writer, by boto3's real client against the local AWS; requests by botocore's model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local_aws import Fault, LocalAws
from infra.local_aws.bedrock_runtime import GUARDRAIL, STOPPED_WORD
from pipeline.engines.aws.bedrock import BedrockText
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.errors import mapped
from pipeline.errors import ConfigError, ContentRejectedError, StoriesError, ThrottledError
from pipeline.types import Prompt
from tests.engines.aws.stubbed import Stubbed

NOVA, HAIKU = "amazon.nova-lite-v1:0", "anthropic.claude-haiku-4-5-20251001-v1:0"
PROMPT = Prompt(
    "test@1",
    "You tell stories.",
    "Idea: a shy snail",
    examples=(("Idea: a tired owl", "Olga slept."),),
    max_tokens=200,
    temperature=1.2,
    top_p=0.9,
    seed=7,
)
QUESTION = replace(PROMPT, user="Is snow white? Answer yes or no.", choices=("yes", "no"), max_tokens=1)
REPLY = {
    "output": {"message": {"role": "assistant", "content": [{"text": " Sam slept. \n"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 31, "outputTokens": 4, "totalTokens": 35},
    "metrics": {"latencyMs": 5},
}


def refusal(model: str = NOVA, prompt: Prompt = PROMPT, **options: Any) -> StoriesError:
    with pytest.raises(StoriesError) as raised:
        BedrockText(Clients(attempts=1), model, **options).complete(prompt)
    return raised.value


def stubbed(reply: dict[str, Any], expected: dict[str, Any] | None = None, **options: Any) -> BedrockText:
    clients: Any = Stubbed("bedrock-runtime")
    clients.stub.add_response("converse", reply, expected)
    return BedrockText(clients, NOVA, streamed=False, **options)


def test_the_request_is_the_prompt_in_converse_s_own_shape() -> None:
    """Not top_p (newer models take one of the two) and no seed: Converse has none."""
    expected = {
        "modelId": NOVA,
        "system": [{"text": "You tell stories."}],
        "messages": [
            {"role": "user", "content": [{"text": "Idea: a tired owl"}]},
            {"role": "assistant", "content": [{"text": "Olga slept."}]},
            {"role": "user", "content": [{"text": "Idea: a shy snail"}]},
        ],
        "inferenceConfig": {"maxTokens": 200, "temperature": 1.0},
        "guardrailConfig": {"guardrailIdentifier": "abc1", "guardrailVersion": "DRAFT"},
    }
    completion = stubbed(REPLY, expected, guardrail="abc1:DRAFT").complete(PROMPT)
    assert (completion.text, completion.stop_reason) == ("Sam slept.", "end")
    assert (completion.prompt_tokens, completion.completion_tokens) == (31, 4)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (NOVA, "amazon.nova-lite-v1-0"),
        (f"eu.{NOVA}", "amazon.nova-lite-v1-0"),
        (f"us-gov.{NOVA}", "amazon.nova-lite-v1-0"),
        (f"arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.{NOVA}", "amazon.nova-lite-v1-0"),
        ("arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2", "a1b2"),
    ],
)
def test_the_fingerprint_names_the_model_and_no_region_or_account(model: str, name: str) -> None:
    assert BedrockText(Clients(), model).fingerprint == f"bedrock/{name}/1"


def test_a_guardrail_is_part_of_the_fingerprint() -> None:
    """It may mask what the model wrote."""
    arn = "arn:aws:bedrock:eu-west-1:123456789012:guardrail/abc1:2"
    for setting, name in (("abc1:2", "abc1-2"), (arn, "abc1-2")):
        assert BedrockText(Clients(), NOVA, setting).fingerprint == f"bedrock/amazon.nova-lite-v1-0/{name}/1"


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("model", [f"us.{HAIKU}", "mistral.mistral-7b-instruct-v0:2", "xai.grok-4.6"])
def test_what_a_model_refuses_is_left_out_and_remembered(aws: LocalAws, model: str, streamed: bool) -> None:
    engine = BedrockText(Clients(), model, streamed=streamed)
    operation = "ConverseStream" if streamed else "Converse"
    texts: list[str] = []
    assert engine.complete(PROMPT, texts.append).text == "".join(texts)
    first = aws.requests(operation)
    assert first == (1 if model.endswith(HAIKU) else 2)
    engine.complete(PROMPT)
    assert aws.requests(operation) == first + 1


def test_a_failure_is_not_tried_again_because_another_caller_learned_something() -> None:
    class Crowded:
        """The first call is throttled, while another caller learns that the model takes no temperature."""

        calls = 0

        def get(self, service: str) -> Any:
            self.calls += 1
            if self.calls > 1:
                return others.client
            engine.complete(QUESTION)
            raise ThrottledError("busy")

    others = Stubbed("bedrock-runtime")
    words = "This model doesn't support the temperature field. Remove temperature and try again."
    others.stub.add_client_error("converse", "ValidationException", words, 400)
    others.stub.add_response("converse", REPLY)
    crowded: Any = Crowded()
    engine = BedrockText(crowded, NOVA, streamed=False)
    with pytest.raises(ThrottledError):
        engine.complete(PROMPT)
    assert crowded.calls == 3


@pytest.mark.parametrize("streamed", [True, False])
def test_a_model_that_thinks_gets_room_and_its_thoughts_are_no_text(aws: LocalAws, streamed: bool) -> None:
    engine = BedrockText(Clients(), "us.deepseek.r1-v1:0", streamed=streamed)
    texts: list[str] = []
    completion = engine.complete(PROMPT, texts.append)
    assert completion.text == "".join(texts)
    assert "A gentle story" not in completion.text
    assert completion.completion_tokens > 200 + 400  # the answer that was all thought was paid for too
    assert engine.complete(QUESTION).text in QUESTION.choices


@pytest.mark.parametrize(
    ("model", "options", "problem", "words"),
    [
        ("", {}, "no-model", "STORIES_MODEL"),
        ("nobody.no-model-v1:0", {}, "no-model", "AWS_REGION"),
        (HAIKU, {}, "no-model", "inference profile"),
        ("ai21.jamba-instruct-v1:0", {}, "bad-setting", "STORIES_STREAMED=0"),
        (NOVA, {"guardrail": "elsewhere:1"}, "no-guardrail", "STORIES_GUARDRAIL"),
        (NOVA, {"guardrail": "no version"}, "bad-setting", "STORIES_GUARDRAIL"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_do(
    aws: LocalAws, model: str, options: dict[str, str], problem: str, words: str
) -> None:
    error = refusal(model, **options)
    assert (type(error), error.problem) == (ConfigError, problem)
    assert words in str(error)
    assert aws.requests("*") <= 1


@pytest.mark.parametrize(
    ("fault", "kind", "problem", "words"),
    [
        ("no_access", ConfigError, "access-denied", "console"),
        ("spent", ThrottledError, "throttled", "Service Quotas"),
        ("throttle", ThrottledError, "throttled", "wait a moment"),
    ],
)
def test_a_refusal_of_the_service_is_said_in_words(
    aws: LocalAws, fault: str, kind: type[StoriesError], problem: str, words: str
) -> None:
    aws.inject("ConverseStream", Fault(fault))
    error = refusal()
    assert (type(error), error.problem) == (kind, problem)
    assert words in str(error)


@pytest.mark.parametrize("streamed", [True, False])
def test_a_guardrail_that_intervenes_rejects_the_content(aws: LocalAws, streamed: bool) -> None:
    options = {"guardrail": f"{GUARDRAIL}:1", "streamed": streamed}
    error = refusal(prompt=replace(PROMPT, user=f"Idea: a {STOPPED_WORD}"), **options)
    assert (type(error), error.problem) == (ContentRejectedError, "unsafe")
    assert "guardrail" in str(error)
    assert BedrockText(Clients(), NOVA, **options).complete(PROMPT).text


@pytest.mark.parametrize(
    ("reason", "problem"),
    [
        ("content_filtered", "unsafe"),
        ("malformed_model_output", "unavailable"),
        ("model_context_window_exceeded", "text-too-long"),
    ],
)
def test_an_answer_that_ended_otherwise_is_an_error(reason: str, problem: str) -> None:
    with pytest.raises(StoriesError) as raised:
        stubbed({**REPLY, "stopReason": reason}).complete(PROMPT)
    assert raised.value.problem == problem


def test_an_answer_without_text_is_an_error() -> None:
    empty = {"message": {"role": "assistant", "content": []}}
    with pytest.raises(StoriesError, match="no text"):
        stubbed({**REPLY, "output": empty}).complete(PROMPT)


def test_an_answer_cut_by_the_limit_says_so() -> None:
    assert stubbed({**REPLY, "stopReason": "max_tokens"}).complete(PROMPT).stop_reason == "length"


# AWS's own words, from public reports (issue trackers, 2024 to 2026).
REFUSALS = [
    ("AccessDeniedException", 403, "You don't have access to the model with the specified ID.", "no access"),
    (
        "AccessDeniedException",
        403,
        "Model access is denied due to IAM user or service role is not authorized to perform the required "
        "AWS Marketplace actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe)",
        "no access",
    ),
    (
        "ResourceNotFoundException",
        404,
        "Model use case details have not been submitted for this account. Fill out the Anthropic form.",
        "no access",
    ),
    (
        "AccessDeniedException",
        403,
        "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: bedrock:InvokeModel on y",
        "allow it in IAM",
    ),
    ("ValidationException", 400, "The provided model identifier is invalid.", "AWS_REGION"),
    ("ResourceNotFoundException", 404, "Could not resolve the foundation model", "AWS_REGION"),
    ("ResourceNotFoundException", 404, "This model version has reached the end of its life.", "retired"),
    ("ValidationException", 400, "Input is too long for requested model.", "longer than"),
    ("ThrottlingException", 429, "Too many tokens, please wait before trying again.", "busy"),
    ("ThrottlingException", 429, "Too many tokens per day, please wait before trying again.", "tomorrow"),
    # In the middle of a stream.
    ("throttlingException", None, "Too many requests", "busy"),
    ("validationException", None, "Malformed input request", "does not take the request"),
    ("modelStreamErrorException", None, "Reset", "broke off"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "status", "message", "words"), REFUSALS)
def test_the_service_s_own_words_decide_what_to_do(
    code: str, status: int | None, message: str, words: str
) -> None:
    metadata = {} if status is None else {"HTTPStatusCode": status}
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}
    error = mapped(ClientError(response, "ConverseStream"), "bedrock", "the Bedrock model x")
    assert words in str(error)
    assert error.retryable is ("busy" in words or "broke" in words or "tomorrow" in words)
