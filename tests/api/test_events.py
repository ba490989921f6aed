"""Events of any shape at the API's handler and at the workflow's: an answer, or an error of ours."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.api import events
from pipeline.errors import RequestError
from tests.api.calling import IDEA, FakeApi, as_response, event

API = FakeApi()
BODY = json.dumps({"context": IDEA, "variant": 1, "locale": "ar"})
JSON_TYPE = {"content-type": "application/json"}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
# The example of the Lambda developer guide, "payload format version 2.0", shortened.
VERSION_2 = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/health",
    "rawQueryString": "",
    "headers": {"header1": "value1"},
    "requestContext": {"http": {"method": "GET", "path": "/health"}, "stage": "$default"},
    "isBase64Encoded": False,
}


def post(**changed: Any) -> dict[str, Any]:
    return {**event("POST", "/stories", BODY, JSON_TYPE), **changed}


def encoded(body: bytes) -> dict[str, Any]:
    return post(body=base64.b64encode(body).decode(), isBase64Encoded=True)


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        [1],
        "ping",
        7,
        {},
        {"ping": True},
        {"source": "aws.events"},
        VERSION_2,
        ["id", "locale"],
        post(path=None),
        post(path=7),
        post(httpMethod=None),
        post(httpMethod=["POST"]),
        post(headers=[]),
        post(headers="x"),
        post(multiValueHeaders=[]),
        post(body={"context": IDEA}),
        post(queryStringParameters=[]),
        post(requestContext="x"),
        post(body=None),
        post(body="", headers=JSON_TYPE),
        encoded(b"\xff\xfe{"),
        encoded(b"\xed\xa0\x80"),
        post(isBase64Encoded=True),
        post(body="é", isBase64Encoded=1),
    ],
)
def test_what_is_no_request_is_a_400_and_never_raises(sent: object) -> None:
    response = as_response(API.handler(sent, None))
    assert (response.status, response.problem) == (400, "bad-request")
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "sent",
    [
        encoded(BODY.encode()),
        post(requestContext=None),
        post(requestContext={}),
        post(requestContext={"identity": None, "authorizer": {"claims": ["x"]}, "path": 7}),
        post(requestContext={"identity": {"sourceIp": "\ud800"}}),
        post(multiValueHeaders=None),
        post(headers={**JSON_TYPE, "x": None}, multiValueHeaders={"content-type": [], "x": None}),
        {"httpMethod": "POST", "path": "/stories", "headers": JSON_TYPE, "body": BODY},
    ],
)
def test_null_and_missing_fields_are_empty_ones(sent: dict[str, Any]) -> None:
    assert as_response(API.handler(sent, None)).status in {200, 202}


def test_the_limit_is_of_the_decoded_bytes() -> None:
    padded = BODY.encode().ljust(16_384)
    assert as_response(API.handler(encoded(padded), None)).status in {200, 202}
    assert as_response(API.handler(encoded(padded + b" "), None)).status == 413


@given(sent=ANY_JSON)
@settings(max_examples=60)
def test_any_json_is_answered(sent: Any) -> None:
    assert as_response(API.handler(sent, None)).status == 400


@given(name=st.sampled_from(sorted(post())), value=ANY_JSON)
@settings(max_examples=150)
def test_any_value_of_any_field_is_answered(name: str, value: Any) -> None:
    assert as_response(API.handler(post(**{name: value}), None)).status < 500


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        "x",
        {},
        ["id", "locale"],
        {"id": None, "locale": "fr"},
        {"id": "0" * 32},
        {"id": 1, "locale": 2},
        {"id": "../../secrets", "locale": "fr"},
        {"id": "0" * 32, "locale": "../x"},
        {"id": "0" * 31, "locale": "en"},
        {"id": "0" * 32, "locale": ""},
        {"id": "0" * 32, "locale": "\ud800"},
        {"id": "0" * 32 + "\n", "locale": "fr"},
    ],
)
def test_a_states_input_of_another_shape_is_an_error_of_ours(sent: object) -> None:
    with pytest.raises(RequestError, match="no state's input"):
        events.edition(sent)


@pytest.mark.parametrize("name", ["fr", "en-GB", "fr-x-siwis-p90", "fr-x-sara"])
def test_ids_and_editions_pass(name: str) -> None:
    assert events.edition({"id": "0a" * 16, "locale": name, "error": 1}) == ("0a" * 16, name)
