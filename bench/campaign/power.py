"""Power cuts under a running server, and servers that never come back: whatever was accepted is made.

A power cut is a copy of the block device under the running server: what is only in the kernel's memory is
not in it. The copy is mounted, which recovers the journal, and a server is started on it.
"""

from __future__ import annotations

import time
from typing import Any

from bench.campaign import disks, stores
from bench.campaign.frame import Case, Outcome, Trial
from bench.campaign.hooks import Plan
from bench.campaign.kill_servers import judge, serve
from bench.campaign.talking import Answer, call, followed

_WORDS = "kite teapot lamp drum boat moon pear coat sled bell shoe fern".split()
_IMAGES = 5
# Seconds between the last 202 and the cut, at most; and until all that was accepted is made.
_LONGEST, _PATIENCE = 0.3, 30.0
# Hints and claims: what a reader may find damaged, and makes nothing of.
_HINTS = ("/status.json",)
_SERVERS, _EACH = 5, 3
# Seconds of an engine call: a busy server syncs all the time, so its disk is more up to date than that of a
# server that waits for its engines.
_PACES = (20.0, 0.02)


def cuts(case: Case) -> Outcome:
    """Five images of one server's disk, each with more accepted stories than the one before."""
    outcome = Outcome(count=0)
    image, accepted, images = disks.ext4(case.folder / "image"), {}, []
    with disks.mounted(case.folder / "mount", image) as point:
        server = serve(case, "server.log", Plan(pace=_PACES[case.number % len(_PACES)]), point / "out")
        try:
            address, words = server.address(), list(_WORDS)
            for number in range(_IMAGES):
                for _ in range(case.random.randint(1, 2)):
                    word = words.pop()
                    if location := _accepted(address, word, case.number):
                        accepted[word] = location
                time.sleep(case.random.uniform(0, _LONGEST))
                copy = case.folder / f"image-{number}"
                disks.cut(image, copy, server)
                images.append((copy, dict(accepted)))
        finally:
            server.kill()
    for copy, words_of in images:
        outcome.count += 1
        with disks.mounted(case.folder / "mount", copy) as point:
            _recover(case, outcome, point / "out", copy.name, words_of)
        copy.unlink()
    return outcome


def _recover(case: Case, outcome: Outcome, root: Any, name: str, accepted: dict[str, str]) -> None:
    hidden = [fault for fault in stores.faults(root) if not fault.split()[0].endswith(_HINTS)]
    outcome.faults += [f"{name}: {fault}" for fault in hidden]
    outcome.add("accepted", len(accepted))
    server = serve(case, f"{name}.log", Plan(), root)
    try:
        address, deadline = server.address(), time.monotonic() + _PATIENCE
        for word, location in accepted.items():
            view = followed(address, location, max(1.0, deadline - time.monotonic()))
            outcome.add("lost", view.get("status") != "done")
            judge(outcome, word, view, accepted)
    finally:
        server.kill()


def dead(case: Case) -> Outcome:
    """Five servers die for good with stories that they accepted; another one on the same store goes on."""
    outcome = Outcome(count=_SERVERS)
    survivor = serve(case, "survivor.log", Plan())
    servers = [serve(case, f"{number}.log", Plan(hold="complete 1")) for number in range(_SERVERS)]
    try:
        address, accepted = survivor.address(), []
        for number, server in enumerate(servers):
            accepted += [
                _accepted(server.address(), word, _SERVERS * case.number + number) for word in _WORDS[:_EACH]
            ]
        time.sleep(case.random.uniform(0.05, _LONGEST))
        for server in servers:
            server.kill()
        begun = time.monotonic()
        _ask(outcome, address, _SERVERS * case.number)
        for location in filter(None, accepted):
            left = _PATIENCE - (time.monotonic() - begun)
            view = followed(address, location, max(0.2, left))
            outcome.check(
                view.get("status") == "done",
                f"{location} is {view.get('status')} {_PATIENCE:g} s after its server died",
            )
        outcome.add("accepted", len(accepted))
        outcome.add("most seconds until all were made", round(time.monotonic() - begun, 1))
    finally:
        for server in (survivor, *servers):
            server.kill()
    return outcome


def _ask(outcome: Outcome, address: str, variant: int) -> None:
    """POST / for a story of the dead waits for nobody who does not make it."""
    answer = call(address, "POST", "/", _body(_WORDS[0], variant), seconds=_PATIENCE)
    status = answer.status if answer else None
    outcome.check(status == 200, f"POST / for a dead server's story: {status} within {_PATIENCE:g} s")


def _accepted(address: str, word: str, variant: int) -> str:
    """Its location; "" where it was not accepted."""
    answer = call(address, "POST", "/stories", _body(word, variant))
    return answer.headers["location"] if isinstance(answer, Answer) and answer.status == 202 else ""


def _body(word: str, variant: int) -> dict[str, Any]:
    return {"context": f"a shy snail sees the {word}", "variant": variant}


TRIALS = (
    Trial("power cut", "images", cuts, 50, 300, each=_IMAGES, share=2, missing=disks.missing),
    Trial("second server dead for good", "servers", dead, 20, 100, each=_SERVERS),
)
