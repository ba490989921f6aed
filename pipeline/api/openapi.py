"""The OpenAPI document, made from the routes."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

_TITLE = "mvp-stories"
_VERSION = "1.0.0"
_DESCRIPTION = """From one line of context to a children's story that a family hears in its own language.
`POST /` answers with the story, or with 202 and where to follow it. `POST /stories` answers at once."""


def document(resolver: APIGatewayRestResolver) -> dict[str, Any]:
    """OpenAPI 3.1, as JSON values."""
    text = resolver.get_openapi_json_schema(title=_TITLE, version=_VERSION, description=_DESCRIPTION)
    parsed: dict[str, Any] = json.loads(text)
    for path in parsed["paths"].values():
        for operation in path.values():
            if _is_powertools_default(operation["responses"].get("422", {})):
                del operation["responses"]["422"]
    return parsed


def _is_powertools_default(response: dict[str, Any]) -> bool:
    """Powertools documents a 422 for every route; this API answers 400 where a request is malformed."""
    return bool(response.get("description") == "Validation Error")
