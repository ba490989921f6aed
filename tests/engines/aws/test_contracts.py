"""Every contract suite over real HTTP, against the local AWS: the wire, the signatures and the limits."""

from __future__ import annotations

import os

import pytest

from infra.local_aws import LocalAws
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.polly import PollySpeech
from pipeline.engines.aws.s3 import S3Store
from pipeline.engines.aws.sagemaker import SageMakerText
from pipeline.engines.aws.translate import AmazonTranslation
from pipeline.engines.fake import MemoryStore
from pipeline.ports import SpeechEngine, Store, TextEngine, TranslationEngine
from pipeline.storage.cache import CachedSpeech, CachedText, CachedTranslation
from tests.engines.contracts.speech_contract import SpeechContract
from tests.engines.contracts.store_contract import StoreContract
from tests.engines.contracts.text_contract import TextContract
from tests.engines.contracts.translation_contract import TranslationContract


class TestStreamedSageMaker(TextContract):
    @pytest.fixture
    def engine(self, aws: LocalAws) -> TextEngine:
        return SageMakerText(Clients(), os.environ["STORIES_ENDPOINT"])


class TestBufferedSageMaker(TextContract):
    @pytest.fixture
    def engine(self, aws: LocalAws) -> TextEngine:
        return SageMakerText(Clients(), "stories-object", streamed=False)


@pytest.mark.parametrize("streamed", [True, False])
class TestChatOnSageMaker(TextContract):
    @pytest.fixture
    def engine(self, aws: LocalAws, streamed: bool) -> TextEngine:
        return SageMakerText(Clients(), "stories-chat", "a-chat-model", "chat", streamed)


class TestCachedSageMaker(TextContract):
    @pytest.fixture
    def engine(self, aws: LocalAws) -> TextEngine:
        return CachedText(SageMakerText(Clients(), os.environ["STORIES_ENDPOINT"]), MemoryStore())


class TestAmazonTranslation(TranslationContract):
    unknown = ("en", "tlh")

    @pytest.fixture
    def engine(self, aws: LocalAws) -> TranslationEngine:
        return AmazonTranslation(Clients())


class TestCachedAmazonTranslation(TranslationContract):
    unknown = ("en", "tlh")

    @pytest.fixture
    def engine(self, aws: LocalAws) -> TranslationEngine:
        return CachedTranslation(AmazonTranslation(Clients()), MemoryStore())


class TestPollySpeech(SpeechContract):
    media_type = "audio/mpeg"

    @pytest.fixture
    def engine(self, aws: LocalAws) -> SpeechEngine:
        return PollySpeech(Clients())


class TestCachedPollySpeech(SpeechContract):
    media_type = "audio/mpeg"

    @pytest.fixture
    def engine(self, aws: LocalAws) -> SpeechEngine:
        return CachedSpeech(PollySpeech(Clients()), MemoryStore())


class TestS3Store(StoreContract):
    @pytest.fixture
    def store(self, aws: LocalAws) -> Store:
        return S3Store(Clients(), os.environ["STORIES_BUCKET"])
