"""Every kind of call that the functions make, each function with its role's own key, against the local AWS.

First all goes well; then what was stored is damaged, gone, left by a function that was killed, of an older
store, or of a server that shares the bucket.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import urllib3

from infra.local_aws import LocalAws
from infra.local_aws.authorization import Role
from infra.local_aws.deploy import ENVIRONMENT, SUBSTITUTIONS, deploy
from infra.local_aws.functions import Context
from infra.permissions import roles
from pipeline import lambdas
from pipeline.bootstrap import build_store
from pipeline.config.settings import Settings
from pipeline.engines.aws.s3 import S3Store
from pipeline.steps import committed, status
from pipeline.storage import claims, keys, shelf
from pipeline.storage.claims import Claim
from pipeline.storage.memo import seal
from pipeline.storage.narrations import decode

TRIGGER, GENERATE, TRANSLATE, SPEAK, FAIL = (
    "MvpStoriesWorkflowTrigger",
    "MvpStoriesGenerate",
    "MvpStoriesTranslate",
    "MvpStoriesTextToSpeech",
    "MvpStoriesRecordFailure",
)
_IDEA = "un petit sphynx perdu dans une pyramide, qui cherche le chemin de la maison"
# Amazon is asked which language it is in.
_NO_EVERYDAY_WORD = "eksynyt kissanpentu pyramidissa"
_VOICE = "/locales/en-GB/voices/brian"
_OK = 200
_NONE: Mapping[str, str] = MappingProxyType({})
# A server's name, as in keys.maker().
_SERVER = "0123456789abcdef" * 2


@dataclass
class Stack:
    """The functions with their roles, and a bucket. store: of the account's own key.

    Each function has an app of its own, whose clients sign with its key: they read it once.
    """

    aws: LocalAws
    bucket: str
    store: S3Store
    _environments: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(self, function: str, event: Mapping[str, Any]) -> Any:
        """The function's answer."""
        own = self._environments.setdefault(function, _environment())
        with patch.dict(os.environ, AWS_ACCESS_KEY_ID=roles.key_of(function)), patch.multiple(lambdas, **own):
            return lambdas.FUNCTIONS[function](dict(event), Context(function, function))

    def restart(self, function: str) -> None:
        """It has a new execution environment from now on."""
        del self._environments[function]

    def state(self, function: str, story_id: str, locale: str) -> None:
        self.run(function, {"id": story_id, "locale": locale})

    def delete(self, *names: str) -> None:
        with self.aws.client("s3") as s3:
            for name in names:
                s3.delete_object(Bucket=self.bucket, Key=name)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        expected: int = _OK,
        headers: Mapping[str, str] = _NONE,
        query: Mapping[str, str] = _NONE,
    ) -> Any:
        """The API's answer. Raises RuntimeError: another status."""
        answer = self.run(TRIGGER, _event(method, path, body, headers, query))
        if answer["statusCode"] != expected:
            raise RuntimeError(f"{method} {path}: {answer['statusCode']} {answer['body']}")
        return json.loads(answer["body"])


def observed(aws: LocalAws) -> dict[str, Role]:
    """The roles by function, with all that their requests needed. Raises what a function raises."""
    bucket = aws.make_bucket()
    by_function = roles.roles(aws, bucket)
    with _stack(aws, bucket, by_function) as stack:
        story_id = _a_story(stack)
        _what_was_damaged(stack, story_id)
        _what_others_wrote(stack, story_id)
    return by_function


@contextmanager
def _stack(aws: LocalAws, bucket: str, by_function: Mapping[str, Role]) -> Iterator[Stack]:
    """The workflow's own calls of the functions do nothing: each is called by hand, with its key."""
    idle = dict.fromkeys(SUBSTITUTIONS.values(), lambda event, _: event)
    own = {
        **aws.environment,
        **ENVIRONMENT,
        "STORIES_BUCKET": bucket,
        "STORIES_WORKFLOW": deploy(aws),
        "STORIES_WAIT": "24",
    }
    keys_before, roles_before = dict(aws.account.keys), dict(aws.account.roles)
    roles.assume(aws, by_function)
    try:
        with patch.dict(os.environ, own), patch.object(aws.options, "lambdas", idle):
            store = build_store(Settings.from_env(os.environ))
            assert isinstance(store, S3Store)
            yield Stack(aws, bucket, store)
    finally:
        aws.account.keys, aws.account.roles = keys_before, roles_before


def _environment() -> dict[str, Any]:
    """What a new execution environment of a function remembers: nothing."""
    return {name: lru_cache(maxsize=1)(getattr(lambdas, name).__wrapped__) for name in ("_app", "_api")}


def _a_story(stack: Stack) -> str:
    """As a page makes it, in two languages, and lists it; the story's id."""
    for path in ("/health", "/openapi.json", "/locales", "/stories"):
        stack.ask("GET", path)
    story_id = _submit(stack)
    _submit(stack)
    other = stack.ask("POST", "/", {"context": _NO_EVERYDAY_WORD, "locale": "fr"}, 202)["id"]
    stack.state(GENERATE, other, "fr")
    for function in (GENERATE, TRANSLATE, SPEAK):
        stack.state(function, story_id, "fr")
        view = stack.ask("GET", f"/stories/{story_id}/fr")
    _fetch(view["mp3Url"], view["downloadUrl"], *(segment["audioUrl"] for segment in view["segments"]))
    stack.ask("POST", f"/stories/{story_id}/locales", {"locale": "en-GB"}, 202)
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
    stack.ask("POST", f"/stories/{story_id}/locales", {"locale": "de"}, 202)


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
    for key in list(stack.store.list("cache/speak/")):
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
            if (answer := http.request("GET", url)).status != _OK:
                raise RuntimeError(f"{url.partition('?')[0]}: {answer.status} {answer.data!r}")


def _event(
    method: str, path: str, body: Any, headers: Mapping[str, str], query: Mapping[str, str]
) -> dict[str, Any]:
    """A REST API's proxy event (API Gateway: input format of a Lambda function for proxy integration)."""
    headers = {"Content-Type": "application/json", **headers}
    return {
        "httpMethod": method,
        "path": path,
        "resource": path,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} or None,
        "pathParameters": None,
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
        "requestContext": {"path": path, "httpMethod": method, "identity": {"sourceIp": "203.0.113.7"}},
    }
