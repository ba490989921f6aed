"""What schemathesis makes of our own OpenAPI document: every answer is one that the document tells of."""

from __future__ import annotations

import schemathesis
from hypothesis import HealthCheck, settings

from pipeline.server.asgi import build_server
from tests.api.calling import Calling
from tests.api.checking import CONFIG

_call = Calling(wait=5, waiting=64, publish=True)
_call.api.warm()
_server = build_server(_call.api, None, None, None, names=["testserver"])
schema = schemathesis.openapi.from_asgi("/openapi.json", _server, config=CONFIG)


@schema.parametrize()
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_document_tells_of(case: schemathesis.Case) -> None:
    case.call_and_validate()
