"""How a writer's server can fail: what it answers, the error that comes of it, the requests it may see.

For tests/engines/openai/test_faults.py and bench/campaign/engines.py.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace

from pipeline.engines.openai.client import Patience
from pipeline.errors import ConfigError, EngineError, StoriesError, ThrottledError, UnavailableError
from tests.engines.loopback import Request
from tests.engines.openai.recorded import chunk, events
from tests.engines.openai.serving import PATIENCE, Reply, refused, streamed

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

# Reply, the engine's patience, words of the error: an UnavailableError.
WAITS: dict[str, tuple[Reply, Patience, str]] = {
    "silence": (_hang, replace(PATIENCE, silence=0.3, attempts=1), "did not answer in time"),
    "hang": (_hang, replace(PATIENCE, whole=0.3, attempts=1), "did not finish its answer in 0.3 s"),
    "drip": (_drip, replace(PATIENCE, whole=0.3), "did not finish its answer in 0.3 s"),
}
