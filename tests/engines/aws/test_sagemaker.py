"""The writer over real HTTP, against a scripted server; the contract suite runs against the local AWS."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Iterator
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
from tests.engines.aws.loopback import account, count_attempts
from tests.engines.loopback import LIMIT_S, Loopback, Request, Script

STORY = 'Zoë the snail 🐌 said: "Goodnight, café!"\nThe end 👩‍👧.'
TOKENS = re.findall(r"\s?\S+", STORY)
PROMPT = Prompt("test@1", "You tell stories.", "a snail", max_tokens=100, seed=7)
ECHO = "You tell stories.\n\nUser: a snail\n\nAssistant:"


def dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def tokens(of: Iterable[str] = tuple(TOKENS)) -> list[dict[str, Any]]:
    return [
        {
            "index": at,
            "token": {"id": at, "text": text, "special": False},
            "generated_text": None,
            "details": None,
        }
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


# One story on the wire: container, streamed, bytes.
ANSWERS: dict[str, tuple[str, bool, bytes]] = {
    "tgi, a list": ("text-generation", False, dumped([DETAILED])),
    "lmi, an object": ("text-generation", False, dumped(DETAILED)),
    "an echo before it": (
        "text-generation",
        False,
        dumped([DETAILED | {"generated_text": f"{ECHO} {STORY}<|endoftext|>"}]),
    ),
    "tgi, events": ("text-generation", True, sse([*tokens(), LAST])),
    "tgi, events with comments": (
        "text-generation",
        True,
        b":keep-alive\n\nevent: message\n" + sse([*tokens(), LAST], " "),
    ),
    "lmi, lines": ("text-generation", True, json_lines([*tokens(), LAST])),
    "lmi, the last line without its end": (
        "text-generation",
        True,
        json_lines([*tokens(), LAST]).rstrip(),
    ),
    "a whole answer where a stream was asked for": ("text-generation", True, dumped([DETAILED])),
    "chat, whole": ("chat", False, dumped(MESSAGE)),
    "chat, events": ("chat", True, sse([*DELTAS, STOP, USAGE], " ") + b"data: [DONE]\n\n"),
    "chat, lines": ("chat", True, json_lines([*DELTAS, STOP, USAGE])),
    "chat, a whole answer where a stream was asked for": ("chat", True, dumped(MESSAGE)),
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


def refusing(status: int, code: str, **fields: Any) -> Script:
    return lambda request: request.reply(dumped({"Message": "No.", **fields}), status, x_amzn_ErrorType=code)


GONE = "Endpoint falcon of account 123456789012 not found."


@pytest.mark.parametrize(
    ("script", "kind", "requests"),
    [
        (refusing(400, "ValidationError", Message=GONE), ConfigError, 1),
        (refusing(403, "AccessDeniedException"), ConfigError, 1),
        (refusing(400, "ThrottlingException"), ThrottledError, 2),
        (refusing(429, "ModelNotReadyException"), ThrottledError, None),
        (refusing(500, "InternalFailure"), UnavailableError, 2),
        (refusing(503, "ServiceUnavailable"), UnavailableError, 2),
        (refusing(530, "InternalDependencyException"), UnavailableError, None),
        (refusing(424, "ModelError", OriginalStatusCode=500), UnavailableError, 1),
        (refusing(424, "ModelError", OriginalStatusCode=422, OriginalMessage="long"), EngineError, 1),
        (refusing(424, "ModelError", OriginalStatusCode=429), ThrottledError, 1),
    ],
)
def test_a_refusal_is_an_error_of_ours_after_two_requests_at_most(
    monkeypatch: pytest.MonkeyPatch,
    script: Script,
    kind: type[StoriesError],
    requests: int | None,
) -> None:
    with (
        endpoint(monkeypatch, script) as (server, engine),
        pytest.raises(StoriesError) as raised,
    ):
        engine.complete(PROMPT)
    assert type(raised.value) is kind
    assert len(server.received) <= 2
    assert requests in {None, len(server.received)}


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
    with (
        endpoint(monkeypatch, lambda request: request.stream(parts, whole)) as (server, engine),
        pytest.raises(EngineError) as raised,
    ):
        engine.complete(PROMPT)
    assert type(raised.value) in ({kind} if whole else {kind, UnavailableError})
    assert raised.value.engine == "sagemaker"
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", EngineError),
        (b"body", EngineError),
        (b"[]", EngineError),
        (dumped([{"generated_text": ""}]), EngineError),
        (dumped([{"generated_text": f"{ECHO}<|endoftext|>"}]), EngineError),
        (dumped({"error": "Model is overloaded", "error_type": "overloaded"}), ThrottledError),
        (dumped([DETAILED])[:-9], EngineError),
        (b"\xff", EngineError),
    ],
)
def test_a_reply_without_a_story_is_an_error(
    monkeypatch: pytest.MonkeyPatch, body: bytes, kind: type[StoriesError]
) -> None:
    with (
        endpoint(monkeypatch, answering(body, False), streamed=False) as (server, engine),
        pytest.raises(EngineError) as raised,
    ):
        engine.complete(PROMPT)
    assert (type(raised.value), raised.value.engine) == (kind, "sagemaker")
    assert len(server.received) == 1


@pytest.mark.parametrize("streamed", [True, False])
def test_a_hung_endpoint_gets_two_requests(monkeypatch: pytest.MonkeyPatch, streamed: bool) -> None:
    with Loopback(Request.hang) as server:
        account(monkeypatch, AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=server.url)
        clients = Clients(timeouts={"sagemaker-runtime": 0.1})
        attempts = count_attempts(clients.get("sagemaker-runtime"))
        with pytest.raises(UnavailableError, match="did not answer in time"):
            SageMakerText(clients, "falcon", streamed=streamed).complete(PROMPT)
        assert len(attempts) == 2
        clients.get("sagemaker-runtime").close()


def test_a_stream_that_falls_silent_ends_by_the_read_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(request: Request) -> None:
        def parts() -> Iterator[bytes]:
            yield payload_part(HALF)
            request.server.ending.wait(LIMIT_S)

        request.stream(parts(), whole=False)

    with (
        endpoint(monkeypatch, script, 0.3) as (_, engine),
        pytest.raises(UnavailableError, match="did not answer in time"),
    ):
        engine.complete(PROMPT)


@pytest.mark.parametrize("frame_size", [1, 3])
def test_an_endless_stream_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch, frame_size: int) -> None:
    """No silence is long enough for a read timeout."""

    def script(request: Request) -> None:
        def parts() -> Iterator[bytes]:
            while not request.server.ending.wait(0.01):
                yield from framed(sse(tokens([" on"])), [frame_size])

        request.stream(parts())

    with endpoint(monkeypatch, script, LIMIT_S, deadline=0.3) as (server, engine):
        with pytest.raises(UnavailableError, match=r"did not finish its answer in 0.3 s"):
            engine.complete(PROMPT)
        assert len(server.received) == 1


def test_an_exception_of_the_listener_passes_and_closes_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = threading.Event()

    def script(request: Request) -> None:
        def parts() -> Iterator[bytes]:
            while not request.server.ending.wait(0.01):
                yield payload_part(sse(tokens([" on"])))

        try:
            request.stream(parts())
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


def test_a_body_that_is_cut_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(request: Request) -> None:
        request.reply(dumped([DETAILED]), cut=50)

    with (
        endpoint(monkeypatch, script, streamed=False) as (_, engine),
        pytest.raises(UnavailableError, match="broke off"),
    ):
        engine.complete(PROMPT)
