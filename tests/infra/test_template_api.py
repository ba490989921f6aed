"""The gateway: which calls there are, who may make them, and what it says when it answers by itself."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft4Validator
from pydantic import BaseModel

from pipeline.api.models import LocaleOrder, StoryOrder
from tests.infra.cloudformation import properties

API = properties("MvpStoriesApi")
BODY = API["DefinitionBody"]
CALLS = {
    ("post", "/"),
    ("post", "/stories"),
    ("post", "/stories/{id}/locales"),
    ("get", "/stories/{id}/{locale}"),
    ("get", "/stories"),
    ("get", "/locales"),
    ("get", "/health"),
    ("get", "/openapi.json"),
}
# What costs money or tells of a story that somebody asked for.
KEPT = {call for call in CALLS if call[0] == "post"} | {("get", "/stories/{id}/{locale}")}
RESPONSES = API["GatewayResponses"]
OPERATIONS = {
    (method, path): told for path, methods in BODY["paths"].items() for method, told in methods.items()
}


def test_the_gateway_knows_every_call_and_may_start_the_function_for_it() -> None:
    events = properties("MvpStoriesWorkflowTrigger")["Events"].values()
    permitted = {(one["Properties"]["Method"], one["Properties"]["Path"]) for one in events}
    assert permitted == OPERATIONS.keys() == CALLS


@pytest.mark.parametrize("call", sorted(CALLS))
def test_a_call_goes_to_the_trigger_as_it_is(call: tuple[str, str]) -> None:
    told = OPERATIONS[call]["x-amazon-apigateway-integration"]
    assert (told["type"], told["httpMethod"]) == ("aws_proxy", "POST")
    assert "${MvpStoriesWorkflowTrigger.Arn}/invocations" in told["uri"]["Fn::Sub"]


@pytest.mark.parametrize("call", sorted(CALLS))
def test_what_costs_money_is_closed_when_auth_is_on(call: tuple[str, str]) -> None:
    signed_in = {"Fn::If": ["WithUsers", [{"Cognito": []}], {"Fn::If": ["WithKeys", [{"ApiKey": []}], []]}]}
    assert OPERATIONS[call]["security"] == (signed_in if call in KEPT else [])


@pytest.mark.parametrize("call", sorted(call for call in CALLS if call[0] == "post"))
def test_bodies_are_checked_before_a_function_starts(call: tuple[str, str]) -> None:
    validator = OPERATIONS[call]["x-amazon-apigateway-request-validator"]
    assert BODY["x-amazon-apigateway-request-validators"][validator]["validateRequestBody"] is True
    assert OPERATIONS[call]["requestBody"]["required"] is True


@pytest.mark.parametrize(
    ("schema", "body", "fits"),
    [
        ("Idea", {"context": "a baby sphynx lost in an Egyptian pyramid", "locale": "fr"}, True),
        ("Idea", {"context": "a shy snail"}, True),
        ("Idea", {"context": "a shy snail", "variant": 2**53 - 1}, True),
        ("Idea", {"context": "a shy snail", "variant": None}, True),
        ("Idea", {"context": "a shy snail", "experimental": True}, True),
        ("Idea", {"context": ""}, False),
        ("Idea", {"locale": "fr"}, False),
        ("Idea", {"context": 7}, False),
        ("Idea", {"context": "a shy snail", "variant": -1}, False),
        ("Idea", {"context": "a shy snail", "voice": "Joanna"}, False),
        ("Idea", ["a shy snail"], False),
        ("Locale", {"locale": "pt-PT"}, True),
        ("Locale", {}, False),
        ("Locale", {"locale": "fr", "context": "another"}, False),
    ],
)
def test_a_body_is_what_the_call_takes(schema: str, body: object, fits: bool) -> None:
    # API Gateway's models are JSON schema, draft 4.
    assert Draft4Validator(BODY["components"]["schemas"][schema]).is_valid(body) is fits


@pytest.mark.parametrize(("schema", "model"), [("Idea", StoryOrder), ("Locale", LocaleOrder)])
def test_the_gateway_knows_the_fields_that_the_code_takes(schema: str, model: type[BaseModel]) -> None:
    told, taken = BODY["components"]["schemas"][schema], model.model_json_schema()
    assert told["properties"].keys() == taken["properties"].keys()
    assert told["required"] == taken["required"]
    assert told["additionalProperties"] is taken["additionalProperties"] is False


@pytest.mark.parametrize("kind", sorted(RESPONSES))
def test_the_gateways_own_answers_are_problems_that_a_page_can_read(kind: str) -> None:
    told = RESPONSES[kind]
    problem = json.loads(told["ResponseTemplates"]["application/json"])
    headers = told["ResponseParameters"]["Headers"]
    assert problem["status"] == told["StatusCode"] != 504
    assert problem["type"].startswith("urn:mvp-stories:problem:")
    assert problem["title"]
    assert problem["detail"].endswith(".")
    assert headers["Content-Type"] == "'application/problem+json'"
    assert headers["Access-Control-Allow-Origin"] == {"Fn::Sub": "'${AllowedOrigin}'"}
    assert "Retry-After" in headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("kind", ["THROTTLED", "QUOTA_EXCEEDED"])
def test_who_asks_too_often_is_told_when_to_come_back(kind: str) -> None:
    told = RESPONSES[kind]
    assert told["StatusCode"] == 429
    assert int(told["ResponseParameters"]["Headers"]["Retry-After"].strip("'")) > 0


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("BAD_REQUEST_BODY", 400),
        ("UNAUTHORIZED", 401),
        ("MISSING_AUTHENTICATION_TOKEN", 404),  # how API Gateway says that there is no such call
        ("REQUEST_TOO_LARGE", 413),
        ("INTEGRATION_TIMEOUT", 503),
    ],
)
def test_an_answer_of_the_gateway_has_the_status_of_the_codes(kind: str, status: int) -> None:
    assert RESPONSES[kind]["StatusCode"] == status


def test_the_origin_alone_may_call() -> None:
    assert API["Cors"]["AllowOrigin"] == {"Fn::Sub": "'${AllowedOrigin}'"}
    assert "Idempotency-Key" in API["Cors"]["AllowHeaders"]


def test_another_origin_or_auth_reaches_the_stage() -> None:
    # SAM makes a new deployment when the body changes, and a changed parameter does not change it.
    assert API["AlwaysDeploy"] is True


def test_everybody_together_is_throttled() -> None:
    (settings,) = API["MethodSettings"]
    assert settings["ThrottlingRateLimit"] == {"Ref": "ThrottleRate"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "ThrottleBurst"}
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")


def test_access_logs_say_what_happened_and_nothing_of_who_or_what_was_written() -> None:
    told = json.loads(API["AccessLogSetting"]["Format"])
    assert {"$context.requestId", "$context.status", "$context.error.responseType"} <= set(told.values())
    for private in ("identity", "querystring", "requestOverride", "header", "body", "authorizer"):
        assert not any(private in value for value in told.values())
