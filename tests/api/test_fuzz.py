"""Requests that schemathesis generates from our own OpenAPI document."""

from __future__ import annotations

import schemathesis
from hypothesis import HealthCheck, settings

from pipeline.server.asgi import build_server
from tests.api.calling import FakeApi, unguarded
from tests.api.checking import CONFIG

# So that requests come further than to the PIN.
_api = unguarded(FakeApi(waiting=64, publish=True))
_api.handler.warm()
_server = build_server(_api.handler, None, None, None, names=["testserver"])
schema = schemathesis.openapi.from_asgi("/openapi.json", _server, config=CONFIG)


@schema.parametrize()
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_every_response_conforms_to_the_document(case: schemathesis.Case) -> None:
    case.call_and_validate()
