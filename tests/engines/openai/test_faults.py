"""A server that fails in every way: a bounded number of requests, the right error, and no secret in it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from pipeline.engines.openai.text import OpenAiText
from pipeline.errors import ConfigError, EngineError, StoriesError, ThrottledError, UnavailableError
from tests.engines.contracts.text_contract import PROMPT
from tests.engines.loopback import Request
from tests.engines.openai.recorded import OLLAMA, chunk, events
from tests.engines.openai.serving import PATIENCE, ModelServer, Reply, refused, streamed

SECRET = "sk-very-secret-0123"
BEGUN = events(chunk({"content": "Once upon"}), done=False)


def _hang(request: Request) -> None:
    request.hang()


def _drip(request: Request) -> None:
    """A comment now and then, for ever: never silent, never done."""

    def comments() -> object:
        while not request.server.ending.wait(0.05):
            yield b": ping\n"

    request.stream(comments(), kind="text/event-stream")


def _reset(request: Request) -> None:
    request.close_connection = True
    request.connection.shutdown(socket.SHUT_RDWR)


def _cut(request: Request) -> None:
    request.reply(b'{"choices": [{"message": {"content": "Once"}}]}', cut=20)


@dataclass(frozen=True)
class Fault:
    """requests: completions that the server may see. words: in the message."""

    reply: Reply
    error: type[StoriesError]
    problem: str
    words: str
    requests: int = 1


_QUOTA = {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}
_LONG = {
    "error": {"code": 400, "message": "request (6031 tokens) exceeds", "type": "exceed_context_size_error"}
}
_FAILED = {"error": {"message": "CUDA error", "type": "server_error", "code": 500}}
FAULTS: dict[str, Fault] = {
    "401": Fault(
        refused(401, {"error": f"bad {SECRET}"}), ConfigError, "bad-credentials", "STORIES_WRITER_KEY"
    ),
    "403": Fault(refused(403, {"error": SECRET}), ConfigError, "access-denied", "model mine"),
    "402": Fault(refused(402, {}), ConfigError, "no-credit", "billing"),
    "404": Fault(refused(404, b"404 page not found"), ConfigError, "no-endpoint", "ends in /v1"),
    "quota": Fault(refused(429, _QUOTA), ConfigError, "no-credit", "billing", 2),
    "429": Fault(refused(429, {}, Retry_After="7"), ThrottledError, "throttled", "asks for 7 s: wait", 2),
    "500": Fault(refused(500, {"error": f"no {SECRET}"}), UnavailableError, "unavailable", "run it again", 2),
    "502, a page": Fault(
        refused(502, b"<html>bad</html>"), UnavailableError, "unavailable", "run it again", 2
    ),
    "503, loading": Fault(
        refused(503, {"error": {"message": "Loading model", "code": 503}}),
        UnavailableError,
        "unavailable",
        "Loading model",
        2,
    ),
    "301": Fault(
        refused(301, b"", Location="http://127.0.0.1:9/"), ConfigError, "no-endpoint", "final address"
    ),
    "too long": Fault(refused(400, _LONG), EngineError, "text-too-long", "larger context"),
    "a page": Fault(refused(200, b"<!doctype html><p>Sign in"), EngineError, "bad-answer", "sign-in page"),
    "another JSON": Fault(refused(200, {"hello": "world"}), EngineError, "bad-answer", "STORIES_WRITER_URL"),
    "not text": Fault(refused(200, b"\xff\xfe\n"), EngineError, "engine", "not text"),
    "empty": Fault(refused(200, b""), UnavailableError, "unavailable", "broke off"),
    "broken event": Fault(streamed([*BEGUN, b"data: {\n\n"]), EngineError, "bad-answer", "protocol"),
    "error event": Fault(streamed([*BEGUN, *events(_FAILED)]), UnavailableError, "unavailable", "CUDA error"),
    "ends early": Fault(streamed(BEGUN), UnavailableError, "unavailable", "broke off"),
    "cut stream": Fault(streamed(BEGUN, whole=False), UnavailableError, "unavailable", "broke off"),
    "cut body": Fault(_cut, UnavailableError, "unavailable", "broke off"),
    "reset": Fault(_reset, UnavailableError, "unavailable", "run it again", 2),
}


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


@pytest.mark.parametrize(
    ("reply", "patience", "words"),
    [
        (_hang, replace(PATIENCE, silence=0.3, attempts=1), "did not answer in time"),
        (_hang, replace(PATIENCE, whole=0.3, attempts=1), "did not finish its answer in 0.3 s"),
        (_drip, replace(PATIENCE, whole=0.3), "did not finish its answer in 0.3 s"),
    ],
    ids=["silence", "hang", "drip"],
)
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
