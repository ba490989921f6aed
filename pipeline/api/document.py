"""The OpenAPI document, from the routes themselves."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

_TITLE = "mvp-stories"
_VERSION = "1.0.0"
_ABOUT = """From one line of context to a children's story that a family hears in its own language.
`POST /` answers with the story, or with 202 and where to follow it. `POST /stories` answers at once."""


def document(resolver: APIGatewayRestResolver) -> dict[str, Any]:
    """OpenAPI 3.1, as JSON holds it."""
    text = resolver.get_openapi_json_schema(title=_TITLE, version=_VERSION, description=_ABOUT)
    made: dict[str, Any] = json.loads(text)
    for path in made["paths"].values():
        for operation in path.values():
            if _is_default(operation):
                del operation["responses"]["422"]
    return made


def _is_default(operation: dict[str, Any]) -> bool:
    """Powertools documents a 422 of its own everywhere; here what cannot be read is a 400."""
    told = operation.get("responses", {}).get("422", {})
    return bool(told.get("description") == "Validation Error")
