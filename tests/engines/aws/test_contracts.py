"""Every contract suite over real HTTP, against the local AWS: the wire, the signatures and the limits."""

from __future__ import annotations

import os

import pytest

from infra.local_aws import LocalAws
from pipeline.engines.aws.bedrock import BedrockText
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.polly import PollySpeech
from pipeline.engines.aws.s3 import S3Store
from pipeline.engines.aws.sagemaker import SageMakerText
from pipeline.engines.aws.translate import AmazonTranslation
from pipeline.ports import SpeechEngine, Store, TextEngine, TranslationEngine
from pipeline.types import Prompt
from tests.engines.contracts.speech_contract import SpeechContract
from tests.engines.contracts.store_contract import StoreContract
from tests.engines.contracts.text_contract import TextContract
from tests.engines.contracts.translation_contract import TranslationContract


class TestSageMakerText(TextContract):
    """Streamed; the other containers and the buffered form are in test_sagemaker.py."""

    @pytest.fixture
    def engine(self, aws: LocalAws) -> TextEngine:
        return SageMakerText(Clients(), os.environ["STORIES_ENDPOINT"])


class TestBedrockText(TextContract):
    """Streamed; whole answers and the ways of other models are in test_bedrock.py."""

    @pytest.fixture
    def engine(self, aws: LocalAws) -> TextEngine:
        return BedrockText(Clients(), "us.amazon.nova-lite-v1:0")


class TestAmazonTranslation(TranslationContract):
    unknown = ("en", "tlh")

    @pytest.fixture
    def engine(self, aws: LocalAws) -> TranslationEngine:
        return AmazonTranslation(Clients())


class TestPollySpeech(SpeechContract):
    media_type = "audio/mpeg"

    @pytest.fixture
    def engine(self, aws: LocalAws) -> SpeechEngine:
        return PollySpeech(Clients())


class TestS3Store(StoreContract):
    @pytest.fixture
    def store(self, aws: LocalAws) -> Store:
        return S3Store(Clients(), os.environ["STORIES_BUCKET"])


@pytest.mark.parametrize(
    "options",
    [
        {"endpoint": "stories-object", "streamed": False},
        {"endpoint": "stories-chat", "model": "a-chat-model", "container": "chat"},
        {"endpoint": "stories-chat", "model": "a-chat-model", "container": "chat", "streamed": False},
    ],
    ids=["buffered", "chat", "chat, buffered"],
)
def test_every_container_of_the_local_aws_completes_a_prompt(aws: LocalAws, options: dict) -> None:
    received: list[str] = []
    prompt = Prompt("test@1", "You tell stories.", "Idea: a shy snail", max_tokens=200)
    completion = SageMakerText(Clients(), **options).complete(prompt, received.append)
    assert completion.text == "".join(received)
    assert completion.stop_reason == "end"
    assert completion.completion_tokens > 0
