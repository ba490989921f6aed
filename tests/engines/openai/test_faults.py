"""A server that fails in every way: a bounded number of requests, the right error, and no secret in it."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from pipeline.engines.openai.text import OpenAiText
from pipeline.errors import EngineError, StoriesError, UnavailableError
from tests.engines.contracts.text_contract import PROMPT
from tests.engines.openai.faulty import FAULTS, SECRET, WAITS, Fault
from tests.engines.openai.recorded import OLLAMA
from tests.engines.openai.serving import PATIENCE, ModelServer, Reply, refused, streamed


def outcome(call: Callable[[], object]) -> StoriesError:
    with pytest.raises(StoriesError) as caught:
        call()
    message = str(caught.value)
    assert SECRET not in message
    assert "\n" not in message
    assert SECRET not in repr(caught.value)
    return caught.value


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_a_failing_server_gets_a_bounded_number_of_requests_and_the_right_error(fault: Fault) -> None:
    with ModelServer(OLLAMA.models, fault.reply) as server:
        error = outcome(lambda: server.engine(key=SECRET).complete(PROMPT))
        assert len(server.completions) == fault.requests
    assert (type(error), error.problem) == (fault.error, fault.problem)
    assert fault.words in str(error)
    if isinstance(error, EngineError):
        assert error.engine == "openai"


@pytest.mark.parametrize(("reply", "patience", "words"), WAITS.values(), ids=list(WAITS))
def test_the_wait_is_bounded_between_bytes_and_in_all(reply: Reply, patience: object, words: str) -> None:
    with ModelServer(OLLAMA.models, reply) as server:
        error = outcome(lambda: server.engine(patience=patience).complete(PROMPT))
    assert type(error) is UnavailableError
    assert words in str(error)


def test_a_server_that_recovers_is_not_an_error() -> None:
    with ModelServer(OLLAMA.models, refused(503, {}), streamed(OLLAMA.story)) as server:
        assert server.engine().complete(PROMPT).text
    assert len(server.completions) == 2


def test_under_a_state_machine_that_retries_there_is_one_request() -> None:
    with ModelServer(OLLAMA.models, refused(503, {})) as server:
        outcome(lambda: server.engine(attempts=1).complete(PROMPT))
    assert len(server.completions) == 1


def test_a_wrong_key_is_known_from_the_list_of_models_and_no_story_is_sent() -> None:
    with ModelServer(401, streamed(OLLAMA.story)) as server:
        error = outcome(lambda: server.engine().complete(PROMPT))
    assert (error.problem, len(server.completions)) == ("no-credentials", 0)


def test_nobody_there_says_to_start_it() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        error = outcome(lambda: OpenAiText(url, "mine", SECRET, patience=PATIENCE).complete(PROMPT))
    assert type(error) is UnavailableError
    assert "start it, or check STORIES_WRITER_URL" in str(error)


def test_a_key_never_follows_a_redirect() -> None:
    with ModelServer(OLLAMA.models, streamed(OLLAMA.story)) as other:
        moved = refused(307, b"", Location=f"{other.url}/v1/chat/completions")
        with ModelServer(404, moved) as server:
            outcome(lambda: server.engine(key=SECRET).complete(PROMPT))
        assert other.received == []
