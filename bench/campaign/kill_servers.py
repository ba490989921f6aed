"""SIGKILL of a server that has accepted stories: the next start makes all of them, none another's."""

from __future__ import annotations

import json
import time
from typing import Any

from bench.campaign import stores
from bench.campaign.frame import Case, Outcome
from bench.campaign.hooks import Plan
from bench.campaign.processes import Child, command
from bench.campaign.talking import Answer, call, followed

_WORDS = "kite teapot lamp drum boat moon pear coat".split()
_LONGEST = 0.3
_PATIENCE = 40.0


def run(case: Case) -> Outcome:
    """Half of the cases die at a write, the others at a moment."""
    outcome, root = Outcome(), case.folder / "out"
    at = case.random.randrange(20, 400) if case.number % 2 else None
    calls = [case.folder / "first", case.folder / "second"]
    plan = Plan(kill_at=at, calls=calls[0], pace=0.002)
    first = serve(case, "first.log", plan)
    accepted = _accept(first, case, outcome)
    if at is None:
        time.sleep(case.random.uniform(0, _LONGEST))
        first.kill()
    else:
        _until_dead(first)
    outcome.check("Traceback" not in first.text, f"a traceback: {first.text[-300:]}")
    outcome.faults += stores.faults(root)
    committed, kept = stores.published(root), stores.paid(root)
    begun = set(stores.calls(calls[0]))
    second = serve(case, "second.log", Plan(calls=calls[1]))
    try:
        for word, location in accepted.items():
            judge(outcome, word, followed(second.address(), location, _PATIENCE), accepted)
    finally:
        second.kill()
    after = stores.published(root)
    outcome.check(
        all(after.get(key) == digest for key, digest in committed.items()), "a committed object changed"
    )
    # Two stories that hold the same sentence, spoken at once, are two calls, kill or no kill.
    repeated = len(begun & set(stores.calls(calls[1])))
    outcome.add("accepted", len(accepted))
    outcome.add("calls repeated", repeated)
    outcome.check(repeated <= len(begun) - kept, f"{repeated} calls repeated, {len(begun) - kept} in flight")
    return outcome


def serve(case: Case, log: str, plan: Plan, root: Any = None, **environ: str) -> Child:
    """A server on the case's store, whether or not it listens yet."""
    arguments = ["serve", "--port", "0", "--out", str(root or case.folder / "out")]
    return command(arguments, case.folder / log, plan, STORIES_WAITING="64", **environ)


def judge(outcome: Outcome, word: str, view: dict[str, Any], others: Any) -> None:
    """An accepted story is done, and is its own."""
    outcome.check(
        view.get("status") == "done", f"an accepted story is {view.get('status')}: {json.dumps(view)[:200]}"
    )
    if view.get("status") == "done":
        story = view["story"]
        foreign = [other for other in others if other != word and f" {other}" in story]
        outcome.check(
            f"the {word}" in story and not foreign, f"{word} got a story of {foreign}: {story[:100]}"
        )


def _accept(server: Child, case: Case, outcome: Outcome) -> dict[str, str]:
    """Locations of what was accepted before the server died, by the word that the story has to hold."""
    accepted: dict[str, str] = {}
    try:
        address = server.address()
    except RuntimeError:  # it died before it listened
        return accepted
    for word in _WORDS[: case.random.randint(1, len(_WORDS))]:
        body = {"context": f"a shy snail sees the {word}", "variant": case.number}
        answer = call(address, "POST", "/stories", body)
        if isinstance(answer, Answer) and answer.status == 202:
            accepted[word] = answer.headers["location"]
        elif isinstance(answer, Answer):
            outcome.check(answer.status < 500, f"POST answered {answer.status}: {answer.body[:200]!r}")
        else:
            break
    return accepted


def _until_dead(server: Child) -> None:
    """At its write; one that has none left dies now."""
    deadline = time.monotonic() + 1
    while server.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    server.kill()
