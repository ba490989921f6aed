"""The writer over real HTTP, against a scripted server; the contract suite runs against the local AWS."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
from pipeline.errors import (
    ConfigError,
    EngineError,
    StoriesError,
    ThrottledError,
    UnavailableError,
)
from pipeline.types import Completion, Prompt
from tests.engines.aws.loopback import Asked, Loopback, Script, account

STORY = 'Zoë the snail 🐌 said: "Goodnight, café!"\nThe end 👩‍👧.'
TOKENS = re.findall(r"\s?\S+", STORY)
PROMPT = Prompt("test@1", "You tell stories.", "a snail", max_tokens=100, seed=7)
ECHO = "You tell stories.\n\nUser: a snail\n\nAssistant:"


def dumped(told: Any) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode()


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


# What one story looks like on the wire: container, streamed, bytes.
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
    return lambda asked: asked.stream(framed(data)) if streamed else asked.reply(data)


@contextmanager
def endpoint(
    monkeypatch: pytest.MonkeyPatch, script: Script, read_s: float = 5.0, **options: Any
) -> Iterator[tuple[Loopback, SageMakerText]]:
    with Loopback(script) as server:
        account(monkeypatch, AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=server.url)
        clients = Clients(timeouts={"sagemaker-runtime": read_s})
        yield server, SageMakerText(clients, **{"endpoint": "falcon", **options})
        clients.get("sagemaker-runtime").close()


@pytest.mark.parametrize("name", ANSWERS)
def test_every_form_of_an_answer_gives_the_same_story(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    container, streamed, data = ANSWERS[name]
    heard: list[str] = []
    script = answering(data, streamed)
    with endpoint(monkeypatch, script, container=container, streamed=streamed) as (server, engine):
        told = engine.complete(PROMPT, heard.append)
    assert told == Completion(STORY, 14, 9, "end")
    assert "".join(heard) == STORY
    assert len(server.seen) == 1


@pytest.mark.parametrize("name", ["tgi, events", "lmi, lines", "chat, events", "chat, lines"])
def test_a_story_is_the_same_however_its_bytes_are_split_into_frames(name: str) -> None:
    container, _, data = ANSWERS[name]
    cuts: list[int] = []
    with pytest.MonkeyPatch.context() as monkeypatch:

        def script(asked: Asked) -> None:
            places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
            asked.stream(payload_part(data[start:end]) for start, end in pairwise(places))

        with endpoint(monkeypatch, script, container=container) as (_, engine):

            @settings(max_examples=40, deadline=None)
            @given(st.lists(st.integers(0, 1 << 16), max_size=60))
            def holds(drawn: list[int]) -> None:
                cuts[:] = drawn
                heard: list[str] = []
                assert engine.complete(PROMPT, heard.append).text == STORY == "".join(heard)

            holds()


def test_a_stream_of_single_bytes_gives_the_same_story(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, data = ANSWERS["tgi, events"]
    with endpoint(monkeypatch, lambda asked: asked.stream(framed(data, [1]))) as (_, engine):
        assert engine.complete(PROMPT).text == STORY


def test_frames_may_be_split_anywhere_by_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = b"".join(framed(ANSWERS["tgi, events"][2]))
    parts = [whole[at : at + 7] for at in range(0, len(whole), 7)]
    with endpoint(monkeypatch, lambda asked: asked.stream(parts)) as (_, engine):
        assert engine.complete(PROMPT).text == STORY


def test_pieces_are_heard_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    gate = threading.Event()

    def script(asked: Asked) -> None:
        def parts() -> Iterator[bytes]:
            yield payload_part(sse(tokens(["Once", " upon"])))
            assert gate.wait(5)
            yield payload_part(sse([*tokens([" a time."]), LAST]))

        asked.stream(parts())

    def hear(text: str) -> None:
        heard.append(text)
        if "".join(heard) == "Once upon":
            gate.set()

    with endpoint(monkeypatch, script) as (_, engine):
        assert engine.complete(PROMPT, hear).text == "Once upon a time."


@pytest.mark.parametrize(
    ("streamed", "path"),
    [(True, "/endpoints/falcon/invocations-response-stream"), (False, "/endpoints/falcon/invocations")],
)
def test_the_endpoint_is_sent_the_prompt_as_json(
    monkeypatch: pytest.MonkeyPatch, streamed: bool, path: str
) -> None:
    name = "tgi, events" if streamed else "tgi, a list"
    script = answering(ANSWERS[name][2], streamed)
    with endpoint(monkeypatch, script, streamed=streamed) as (server, engine):
        engine.complete(PROMPT)
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", path)
    assert seen.headers["content-type"] == "application/json"
    assert seen.json["inputs"] == ECHO
    assert seen.json["parameters"]["max_new_tokens"] == 100
    assert seen.json.get("stream", False) is streamed


def test_an_inference_component_is_named_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    script = answering(ANSWERS["tgi, events"][2], True)
    with endpoint(monkeypatch, script, component="falcon-1") as (server, engine):
        engine.complete(PROMPT)
    assert server.seen[0].headers["x-amzn-sagemaker-inference-component"] == "falcon-1"


def test_a_choice_is_heard_once_and_as_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    script = answering(sse([*tokens([" Yes", ",", " it", " is"]), LAST]), True)
    with endpoint(monkeypatch, script) as (_, engine):
        told = engine.complete(replace(PROMPT, choices=("yes", "no")), heard.append)
    assert (told.text, told.confidence, heard) == ("yes", 1.0, ["yes"])


def test_a_text_that_was_cut_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = LAST | {"details": {"finish_reason": "length", "generated_tokens": 100}}
    with endpoint(monkeypatch, answering(sse([*tokens(), cut]), True)) as (_, engine):
        assert engine.complete(PROMPT).stop_reason == "length"


def test_another_s_turn_ends_the_story_and_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that ignores `stop` would go on for all of its tokens."""
    going_on = sse(tokens(["The end.", "\n", "User", ": and", " then"]))
    freed = threading.Event()

    def script(asked: Asked) -> None:
        def parts() -> Iterator[bytes]:
            yield from framed(going_on)
            freed.wait(30)
            yield payload_part(b"\n")

        asked.stream(parts())

    began = time.monotonic()
    with endpoint(monkeypatch, script) as (_, engine):
        told = engine.complete(PROMPT)
        assert time.monotonic() - began < 15
        freed.set()
    assert (told.text, told.stop_reason) == ("The end.", "end")


def test_its_fingerprint_is_the_model_s_and_not_the_endpoint_s() -> None:
    clients = Clients()
    one, other = SageMakerText(clients, "blue"), SageMakerText(clients, "green", streamed=False)
    assert one.fingerprint == other.fingerprint == "sagemaker/huggingface-llm-falcon-7b-instruct-bf16/1"
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


def test_a_missing_region_is_said_from_within_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    account(monkeypatch)
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(ConfigError, match="AWS_REGION"):
        SageMakerText(Clients(), "falcon").complete(PROMPT)


def refusing(status: int, code: str, **told: Any) -> Script:
    return lambda asked: asked.reply(dumped({"Message": "No.", **told}), status, x_amzn_ErrorType=code)


GONE = "Endpoint falcon of account 123456789012 not found."


@pytest.mark.parametrize("streamed", [True, False])
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
    streamed: bool,
) -> None:
    with (
        endpoint(monkeypatch, script, streamed=streamed) as (server, engine),
        pytest.raises(StoriesError) as raised,
    ):
        engine.complete(PROMPT)
    assert type(raised.value) is kind
    assert len(server.seen) <= 2
    assert requests in {None, len(server.seen)}


HALF = sse(tokens(["Once", " upon", " a"]))
ERROR_LINE = sse([{"error": "Request failed during generation", "error_type": "generation"}])
UNKNOWN_ERROR = frame({":message-type": "error", ":error-code": "Odd", ":error-message": "x"}, b"")


def broken(data: bytes) -> bytes:
    """The last byte of its checksum changed."""
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    ("parts", "whole", "kind"),
    [
        ([payload_part(HALF)], True, UnavailableError),  # no last event
        ([payload_part(HALF)], False, UnavailableError),  # the connection closes in the middle
        ([payload_part(HALF), payload_part(sse([LAST]))[:20]], True, UnavailableError),  # half a frame
        ([payload_part(HALF), broken(payload_part(sse([LAST])))], True, UnavailableError),
        (
            [
                payload_part(HALF),
                exception_frame("ModelStreamError", {"Message": "x", "ErrorCode": "StreamBroken"}),
            ],
            True,
            UnavailableError,
        ),
        (
            [payload_part(HALF), exception_frame("InternalStreamFailure", {"Message": "x"})],
            True,
            UnavailableError,
        ),
        ([payload_part(HALF), UNKNOWN_ERROR], True, UnavailableError),
        ([payload_part(HALF + ERROR_LINE)], True, UnavailableError),
        ([payload_part(HALF + b"data:{half a line\n\n")], True, EngineError),
        ([payload_part(HALF[:-20])], True, EngineError),  # half a line
        ([payload_part(HALF + b"data:\xff\xfe\n\n")], True, EngineError),
        ([payload_part(HALF + b"<html>busy</html>\n")], True, EngineError),
        ([payload_part(sse([LAST | {"generated_text": ""}]))], True, EngineError),  # nothing at all
        ([], True, UnavailableError),
    ],
)
def test_half_an_answer_is_an_error_and_asked_once(
    monkeypatch: pytest.MonkeyPatch, parts: list[bytes], whole: bool, kind: type[StoriesError]
) -> None:
    """The connection was made and tokens were paid for: asking again is for whoever knows what that costs."""
    with (
        endpoint(monkeypatch, lambda asked: asked.stream(parts, whole)) as (server, engine),
        pytest.raises(EngineError) as raised,
    ):
        engine.complete(PROMPT)
    assert type(raised.value) is kind
    assert raised.value.engine == "sagemaker"
    assert len(server.seen) == 1


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
def test_a_whole_answer_that_is_none_is_an_error(
    monkeypatch: pytest.MonkeyPatch, body: bytes, kind: type[StoriesError]
) -> None:
    with (
        endpoint(monkeypatch, answering(body, False), streamed=False) as (server, engine),
        pytest.raises(EngineError) as raised,
    ):
        engine.complete(PROMPT)
    assert (type(raised.value), raised.value.engine) == (kind, "sagemaker")
    assert len(server.seen) == 1


def test_a_body_that_is_cut_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(asked: Asked) -> None:
        asked.send_response(200)
        asked.send_header("Content-Length", "5000")
        asked.end_headers()
        asked.wfile.write(dumped([DETAILED])[:50])
        asked.close_connection = True

    with (
        endpoint(monkeypatch, script, streamed=False) as (_, engine),
        pytest.raises(UnavailableError, match="broke off"),
    ):
        engine.complete(PROMPT)


@pytest.mark.parametrize("streamed", [True, False])
def test_a_hung_endpoint_is_asked_twice_at_most(monkeypatch: pytest.MonkeyPatch, streamed: bool) -> None:
    began = time.monotonic()
    with endpoint(monkeypatch, Asked.hang, 0.2, streamed=streamed) as (server, engine):
        with pytest.raises(UnavailableError, match="did not answer in time"):
            engine.complete(PROMPT)
        assert time.monotonic() - began < 30
        assert server.settled(2) == 2


def test_a_stream_that_falls_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(asked: Asked) -> None:
        asked.stream([payload_part(HALF)], whole=False, pause=10)

    with endpoint(monkeypatch, script, 0.2) as (server, engine):
        with pytest.raises(UnavailableError, match="did not answer in time"):
            engine.complete(PROMPT)
        assert server.settled(1) == 1


DRIPPED = b"".join(framed(ANSWERS["tgi, events"][2]))
DRIPS: dict[str, tuple[bool, Script]] = {
    "frames": (True, lambda asked: asked.stream(framed(ANSWERS["tgi, events"][2], [3]), pause=0.05)),
    "bytes of a frame": (
        True,
        lambda asked: asked.stream([DRIPPED[at : at + 1] for at in range(len(DRIPPED))], pause=0.05),
    ),
    "bytes of a body": (False, lambda asked: asked.drip(dumped([DETAILED]), pause=0.05)),
}


@pytest.mark.parametrize("name", DRIPS)
def test_a_slow_drip_is_given_up_at_the_deadline(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    streamed, script = DRIPS[name]
    with endpoint(monkeypatch, script, streamed=streamed, deadline=2.0) as (server, engine):
        began = time.monotonic()
        with pytest.raises(UnavailableError, match=r"did not finish its answer in 2 s"):
            engine.complete(PROMPT)
        assert time.monotonic() - began < 15
        assert len(server.seen) == 1


def test_what_the_listener_raises_comes_out_and_the_stream_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = threading.Event()

    def script(asked: Asked) -> None:
        def parts() -> Iterator[bytes]:
            for at in range(1000):
                yield payload_part(sse(tokens([f" {at}"])))

        try:
            asked.stream(parts(), pause=0.02)
        except ConnectionError:
            gone.set()

    def stop(_: str) -> None:
        raise KeyboardInterrupt

    with endpoint(monkeypatch, script) as (_, engine):
        with pytest.raises(KeyboardInterrupt):
            engine.complete(PROMPT, stop)
        assert gone.wait(5)


def test_threads_share_an_engine_and_each_hears_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(asked: Asked) -> None:
        seed = asked.seen.json["parameters"]["seed"]
        asked.stream(framed(sse([*tokens([f"{seed}:{at} " for at in range(20)]), LAST])))

    with endpoint(monkeypatch, script) as (server, engine):

        def ask(seed: int) -> tuple[str, str]:
            heard: list[str] = []
            return engine.complete(replace(PROMPT, seed=seed), heard.append).text, "".join(heard)

        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(ask, range(24)))
    for seed, (text, heard) in enumerate(told):
        assert text == heard == " ".join(f"{seed}:{at}" for at in range(20))
    assert len(server.seen) == 24


def test_no_reading_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    before = threading.active_count()
    calls: list[Callable[[SageMakerText], object]] = [
        lambda engine: engine.complete(PROMPT),
        lambda engine: engine.complete(PROMPT, lambda _: None),
    ]
    with endpoint(monkeypatch, answering(ANSWERS["tgi, events"][2], True)) as (_, engine):
        for call in calls * 5:
            call(engine)
    until = time.monotonic() + 20
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.02)
    assert threading.active_count() <= before
