"""The writer over real HTTP, against a scripted server; the contract suite runs against the local AWS."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local_aws.event_stream import exception_frame, frame, payload_part
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.sagemaker import SageMakerText
from pipeline.errors import ConfigError, EngineError, StoriesError, ThrottledError, UnavailableError
from pipeline.types import Completion, Prompt
from tests.engines.aws.loopback import account
from tests.engines.loopback import LIMIT_S, Loopback, Request, Script

STORY = 'Zoë the snail 🐌 said: "Goodnight, café!"\nThe end 👩‍👧.'
TOKENS = re.findall(r"\s?\S+", STORY)
PROMPT = Prompt("test@1", "You tell stories.", "a snail", max_tokens=100, seed=7)
ECHO = "You tell stories.\n\nUser: a snail\n\nAssistant:"


def dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def tokens(of: Iterable[str] = tuple(TOKENS)) -> list[dict[str, Any]]:
    rest = {"generated_text": None, "details": None}
    return [
        {"index": at, "token": {"id": at, "text": text, "special": False}, **rest}
        for at, text in enumerate(of, 1)
    ]


LAST = {
    "token": {"id": 11, "text": "<|endoftext|>", "special": True},
    "generated_text": STORY,
    "details": {"finish_reason": "eos_token", "generated_tokens": 9, "input_length": 14},
}
DELTAS: list[dict[str, Any]] = [
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}]}
    for text in TOKENS
]
STOP = {"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}]}
USAGE = {"choices": [], "usage": {"prompt_tokens": 14, "completion_tokens": 9}}
MESSAGE = {
    "choices": [{"index": 0, "message": {"content": STORY}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 14, "completion_tokens": 9},
}
DETAILED = {
    "generated_text": STORY,
    "details": {"finish_reason": "eos_token", "generated_tokens": 9, "prefill": [{"id": 1}] * 14},
}


def sse(events: Iterable[Any], space: str = "") -> bytes:
    return b"".join(b"data:" + space.encode() + dumped(event) + b"\n\n" for event in events)


def json_lines(events: Iterable[Any]) -> bytes:
    return b"".join(dumped(event) + b"\n" for event in events)


TGI, CHAT = "text-generation", "chat"
ECHOED = DETAILED | {"generated_text": f"{ECHO} {STORY}<|endoftext|>"}
# One story on the wire: container, streamed, bytes.
ANSWERS: dict[str, tuple[str, bool, bytes]] = {
    "tgi, a list": (TGI, False, dumped([DETAILED])),
    "lmi, an object": (TGI, False, dumped(DETAILED)),
    "an echo before it": (TGI, False, dumped([ECHOED])),
    "tgi, events": (TGI, True, sse([*tokens(), LAST])),
    "tgi, comments": (TGI, True, b":keep-alive\n\nevent: message\n" + sse([*tokens(), LAST], " ")),
    "lmi, lines": (TGI, True, json_lines([*tokens(), LAST])),
    "lmi, the last line without its end": (TGI, True, json_lines([*tokens(), LAST]).rstrip()),
    "a whole answer where a stream was asked for": (TGI, True, dumped([DETAILED])),
    "chat, whole": (CHAT, False, dumped(MESSAGE)),
    "chat, events": (CHAT, True, sse([*DELTAS, STOP, USAGE], " ") + b"data: [DONE]\n\n"),
    "chat, lines": (CHAT, True, json_lines([*DELTAS, STOP, USAGE])),
    "chat, a whole answer where a stream was asked for": (CHAT, True, dumped(MESSAGE)),
}


def framed(data: bytes, sizes: Iterable[int] = (1, 37, 5, 211, 3)) -> Iterator[bytes]:
    """In event frames of these sizes, over and over."""
    wanted = list(sizes)
    at, turn = 0, 0
    while at < len(data):
        size = wanted[turn % len(wanted)]
        yield payload_part(data[at : at + size])
        at, turn = at + size, turn + 1


def answering(data: bytes, streamed: bool) -> Script:
    return lambda request: request.stream(framed(data)) if streamed else request.reply(data)


@contextmanager
def endpoint(
    monkeypatch: pytest.MonkeyPatch, script: Script, read_s: float = LIMIT_S, **options: Any
) -> Iterator[tuple[Loopback, SageMakerText]]:
    with Loopback(script) as server:
        account(monkeypatch, AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=server.url)
        clients = Clients(timeouts={"sagemaker-runtime": read_s})
        yield server, SageMakerText(clients, **{"endpoint": "falcon", **options})
        clients.get("sagemaker-runtime").close()


@pytest.mark.parametrize("name", ANSWERS)
def test_every_form_of_an_answer_gives_the_same_story(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    container, streamed, data = ANSWERS[name]
    pieces: list[str] = []
    script = answering(data, streamed)
    with endpoint(monkeypatch, script, container=container, streamed=streamed) as (server, engine):
        completion = engine.complete(PROMPT, pieces.append)
    assert completion == Completion(STORY, 14, 9, "end")
    assert "".join(pieces) == STORY
    assert len(server.received) == 1


@pytest.mark.parametrize("name", ["tgi, events", "chat, lines"])
def test_a_story_is_the_same_however_its_bytes_are_split_into_frames(name: str) -> None:
    container, _, data = ANSWERS[name]
    cuts: list[int] = []
    with pytest.MonkeyPatch.context() as monkeypatch:

        def script(request: Request) -> None:
            places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
            request.stream(payload_part(data[start:end]) for start, end in pairwise(places))

        with endpoint(monkeypatch, script, container=container) as (_, engine):

            @settings(max_examples=12, deadline=None)
            @given(st.lists(st.integers(0, 1 << 16), max_size=60))
            def holds(drawn: list[int]) -> None:
                cuts[:] = drawn
                pieces: list[str] = []
                assert engine.complete(PROMPT, pieces.append).text == STORY == "".join(pieces)

            holds()


def test_pieces_come_through_as_they_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[str] = []
    gate = threading.Event()

    def script(request: Request) -> None:
        def parts() -> Iterator[bytes]:
            yield payload_part(sse(tokens(["Once", " upon"])))
            assert gate.wait(LIMIT_S)
            yield payload_part(sse([*tokens([" a time."]), LAST]))

        request.stream(parts())

    def note(text: str) -> None:
        pieces.append(text)
        if "".join(pieces) == "Once upon":
            gate.set()

    with endpoint(monkeypatch, script) as (_, engine):
        assert engine.complete(PROMPT, note).text == "Once upon a time."


@pytest.mark.parametrize(
    ("streamed", "path"),
    [(True, "/endpoints/falcon/invocations-response-stream"), (False, "/endpoints/falcon/invocations")],
)
def test_the_endpoint_receives_the_prompt_as_json(
    monkeypatch: pytest.MonkeyPatch, streamed: bool, path: str
) -> None:
    name = "tgi, events" if streamed else "tgi, a list"
    script = answering(ANSWERS[name][2], streamed)
    with endpoint(monkeypatch, script, streamed=streamed) as (server, engine):
        engine.complete(PROMPT)
    (received,) = server.received
    assert (received.method, received.path) == ("POST", path)
    assert received.headers["content-type"] == "application/json"
    assert received.json["inputs"] == ECHO
    assert received.json["parameters"]["max_new_tokens"] == 100
    assert received.json.get("stream", False) is streamed


def test_an_inference_component_is_named_in_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    script = answering(ANSWERS["tgi, events"][2], True)
    with endpoint(monkeypatch, script, component="falcon-1") as (server, engine):
        engine.complete(PROMPT)
    assert server.received[0].headers["x-amzn-sagemaker-inference-component"] == "falcon-1"


def test_a_choice_comes_once_and_as_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[str] = []
    script = answering(sse([*tokens([" Yes", ",", " it", " is"]), LAST]), True)
    with endpoint(monkeypatch, script) as (_, engine):
        completion = engine.complete(replace(PROMPT, choices=("yes", "no")), pieces.append)
    assert (completion.text, completion.confidence, pieces) == ("yes", 1.0, ["yes"])


def test_another_s_turn_ends_the_story_without_a_wait_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that ignores `stop` would go on for all of its tokens."""
    freed, waited = threading.Event(), threading.Event()

    def parts() -> Iterator[bytes]:
        yield from framed(sse(tokens(["The end.", "\n", "User", ": and", " then"])))
        if not freed.wait(LIMIT_S):
            waited.set()
        yield payload_part(b"\n")

    with endpoint(monkeypatch, lambda request: request.stream(parts())) as (_, engine):
        completion = engine.complete(PROMPT)
        freed.set()
    assert not waited.is_set()
    assert (completion.text, completion.stop_reason) == ("The end.", "end")


def test_the_fingerprint_is_of_the_model_and_not_of_the_endpoint() -> None:
    clients = Clients()
    first, second = SageMakerText(clients, "blue"), SageMakerText(clients, "green", streamed=False)
    assert first.fingerprint == second.fingerprint == "sagemaker/huggingface-llm-falcon-7b-instruct-bf16/1"
    odd = SageMakerText(clients, "blue", model="my org/falcon:7b v2")
    assert re.fullmatch(r"[\w.-]+(/[\w.-]+)+/\d+", odd.fingerprint)


def test_without_an_endpoint_the_first_call_says_how_to_set_one() -> None:
    engine = SageMakerText(Clients(), "")
    with pytest.raises(ConfigError, match="set STORIES_ENDPOINT") as raised:
        engine.complete(PROMPT)
    assert raised.value.problem == "no-endpoint"


def test_an_unknown_container_is_named_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="'triton'; known: text-generation, chat"):
        SageMakerText(Clients(), "falcon", container="triton").complete(PROMPT)


def failure(
    monkeypatch: pytest.MonkeyPatch, script: Script, read_s: float = LIMIT_S, **options: Any
) -> tuple[StoriesError, int]:
    """The error of a completion, and how many requests were sent."""
    with endpoint(monkeypatch, script, read_s, **options) as (server, engine):
        with pytest.raises(StoriesError) as raised:
            engine.complete(PROMPT)
        return raised.value, len(server.received)


@pytest.mark.parametrize(
    ("status", "code", "fields", "kind"),
    [
        (400, "ValidationError", {"Message": "Endpoint falcon of account 123 not found."}, ConfigError),
        (403, "AccessDeniedException", {}, ConfigError),
        (424, "ModelError", {"OriginalStatusCode": 422, "OriginalMessage": "long"}, EngineError),
        (424, "ModelError", {"OriginalStatusCode": 429}, ThrottledError),
    ],
)
def test_a_refusal_is_an_error_of_ours_after_one_request(
    monkeypatch: pytest.MonkeyPatch, status: int, code: str, fields: dict[str, Any], kind: type[StoriesError]
) -> None:
    """Those that are sent again are in test_faults.py."""
    body = dumped({"Message": "No.", **fields})
    error, requests = failure(monkeypatch, lambda request: request.reply(body, status, x_amzn_ErrorType=code))
    assert (type(error), requests) == (kind, 1)


HALF = sse(tokens(["Once", " upon", " a"]))
ERROR_LINE = sse([{"error": "Request failed during generation", "error_type": "generation"}])
UNKNOWN_ERROR = frame({":message-type": "error", ":error-code": "Odd", ":error-message": "x"}, b"")


def broken(data: bytes) -> bytes:
    """The last byte of its checksum changed."""
    return data[:-1] + bytes([data[-1] ^ 1])


FAILED_STREAM = exception_frame("ModelStreamError", {"Message": "x", "ErrorCode": "StreamBroken"})


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ([], UnavailableError),
        ([payload_part(HALF)], UnavailableError),  # no last event
        ([payload_part(HALF), payload_part(sse([LAST]))[:20]], UnavailableError),  # half a frame
        ([payload_part(HALF), broken(payload_part(sse([LAST])))], UnavailableError),
        ([payload_part(HALF), FAILED_STREAM], UnavailableError),
        ([payload_part(HALF), exception_frame("InternalStreamFailure", {"Message": "x"})], UnavailableError),
        ([payload_part(HALF), UNKNOWN_ERROR], UnavailableError),
        ([payload_part(HALF + ERROR_LINE)], UnavailableError),
        ([payload_part(HALF + b"data:{half a line\n\n")], EngineError),
        ([payload_part(HALF[:-20])], EngineError),  # half a line
        ([payload_part(HALF + b"data:\xff\xfe\n\n")], EngineError),
        ([payload_part(HALF + b"<html>busy</html>\n")], EngineError),
        ([payload_part(sse([LAST | {"generated_text": ""}]))], EngineError),  # nothing at all
    ],
)
@pytest.mark.parametrize("whole", [True, False])
def test_half_a_reply_is_an_error_without_a_retry(
    monkeypatch: pytest.MonkeyPatch, parts: list[bytes], whole: bool, kind: type[StoriesError]
) -> None:
    """Tokens were paid for: whether to call again is the caller's decision."""
    error, requests = failure(monkeypatch, lambda request: request.stream(parts, whole))
    assert type(error) in ({kind} if whole else {kind, UnavailableError})
    assert (getattr(error, "engine", ""), requests) == ("sagemaker", 1)


@pytest.mark.parametrize(
    ("body", "cut", "kind"),
    [
        (b"", None, EngineError),
        (b"body", None, EngineError),
        (b"[]", None, EngineError),
        (dumped([{"generated_text": ""}]), None, EngineError),
        (dumped([{"generated_text": f"{ECHO}<|endoftext|>"}]), None, EngineError),
        (dumped({"error": "Model is overloaded", "error_type": "overloaded"}), None, ThrottledError),
        (dumped([DETAILED])[:-9], None, EngineError),
        (dumped([DETAILED]), 50, UnavailableError),
        (b"\xff", None, EngineError),
    ],
)
def test_a_reply_without_a_story_is_an_error(
    monkeypatch: pytest.MonkeyPatch, body: bytes, cut: int | None, kind: type[StoriesError]
) -> None:
    error, requests = failure(monkeypatch, lambda request: request.reply(body, cut=cut), streamed=False)
    assert (type(error), getattr(error, "engine", ""), requests) == (kind, "sagemaker", 1)


def endless(each: Callable[[Request], Iterable[bytes]], whole: bool = True) -> Script:
    """Streams what `each` gives, over and over, until the server ends."""

    def parts(request: Request) -> Iterator[bytes]:
        while not request.server.ending.is_set():
            yield from each(request)

    return lambda request: request.stream(parts(request), whole)


def test_a_stream_that_falls_silent_ends_by_the_read_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    def half(request: Request) -> Iterator[bytes]:
        yield payload_part(HALF)
        request.server.ending.wait(LIMIT_S)

    error, _ = failure(monkeypatch, endless(half, whole=False), 0.3)
    assert isinstance(error, UnavailableError)
    assert "did not answer in time" in str(error)


@pytest.mark.parametrize("frame_size", [1, 3])
def test_an_endless_stream_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch, frame_size: int) -> None:
    """No silence is long enough for a read timeout."""

    def on(request: Request) -> Iterator[bytes]:
        request.server.ending.wait(0.01)
        yield from framed(sse(tokens([" on"])), [frame_size])

    error, requests = failure(monkeypatch, endless(on), deadline=3.0)
    assert isinstance(error, UnavailableError)
    assert "did not finish its answer in 3 s" in str(error)
    assert requests == 1


def test_an_exception_of_the_listener_passes_and_closes_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = threading.Event()

    def on(request: Request) -> Iterator[bytes]:
        request.server.ending.wait(0.01)
        yield payload_part(sse(tokens([" on"])))

    def script(request: Request) -> None:
        try:
            endless(on)(request)
        except ConnectionError:
            gone.set()

    def stop(_: str) -> None:
        raise KeyboardInterrupt

    with endpoint(monkeypatch, script) as (_, engine):
        with pytest.raises(KeyboardInterrupt):
            engine.complete(PROMPT, stop)
        assert gone.wait(LIMIT_S)


def test_no_thread_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(threading.enumerate())
    with endpoint(monkeypatch, answering(ANSWERS["tgi, events"][2], True)) as (_, engine):
        for _ in range(5):
            engine.complete(PROMPT)
    for thread in set(threading.enumerate()) - before:
        thread.join(LIMIT_S)
        assert not thread.is_alive()
