"""The gateway: its calls, their authorization, and its own error responses."""

from __future__ import annotations

import json

import pytest
import yaml
from pydantic import BaseModel

from pipeline.api.models import (
    EditOrder,
    LocaleOrder,
    NameOrder,
    PublishedOrder,
    PushOrder,
    StoryOrder,
    UndoOrder,
)
from tests.infra.cloudformation import ROOT, properties

API = properties("MvpStoriesApi")
BODY = API["DefinitionBody"]
CALLS = {
    ("post", "/"),
    ("post", "/stories"),
    ("post", "/push"),
    ("post", "/stories/{id}/locales"),
    ("get", "/stories/{id}/{locale}"),
    ("get", "/stories/{id}/{locale}/preview"),
    ("get", "/stories"),
    ("get", "/locales"),
    ("get", "/locales/{locale}/voices/{voice}"),
    ("post", "/locales/{locale}/name"),
    ("get", "/health"),
    ("get", "/openapi.json"),
    ("post", "/stories/{id}/edits"),
    ("post", "/stories/{id}/undo"),
    ("delete", "/stories/{id}"),
    ("put", "/stories/{id}/{locale}/published"),
    ("get", "/shelf"),
    ("get", "/pin"),
}
# Calls that cost money, or show a story that a user requested.
CHANGING = {call for call in CALLS if call[0] != "get"}
WITHOUT_BODY = {("delete", "/stories/{id}")}
PROTECTED = CHANGING | {
    ("get", "/shelf"),
    ("get", "/stories/{id}/{locale}"),
    ("get", "/locales/{locale}/voices/{voice}"),
}
RESPONSES = API["GatewayResponses"]
OPERATIONS = {
    (method, path): operation
    for path, methods in BODY["paths"].items()
    for method, operation in methods.items()
}


def test_every_call_has_a_permission_to_invoke_the_function() -> None:
    events = properties("MvpStoriesWorkflowTrigger")["Events"].values()
    permitted = {(event["Properties"]["Method"], event["Properties"]["Path"]) for event in events}
    assert permitted == OPERATIONS.keys() == CALLS


@pytest.mark.parametrize("call", sorted(CALLS))
def test_a_call_is_proxied_to_the_trigger(call: tuple[str, str]) -> None:
    integration = OPERATIONS[call]["x-amazon-apigateway-integration"]
    assert (integration["type"], integration["httpMethod"]) == ("aws_proxy", "POST")
    assert "${MvpStoriesWorkflowTrigger.Arn}/invocations" in integration["uri"]["Fn::Sub"]


@pytest.mark.parametrize("call", sorted(CALLS))
def test_protected_calls_need_authorization_when_auth_is_on(call: tuple[str, str]) -> None:
    anybody_or_iam = {"Fn::If": ["WithIam", [{"Iam": []}], []]}
    without_users = {"Fn::If": ["WithKeys", [{"ApiKey": []}], anybody_or_iam]}
    signed_in = {"Fn::If": ["WithUsers", [{"Cognito": []}], without_users]}
    assert OPERATIONS[call]["security"] == (signed_in if call in PROTECTED else [])


@pytest.mark.parametrize("call", sorted(CHANGING - WITHOUT_BODY))
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
        ("Idea", {"context": "a shy snail", "length": "short", "audience": "tiny"}, True),
        ("Idea", {"context": ""}, False),
        ("Idea", {"locale": "fr"}, False),
        ("Idea", {"context": 7}, False),
        ("Idea", {"context": "a shy snail", "variant": -1}, False),
        ("Idea", {"context": "a shy snail", "voice": "Joanna", "pace": 0.9}, True),
        ("Idea", {"context": "a shy snail", "voice": None, "pace": None}, True),
        ("Idea", {"context": "a shy snail", "pace": -1}, False),
        ("Idea", {"context": "a shy snail", "engine": "neural"}, False),
        ("Idea", ["a shy snail"], False),
        ("Locale", {"locale": "pt-PT"}, True),
        ("Locale", {"locale": "fr", "voice": "Lea", "pace": 1.2}, True),
        ("Empty", {}, True),
        ("Empty", {"id": "4f"}, False),
        ("Published", {"published": False}, True),
        ("Published", {"published": 1}, False),
        ("Published", {}, False),
        ("Idea", {"context": "a shy snail", "hero": {"name": "Mia", "sounds": "Mee-ah"}}, True),
        ("Idea", {"context": "a shy snail", "hero": None}, True),
        ("Name", {"name": "Mia", "sounds": None}, True),
        ("Name", {"sounds": "Mee-ah"}, False),
        ("Locale", {}, False),
        ("Locale", {"locale": "fr", "context": "another"}, False),
    ],
)
def test_the_schema_accepts_only_valid_bodies(schema: str, body: object, fits: bool) -> None:
    # API Gateway's models are JSON schema, draft 4.
    from jsonschema import Draft4Validator

    assert Draft4Validator(BODY["components"]["schemas"][schema]).is_valid(body) is fits


@pytest.mark.parametrize(
    ("schema", "model"),
    [
        ("Edit", EditOrder),
        ("Empty", PushOrder),
        ("Empty", UndoOrder),
        ("Idea", StoryOrder),
        ("Locale", LocaleOrder),
        ("Name", NameOrder),
        ("Published", PublishedOrder),
    ],
)
def test_the_gateway_has_the_fields_of_the_code(schema: str, model: type[BaseModel]) -> None:
    gateway, code = BODY["components"]["schemas"][schema], model.model_json_schema()
    assert gateway.get("properties", {}).keys() == code["properties"].keys()
    assert gateway.get("required") == code.get("required")
    assert gateway["additionalProperties"] is code["additionalProperties"] is False


@pytest.mark.parametrize("kind", sorted(RESPONSES))
def test_the_gateways_own_responses_are_problems_that_a_page_can_read(kind: str) -> None:
    response = RESPONSES[kind]
    problem = json.loads(response["ResponseTemplates"]["application/json"])
    headers = response["ResponseParameters"]["Headers"]
    assert problem["status"] == response["StatusCode"] != 504
    assert problem["type"].startswith("urn:mvp-stories:problem:")
    assert problem["title"]
    assert problem["detail"].endswith(".")
    assert headers["Content-Type"] == "'application/problem+json'"
    assert headers["Access-Control-Allow-Origin"] == {"Fn::Sub": "'${AllowedOrigin}'"}
    assert "Retry-After" in headers["Access-Control-Expose-Headers"]


def test_each_call_that_starts_work_has_a_limit_of_its_own() -> None:
    starting = [each for each in API["MethodSettings"] if each["HttpMethod"] in {"POST", "PUT", "DELETE"}]
    # AWS's reference of MethodSetting: a slash is encoded as ~1, after an initial one; / is the root.
    by_path = {each["ResourcePath"].replace("/~1", "/").replace("~1", "/"): each for each in starting}
    assert {(by_path[path]["HttpMethod"].lower(), path) for path in by_path} == CHANGING
    push = by_path.pop("/push")  # it starts nothing: a page follows by it instead of polling
    assert (push["ThrottlingRateLimit"], push["LoggingLevel"]) == ({"Ref": "PollRate"}, "OFF")
    for settings in by_path.values():
        assert settings["ThrottlingRateLimit"] == {"Ref": "StartRate"}
        assert settings["ThrottlingBurstLimit"] == {"Ref": "StartBurst"}
        assert (settings["LoggingLevel"], settings["DataTraceEnabled"]) == ("OFF", False)


@pytest.mark.parametrize("kind", ["THROTTLED", "QUOTA_EXCEEDED", "WAF_FILTERED"])
def test_throttling_names_the_seconds_to_wait(kind: str) -> None:
    response = RESPONSES[kind]
    assert response["StatusCode"] == 429
    assert int(response["ResponseParameters"]["Headers"]["Retry-After"].strip("'")) > 0


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("BAD_REQUEST_BODY", 400),
        ("UNAUTHORIZED", 401),
        ("MISSING_AUTHENTICATION_TOKEN", 404),  # API Gateway's response to an unknown call
        ("REQUEST_TOO_LARGE", 413),
        ("INTEGRATION_TIMEOUT", 503),
    ],
)
def test_a_response_of_the_gateway_has_the_codes_status(kind: str, status: int) -> None:
    assert RESPONSES[kind]["StatusCode"] == status


def test_only_the_pages_origin_may_call() -> None:
    assert API["Cors"]["AllowOrigin"] == {"Fn::Sub": "'${AllowedOrigin}'"}
    headers, methods = API["Cors"]["AllowHeaders"].strip("'"), API["Cors"]["AllowMethods"].strip("'")
    assert {"Idempotency-Key", "Authorization", "X-Pin"} <= set(headers.split(","))
    assert set(methods.split(",")) == {"OPTIONS", *(method.upper() for method, _ in CALLS)}


def test_a_changed_origin_or_auth_is_deployed() -> None:
    # SAM creates a deployment when the body changes, which a changed parameter does not do.
    assert API["AlwaysDeploy"] is True


def test_all_callers_together_are_throttled() -> None:
    settings, *_ = API["MethodSettings"]
    assert settings["ThrottlingRateLimit"] == {"Ref": "ThrottleRate"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "ThrottleBurst"}
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")


def test_pages_that_wait_for_a_story_have_a_limit_of_their_own() -> None:
    """A method's own settings replace the stage's: its logs are off here too. "/" is "~1" in a path."""
    stage, *others = API["MethodSettings"]
    (polls,) = (each for each in others if each["HttpMethod"] == "GET")
    assert polls["ResourcePath"] == "/~1stories~1{id}~1{locale}"
    assert polls["ThrottlingRateLimit"] == {"Ref": "PollRate"}
    assert polls["ThrottlingBurstLimit"] == {"Ref": "PollBurst"}
    assert set(polls) == set(stage)
    assert (polls["LoggingLevel"], polls["DataTraceEnabled"]) == ("OFF", False)


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_stage_lets_more_pages_wait_than_start_stories(stage: str) -> None:
    """A page looks every 0.8 s (frontend/src)."""
    values = yaml.safe_load((ROOT / f"infra/stages/{stage}.yaml").read_text("utf-8"))
    assert values["PollRate"] * 0.8 >= 3 * values["ThrottleRate"]


def test_access_logs_have_results_without_persons_or_texts() -> None:
    fields = set(json.loads(API["AccessLogSetting"]["Format"]).values())
    assert {"$context.requestId", "$context.status", "$context.error.responseType"} <= fields
    for private in ("identity", "querystring", "requestOverride", "header", "body", "authorizer"):
        assert not any(private in field for field in fields)
