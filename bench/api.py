"""The API on this machine: a story that is made already, and how fast one is accepted by a slow model.

Beside it a bare uvicorn that answers the same bytes and knows nothing: what is left is ours.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from bench.figures import Finding, Spread, Target, ratios, spread
from bench.load import Load, get, post, press
from bench.result import Result

_CLIENTS = (1, 8, 32, 64)
# On the same machine as the server: targets.md.
_TARGETS = {8: (Target(5), Target(25), Target(1000, at_least=True))}
_IDEA = {"context": "a shy snail", "locale": "fr", "variant": 7}
_SLOW_SECONDS = 90


def measure(quick: bool) -> Result:
    requests, pairs = (2_000, 3) if quick else (10_000, 5)
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as out, _server(out, 0) as ours:
        story = _made(ours)
        with _bare(_body(ours + story)) as bare:
            seen = {
                clients: [
                    (
                        press(ours, lambda _: get(story), clients, requests),
                        press(bare, lambda _: get("/"), clients, requests),
                    )
                    for _ in range(pairs)
                ]
                for clients in _CLIENTS
            }
        memo = {
            str(clients): [one.statuses for pair in runs for one in pair] for clients, runs in seen.items()
        }
    findings = [line for clients, runs in seen.items() for line in _lines(clients, runs)]
    return Result([*findings, _mixed(quick), _submit(quick)], {"statuses": memo})


def _lines(clients: int, runs: list[tuple[Load, Load]]) -> Iterator[Finding]:
    what = f"cached story, {clients} client{'s' if clients > 1 else ''}"
    own = [pair[0] for pair in runs]
    p50, p99, rate = _TARGETS.get(clients, (None, None, None))
    lost = sum(one.lost for one in own)
    bad = {status: count for one in own for status, count in one.statuses.items() if status != 200}
    note = f"{lost} lost, {sum(bad.values())} other than 200, of {sum(len(one.latencies) for one in own)}"
    yield Finding("API", f"{what}, p50", spread(one.percentile(50) * 1000 for one in own), "ms", p50)
    yield Finding("API", f"{what}, p99", spread(one.percentile(99) * 1000 for one in own), "ms", p99)
    yield Finding("API", f"{what}, rate", spread(one.per_second for one in own), "/s", rate, note)
    bare = ratios([(pair[1].per_second, pair[0].per_second) for pair in runs])
    yield Finding("API", f"{what}, bare uvicorn's rate / ours", bare)


def _mixed(quick: bool) -> Finding:
    """64 clients: nine of ten requests are for a made story, the tenth is for a new one, or to wait."""
    requests = 4_000 if quick else 20_000
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as out, _server(out, 0, waiting=16) as base:
        story = _made(base)
        asked = press(
            base,
            lambda number: get(story) if number % 10 else post("/stories", _ask(number)),
            64,
            requests,
        )
    told = asked.percentile(99) * 1000
    note = f"{asked.per_second:.0f}/s; statuses {asked.statuses}, {asked.lost} lost of {requests}"
    what = "64 clients, 90 % cached, a queue of 16, p99"
    return Finding("API", what, Spread(told, told, told, 1), "ms", None, note)


def _submit(quick: bool) -> Finding:
    """Eight clients ask for new stories, all accepted at once, while the writer is silent for 90 s."""
    requests = 400 if quick else 2_000
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as out, _server(out, _SLOW_SECONDS) as base:
        asked = press(base, lambda number: post("/stories", _ask(number)), 8, requests)
    told = asked.percentile(99)
    note = f"p50 {asked.percentile(50) * 1000:.1f} ms; statuses {asked.statuses}, {asked.lost} lost"
    what = f"a new story accepted (202) while the model takes {_SLOW_SECONDS} s, 8 clients, p99"
    return Finding(
        "API", what, Spread(told, min(asked.latencies), max(asked.latencies), requests), "s", Target(1), note
    )


def _ask(number: int) -> str:
    return json.dumps({"context": f"a shy snail who counts to {number}", "locale": "fr"})


def _made(base: str) -> str:
    """The address of a story that is made."""
    request = urllib.request.Request(base, json.dumps(_IDEA).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        told = json.load(answer)
    return f"/stories/{told['id']}/{told['locale']}"


def _body(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return bytes(answer.read())


@contextmanager
def _server(out: str, seconds: float, waiting: int = 10_000) -> Iterator[str]:
    with _process("bench.serve_slow", out, str(seconds), str(waiting)) as base:
        yield base


@contextmanager
def _bare(body: bytes) -> Iterator[str]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        with _process("bench.serve_bare", file.name) as base:
            yield base


@contextmanager
def _process(*module: str) -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "-m", *module], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
