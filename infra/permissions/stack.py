"""The functions with their roles in the local AWS, called one by one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from infra.local_aws import LocalAws
from infra.local_aws.authorization import Role
from infra.local_aws.deploy import ENVIRONMENT, SUBSTITUTIONS, deploy
from infra.local_aws.functions import Context
from infra.permissions import roles
from pipeline import lambdas
from pipeline.bootstrap import build_store
from pipeline.config.settings import Settings
from pipeline.engines.aws.s3 import S3Store

OK, NO_CONTENT = 200, 204
_TRIGGER = "MvpStoriesWorkflowTrigger"
_NONE: Mapping[str, str] = MappingProxyType({})


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
        expected: int = OK,
        headers: Mapping[str, str] = _NONE,
        query: Mapping[str, str] = _NONE,
        user: str = "",
    ) -> Any:
        """The API's answer. user: who is signed in. Raises RuntimeError: another status."""
        event = _event(method, path, body, headers, query)
        if user:
            event["requestContext"]["authorizer"] = {"claims": {"sub": user}}
        answer = self.run(_TRIGGER, event)
        if answer["statusCode"] != expected:
            raise RuntimeError(f"{method} {path}: {answer['statusCode']} {answer['body']}")
        return None if expected == NO_CONTENT else json.loads(answer["body"])


@contextmanager
def deployed(aws: LocalAws, bucket: str, by_function: Mapping[str, Role]) -> Iterator[Stack]:
    """The workflow's own calls of the functions do nothing: each is called by hand, with its key."""
    idle = dict.fromkeys(SUBSTITUTIONS.values(), lambda event, _: event)
    own = {
        **aws.environment,
        **ENVIRONMENT,
        "STORIES_BUCKET": bucket,
        "STORIES_WORKFLOW": deploy(aws),
        "STORIES_WAIT": "1",  # no story is ready sooner or later: the workflow is idle
        "STORIES_PUSH": aws.push,
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
