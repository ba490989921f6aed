"""Events of Lambda functions, checked before they are used: whoever may invoke one may send any."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from pipeline.api.problems import Problem
from pipeline.errors import RequestError
from pipeline.storage.digest import well_formed
from pipeline.storage.keys import STORY_ID

# A REST API's proxy event (API Gateway: input format of a Lambda function for proxy integration).
Event = dict[str, Any]
# Its fields that are read here or by Powertools. Each may be null or absent, but for the first two.
_FIELDS: dict[str, type] = {
    "httpMethod": str,
    "path": str,
    "body": str,
    "headers": dict,
    "multiValueHeaders": dict,
    "queryStringParameters": dict,
    "multiValueQueryStringParameters": dict,
    "pathParameters": dict,
    "requestContext": dict,
}
_CONTEXT: dict[str, type] = {"path": str, "requestId": str, "identity": dict, "authorizer": dict}
_IN_PATH = re.compile(rf"/stories/({STORY_ID})(?:/|$)")
_ID = re.compile(STORY_ID)
_EDITION = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,40}){0,5}")


def proxy_event(sent: object) -> Event | Problem:
    """The same request with every field in its documented type and a decoded body; or why it is refused."""
    event = table(sent)
    if not isinstance(event.get("httpMethod"), str) or not isinstance(event.get("path"), str):
        return _bad("This is no event of a REST API (payload format 1.0): it has no httpMethod and path.")
    if wrong := next((name for name in _FIELDS if not isinstance(event.get(name), _FIELDS[name] | None)), ""):
        return _bad(f"The event's {wrong} is of another type than API Gateway sends.")
    fields = {name: kind() if event.get(name) is None else event[name] for name, kind in _FIELDS.items()}
    for name in ("headers", "queryStringParameters", "pathParameters"):
        fields[name] = {key: value for key, value in fields[name].items() if isinstance(value, str)}
    for name in ("multiValueHeaders", "multiValueQueryStringParameters"):
        fields[name] = {key: _texts(values) for key, values in fields[name].items()}
    context = fields["requestContext"]
    fields["requestContext"] = {
        name: context[name] for name, kind in _CONTEXT.items() if isinstance(context.get(name), kind)
    }
    if event.get("isBase64Encoded"):
        try:
            fields["body"] = base64.b64decode(fields["body"], validate=True).decode()
        except ValueError:  # binascii.Error and UnicodeDecodeError are
            return _bad("The body is not UTF-8.")
    return {**fields, "resource": fields["path"], "isBase64Encoded": False}


def edition(sent: object) -> tuple[str, str]:
    """The story's id and the edition's name, of a state's input. Raises RequestError: it has none."""
    event = table(sent)
    story_id, name = (value if isinstance(value, str) else "" for value in map(event.get, ("id", "locale")))
    if _ID.fullmatch(story_id) and _EDITION.fullmatch(name):
        return story_id, name
    raise RequestError(
        'the event is no state\'s input: it has to be {"id": a story\'s, "locale": a tag, as in fr}'
    )


def caller(event: Mapping[str, Any]) -> str:
    """Whose Idempotency-Key it is: the signed-in user, else the API key, else the source address."""
    identity = event["requestContext"].get("identity", {})
    return _first(_user(event), identity.get("apiKeyId"), identity.get("sourceIp"))


def signed_in(event: Mapping[str, Any]) -> str:
    """Who is signed in: Cognito's user, else the identity or the user of IAM; "" for nobody.

    An API key is no sign-in: it says which program calls, not who.
    """
    identity = event["requestContext"].get("identity", {})
    return _first(_user(event), identity.get("cognitoIdentityId"), identity.get("userArn"))


def _user(event: Mapping[str, Any]) -> object:
    return table(event["requestContext"].get("authorizer", {}).get("claims")).get("sub")


def _first(*names: object) -> str:
    return next((well_formed(str(name)) for name in names if name), "")


def header(event: Mapping[str, Any], name: str) -> str:
    """name: in lower case. "" where the request has none."""
    headers: Mapping[str, str] = event.get("headers") or {}
    return next((value or "" for key, value in headers.items() if key.lower() == name), "")


def origin(event: Mapping[str, Any]) -> tuple[str, str]:
    """The scheme and the host by which a request came."""
    headers = {name.lower(): value for name, value in event["headers"].items()}
    return headers.get("x-forwarded-proto", "https"), headers.get("host", "")


def story_id(path: str) -> str:
    """The story id in an address, "" where it has none."""
    match = _IN_PATH.match(path)
    return match.group(1) if match else ""


def table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(values: object) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _bad(detail: str) -> Problem:
    return Problem("bad-request", 400, detail)
