"""Equal requests at one key, hostile requests, connections that never ask: at servers of our own."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from threading import Barrier
from urllib.parse import urlsplit

from bench.campaign import hostile, stores
from bench.campaign.frame import Case, Outcome, Trial
from bench.campaign.hooks import Plan
from bench.campaign.kill_servers import serve
from bench.campaign.processes import Child, fork, started
from bench.campaign.talking import Answer, call
from pipeline.cli.__main__ import main

_CALLERS, _KEYS = 64, 5
# Longer than a key is kept.
_DAY = 25 * 3600.0
# What the record of a key is when the equal requests come.
STATES = ("new", "expired", "damaged")
# The crowd comes from several processes, each of which may open some thousands.
_HANDLES, _CONNECTIONS, _CROWDS = 1024, 20_000, 4
# Within which a POST has to be answered.
_POSTS, _SECONDS = 5, 2.0


def equal(case: Case) -> Outcome:
    """Five keys in turn: 64 requests at once, half to each of two servers on one store."""
    outcome, root = Outcome(count=_KEYS), case.folder / "out"
    state = STATES[case.number % len(STATES)]
    keys = [f"{case.number}-{number}" for number in range(_KEYS)]
    if state != "new":
        _use_before(case, keys, _DAY if state == "expired" else 0)
    if state == "damaged":
        for record in root.glob("idempotency/*"):
            record.write_bytes(record.read_bytes()[: case.random.randrange(20)])
    servers = [serve(case, f"{number}.log", Plan()) for number in range(2)]
    try:
        addresses = [server.address() for server in servers]
        with ThreadPoolExecutor(_CALLERS) as pool:
            for key in keys:
                _one_key(outcome, pool, addresses, key)
    finally:
        for server in servers:
            server.kill()
    outcome.faults = [f"{state}: {fault}" for fault in outcome.faults]
    for server in servers:
        outcome.check("Traceback" not in server.text, f"a traceback: {server.text[-300:]}")
    return outcome


def _use_before(case: Case, keys: Sequence[str], ago: float) -> None:
    """Sends a request with each key to a server whose clock is so many seconds behind."""
    arguments = ["serve", "--port", "0", "--out", str(case.folder / "out")]
    server = started(arguments, case.folder / "earlier.log", Plan(clock=-ago))
    try:
        for key in keys:
            answer = call(server.address(), "POST", "/stories", _body(key), {"Idempotency-Key": key})
            if answer is None or answer.status != 202:
                raise RuntimeError(f"the first request with {key} failed: {server.text[-300:]}")
    finally:
        server.kill()


def _one_key(outcome: Outcome, pool: ThreadPoolExecutor, addresses: Sequence[str], key: str) -> None:
    together = Barrier(_CALLERS)

    def send(number: int) -> Answer | None:
        together.wait(30)
        return call(addresses[number % 2], "POST", "/stories", _body(key), {"Idempotency-Key": key})

    answers = list(pool.map(send, range(_CALLERS)))
    ids = {answer.json["id"] for answer in answers if answer and answer.status in {200, 202}}
    others = sorted({answer.status if answer else 0 for answer in answers} - {200, 202, 503})
    outcome.add("requests", len(answers))
    outcome.add("most ids a key", len(ids))
    outcome.check(len(ids) == 1, f"key {key}: {len(ids)} stories")
    outcome.check(not others, f"key {key}: answered {others}")


def _body(key: str) -> dict[str, str]:
    return {"context": f"a shy snail and the kite {key}"}


def hostile_requests(case: Case) -> Outcome:
    """A server of its own, and thousands of requests that are almost right."""
    outcome = Outcome(count=0)
    server = serve(case, "server.log", Plan())
    try:
        address = server.address()
        hostile.attack(outcome, address, case.random, hostile.EACH)
        answer = call(address, "GET", "/health", seconds=5)
        outcome.check(answer and answer.status == 200, "the server is well no longer")
    finally:
        server.kill()
    if "Traceback" in server.text:
        outcome.faults.append(f"a traceback: {_traceback(server)}")
    outcome.faults += stores.faults(case.folder / "out")
    return outcome


def _traceback(server: Child) -> str:
    """Where the first one ends: its last place and its error."""
    lines = server.text[server.text.index("Traceback") :].splitlines()
    end = next((at for at, line in enumerate(lines) if at and not line.startswith(" ")), len(lines) - 1)
    return " | ".join(line.strip() for line in lines[max(0, end - 2) : end + 1])


def idle(case: Case) -> Outcome:
    """Thousands of silent and dripping connections at a server with 1,024 file handles; then a real POST."""
    outcome = Outcome(count=0)

    def work() -> int:
        resource.setrlimit(resource.RLIMIT_NOFILE, (_HANDLES, _HANDLES))
        return main(["serve", "--port", "0", "--out", str(case.folder / "out")])

    server = fork(work, case.folder / "server.log")
    with ExitStack() as stack:
        stack.callback(server.kill)
        address = server.address()
        logs = [case.folder / f"crowd-{number}.log" for number in range(_CROWDS)]
        for log in logs:
            crowd = fork(partial(_crowd, address, _CONNECTIONS // _CROWDS), log)
            stack.callback(crowd.kill)
        deadline = time.monotonic() + 60
        while outcome.count < _CONNECTIONS and time.monotonic() < deadline:
            outcome.count = sum(int((log.read_text().split() or ["0"])[-1]) for log in logs if log.exists())
            time.sleep(0.1)
        _post_beside(outcome, address)
    outcome.check("Traceback" not in server.text, f"a traceback: {server.text[-300:]}")
    return outcome


def _post_beside(outcome: Outcome, address: str) -> None:
    for number in range(_POSTS):
        begun, body = time.monotonic(), {"context": "a shy snail", "variant": number}
        answer = call(address, "POST", "/stories", body, seconds=5 * _SECONDS)
        seconds = time.monotonic() - begun
        is_good = answer and answer.status == 202 and seconds < _SECONDS
        outcome.check(is_good, f"POST {number}: {answer and answer.status} after {seconds:.1f} s")
        outcome.add("most seconds of a POST", round(seconds, 2))


def _crowd(address: str, count: int) -> int:
    """Opens so many connections, prints how many, and lets every second one drip, until it is killed."""
    place = urlsplit(address)
    connections: list[socket.socket] = []
    while True:
        for _ in range(min(200, count - len(connections))):
            connection = socket.socket()
            connection.setblocking(False)
            with suppress(OSError):
                connection.connect((place.hostname, place.port))
            connections.append(connection)
        for connection in connections[::2]:
            with suppress(OSError):
                connection.send(b"G")
        print(len(connections), flush=True)
        time.sleep(0.02 if len(connections) < count else 1)


TRIALS = (
    Trial("64 equal requests", "keys", equal, 50, 500, each=_KEYS, share=2, parallel=1),
    Trial("hostile requests", "requests", hostile_requests, 30_000, 100_000, each=hostile.EACH, share=4),
    Trial("idle and dripping connections", "connections", idle, 20_000, 20_000, each=20_000, parallel=1),
)
