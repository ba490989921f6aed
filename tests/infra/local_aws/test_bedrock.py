"""The local Bedrock by boto3's own client: its events, its limits and its words."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local_aws import LocalAws

NOVA = "amazon.nova-lite-v1:0"
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
USER = {"role": "user", "content": [{"text": "Idea: a shy snail"}]}
ANSWER = {"role": "assistant", "content": [{"text": "Sam slept."}]}


def refusal(aws: LocalAws, **params: Any) -> str:
    with aws.client("bedrock-runtime") as client, pytest.raises(ClientError) as raised:
        client.converse(**{"modelId": NOVA, "messages": [USER], **params})
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    return str(raised.value)


def test_a_stream_is_the_whole_answer_in_events_of_the_service_s_model(aws: LocalAws) -> None:
    with aws.client("bedrock-runtime") as client:
        whole = client.converse(modelId=NOVA, messages=[USER])
        arn = f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{NOVA}"
        events = list(client.converse_stream(modelId=arn, messages=[USER])["stream"])
    names = [next(iter(event)) for event in events]
    assert (names[0], names[-3:]) == ("messageStart", ["contentBlockStop", "messageStop", "metadata"])
    deltas = [each["contentBlockDelta"]["delta"]["text"] for each in events if "contentBlockDelta" in each]
    assert "".join(deltas) == whole["output"]["message"]["content"][0]["text"]
    assert events[-2]["messageStop"]["stopReason"] == whole["stopReason"] == "end_turn"
    usage = events[-1]["metadata"]["usage"]
    assert usage == whole["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"messages": [ANSWER]}, "must start with a user message"),
        ({"messages": [USER, USER]}, "alternate"),
        ({"messages": [{"role": "user", "content": [{"text": " "}]}]}, "blank"),
        ({"modelId": "nobody.nothing-v1:0"}, "identifier is invalid"),
        ({"modelId": HAIKU.removeprefix("us.")}, "on-demand throughput"),
        ({"inferenceConfig": {"temperature": 1.5}}, "temperature"),
        ({"modelId": HAIKU, "inferenceConfig": {"temperature": 0.5, "topP": 0.9}}, "Please use only one"),
    ],
)
def test_what_the_service_refuses_is_refused(aws: LocalAws, params: dict[str, Any], words: str) -> None:
    assert words in refusal(aws, **params)
