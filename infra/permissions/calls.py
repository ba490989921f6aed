"""Every kind of call that the functions make, each function with its role's own key, against the local AWS.

First all goes well; then what was stored is damaged, gone, left by a function that was killed, of an older
store, or of a server that shares the bucket.
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import urllib3

from infra.local_aws import LocalAws
from infra.local_aws.authorization import Role
from infra.permissions import roles
from infra.permissions.stack import NO_CONTENT, OK, Stack, deployed
from pipeline.steps import committed, status
from pipeline.storage import claims, keys, shelf
from pipeline.storage.claims import Claim
from pipeline.storage.memo import seal
from pipeline.storage.narrations import decode

GENERATE, TRANSLATE, SPEAK, FAIL, PUSH = (
    "MvpStoriesGenerate",
    "MvpStoriesTranslate",
    "MvpStoriesTextToSpeech",
    "MvpStoriesRecordFailure",
    "MvpStoriesPush",
)
_IDEA = "un petit sphynx perdu dans une pyramide, qui cherche le chemin de la maison"
_OWN_IDEA, _USER = "un ours qui apprend à lire la nuit", "a signed-in user"
# Amazon is asked which language it is in.
_NO_EVERYDAY_WORD = "eksynyt kissanpentu pyramidissa"
_VOICE = "/locales/en-GB/voices/brian"
# A server's name, as in keys.maker().
_SERVER = "0123456789abcdef" * 2


def observed(aws: LocalAws) -> dict[str, Role]:
    """The roles by function, with all that their requests needed. Raises what a function raises."""
    bucket = aws.make_bucket()
    by_function = roles.roles(aws, bucket)
    with deployed(aws, bucket, by_function) as stack:
        story_id = _a_story(stack)
        _a_private_story(stack)
        _what_was_damaged(stack, story_id)
        _what_others_wrote(stack, story_id)
        _what_a_grown_up_does(stack, story_id)
    return by_function


def _a_story(stack: Stack) -> str:
    """As a page makes it, in two languages, and lists it; the story's id."""
    for path in ("/health", "/openapi.json", "/locales", "/stories"):
        stack.ask("GET", path)
    story_id = _submit(stack)
    _submit(stack)
    other = stack.ask("POST", "/", {"context": _NO_EVERYDAY_WORD, "locale": "fr"}, 202)["id"]
    stack.state(GENERATE, other, "fr")
    ticket = stack.ask("POST", "/push", {})["address"].partition("=")[2]
    _connection(stack, "$connect", "a page", queryStringParameters={"ticket": ticket})
    for function in (GENERATE, TRANSLATE, SPEAK):
        _follow_and_leave(stack, story_id, "fr", function)
        stack.state(function, story_id, "fr")
        view = stack.ask("GET", f"/stories/{story_id}/fr")
    _fetch(view["mp3Url"], view["downloadUrl"], *(segment["audioUrl"] for segment in view["segments"]))
    stack.ask("POST", f"/stories/{story_id}/locales", {"locale": "en-GB"}, 202)
    _follow_and_leave(stack, story_id, "en-GB", FAIL)
    _connection(stack, "$disconnect", FAIL)
    _follow_and_leave(stack, story_id, "en-GB", PUSH)
    for locale in ("en-GB", "fr"):
        stack.run(FAIL, {"id": story_id, "locale": locale, "error": {"Error": "States.Timeout"}})
    stack.ask("GET", f"/stories/{story_id}/en-GB")
    _fetch(stack.ask("GET", _VOICE)["audioUrl"])
    publication = shelf.Publication(stack.store, "run")
    publication.add(committed.manifest(stack.store, story_id, "fr"))
    publication.issue()
    for query in ({}, {"locale": "fr"}):
        stack.ask("GET", "/stories", query=query)
    return story_id


def _a_private_story(stack: Stack) -> None:
    """With a child's name, which is heard first."""
    hero = {"name": "Siobhan", "sounds": "Shi-vawn"}
    stack.ask("POST", "/locales/en-GB/name", hero)
    order = {"context": _IDEA, "locale": "fr", "hero": hero}
    story_id = stack.ask("POST", "/stories", order, 202, {"Idempotency-Key": "b"})["id"]
    for function in (GENERATE, TRANSLATE, SPEAK):
        stack.state(function, story_id, "fr")
        view = stack.ask("GET", f"/stories/{story_id}/fr")
    _fetch(view["mp3Url"], *(segment["audioUrl"] for segment in view["segments"]))
    _follow_and_leave(stack, story_id, "fr", PUSH)
    stack.run(FAIL, {"id": story_id, "locale": "en-GB", "error": {"Error": "States.Timeout"}})


def _what_was_damaged(stack: Stack, story_id: str) -> None:
    """All that was paid for is damaged, what was committed is gone, every claim is of a killed function."""
    _let_go(stack)
    for key in (*stack.store.list("cache/"), *stack.store.list("idempotency/")):
        stack.store.put(key, b"damaged")
    stack.delete(keys.text(story_id, keys.WRITTEN_IN), keys.text(story_id, "fr"))
    stack.store.put(keys.manifest(story_id, "fr"), b"damaged")
    for function in (GENERATE, TRANSLATE, SPEAK):
        stack.state(function, story_id, "fr")
    stack.ask("GET", _VOICE)
    _submit(stack)


def _what_others_wrote(stack: Stack, story_id: str) -> None:
    """Sounds of an older store, in audio/, and a story that a server makes now, which holds a claim."""
    stack.restart(SPEAK)  # which remembers that the store has no older sounds
    _let_go(stack)
    _make_older(stack)
    stack.store.put(keys.manifest(story_id, "fr"), b"damaged")
    _fetch(stack.ask("GET", _VOICE)["audioUrl"])
    stack.state(SPEAK, story_id, "fr")
    claim = Claim(1, "server", "", time.time() + 60)
    stack.store.put(keys.claim(keys.maker(_SERVER), 1), claims.dump(claim))
    status.queue(stack.store, story_id, "de", maker=_SERVER)
    stack.ask("GET", f"/stories/{story_id}/de")
    _follow_and_leave(stack, story_id, "de", "another page")
    stack.ask("POST", f"/stories/{story_id}/locales", {"locale": "de"}, 202)


def _what_a_grown_up_does(stack: Stack, story_id: str) -> None:
    """A signed-in one: publishes a story, takes it back, edits it, takes that back too, and deletes it with
    all that was kept of it.
    """
    own = stack.ask("POST", "/stories", {"context": _OWN_IDEA, "locale": "fr"}, 202, user=_USER)["id"]
    stack.ask("POST", f"/stories/{own}/locales", {"locale": "fr"}, 202, user=_USER)
    for function in (GENERATE, TRANSLATE, SPEAK):
        stack.state(function, own, "fr")
    for published in (True, False, True):
        path = f"/stories/{own}/fr/published"
        stack.ask("PUT", path, {"published": published}, user=_USER)
    change = {"locale": "fr", "changes": [{"segment": 0, "text": "Un petit ours aimait les livres."}]}
    edited = stack.ask("POST", f"/stories/{own}/edits", change, 202, user=_USER)["id"]
    for function in (GENERATE, TRANSLATE, SPEAK):
        stack.state(function, edited, "fr")
    stack.ask("POST", f"/stories/{edited}/undo", {}, user=_USER)
    stack.ask("GET", "/pin")
    stack.ask("GET", "/shelf", user=_USER)
    # Its sounds are of an older store, and something of it was damaged once.
    _let_go(stack)
    _make_older(stack)
    manifest = keys.manifest(own, "fr")
    stack.store.put(manifest, b"damaged")
    stack.state(SPEAK, own, "fr")
    _let_go(stack)
    stack.ask("DELETE", f"/stories/{own}", expected=NO_CONTENT, user=_USER)


def _follow_and_leave(stack: Stack, story_id: str, edition: str, connection: str) -> None:
    """A page follows, and is gone without a word: whoever posts to it next removes its entry."""
    stack.aws.account.sockets[connection] = lambda _: None
    followed = {"follow": [{"id": story_id, "edition": edition, "seen": ""}]}
    _connection(stack, "$default", connection, body=json.dumps(followed))
    del stack.aws.account.sockets[connection]


def _connection(stack: Stack, route: str, connection: str, **more: Any) -> None:
    """An event of the WebSocket API. Raises RuntimeError: it is refused."""
    event = {"requestContext": {"routeKey": route, "connectionId": connection}, **more}
    if (answer := stack.run(PUSH, event)) != {"statusCode": OK}:
        raise RuntimeError(f"{route}: {answer}")


def _submit(stack: Stack) -> str:
    body = {"context": _IDEA, "locale": "fr"}
    story_id: str = stack.ask("POST", "/stories", body, 202, {"Idempotency-Key": "a"})["id"]
    return story_id


def _let_go(stack: Stack) -> None:
    """As after a minute without a renewal."""
    for key in list(stack.store.list("claims/")):
        stack.store.put(key, claims.dump(Claim(1, "killed", "", 0.0)))


def _make_older(stack: Stack) -> None:
    """Every sound in the form of stores before sounds had their note inside: JSON that names a file."""
    for key in [key for key in stack.store.list("cache/speak/") if not key.endswith(".json")]:
        body, audio = decode(stack.store.get(key))
        name = hashlib.sha256(audio).hexdigest()
        sound = f"audio/{name[:2]}/{name}.mp3"
        answer = {**body["answer"], "audio": sound}
        stack.store.put(sound, audio)
        stack.store.put(f"{key.rpartition('.')[0]}.json", seal({**body, "answer": answer}))
        stack.delete(key)


def _fetch(*urls: str) -> None:
    """As a page's player: a signed URL may do what the role may that signed it. Raises RuntimeError."""
    with urllib3.PoolManager(retries=False, timeout=30) as http:
        for url in urls:
            if (answer := http.request("GET", url)).status != OK:
                raise RuntimeError(f"{url.partition('?')[0]}: {answer.status} {answer.data!r}")
