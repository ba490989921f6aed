"""template.yaml: the WebSocket API, which a stack has where it is asked for."""

from __future__ import annotations

from infra.local_aws.websocket_api import FUNCTION
from tests.infra.cloudformation import properties, resources, template, words


def test_nothing_of_it_is_there_unless_it_is_asked_for() -> None:
    parameter = template()["Parameters"]["Push"]
    assert (parameter["Default"], parameter["AllowedValues"]) == ("off", ["off", "on"])
    named = {name: resource for name, resource in resources().items() if "Push" in name}
    assert FUNCTION in named
    assert {resource.get("Condition") for resource in named.values()} == {"WithPush"}
    assert template()["Outputs"]["PushUrl"]["Condition"] == "WithPush"


def test_each_route_has_the_function_and_is_deployed() -> None:
    routes = {
        name: route["Properties"]["RouteKey"] for name, route in resources("AWS::ApiGatewayV2::Route").items()
    }
    assert set(routes.values()) == {"$connect", "$default", "$disconnect"}
    assert set(resources()["PushDeployment"]["DependsOn"]) == routes.keys()
    assert properties("PushApi")["ProtocolType"] == "WEBSOCKET"
    assert f"${{{FUNCTION}.Arn}}/invocations" in properties("PushIntegration")["IntegrationUri"]["Fn::Sub"]
    assert properties("PushPermission")["SourceArn"]["Fn::Sub"].endswith(":${PushApi}/*")


def test_its_messages_have_limits_and_its_logs_no_ticket() -> None:
    stage = properties("PushStage")
    limits = stage["DefaultRouteSettings"]
    assert limits["ThrottlingRateLimit"] == {"Ref": "PollRate"}
    assert (limits["LoggingLevel"], limits["DataTraceEnabled"]) == ("OFF", False)
    for private in ("identity", "query", "header", "body"):
        assert private not in stage["AccessLogSettings"]["Format"].casefold()


def test_only_makers_of_stories_post_and_only_to_connections_of_the_stage() -> None:
    posts, tickets = (properties(name) for name in ("PushPosts", "PushTickets"))
    manage, forget = posts["PolicyDocument"]["Statement"]
    assert words(manage["Action"]) == ["execute-api:ManageConnections"]
    assert manage["Resource"]["Fn::Sub"].endswith(":${PushApi}/${Stage}/POST/@connections/*")
    assert forget["Resource"]["Fn::Sub"].endswith("/push/followers/*")
    assert {"Ref": "TriggerRole"} not in posts["Roles"]
    (ticket,) = tickets["PolicyDocument"]["Statement"]
    assert tickets["Roles"] == [{"Ref": "TriggerRole"}]
    assert ticket["Resource"]["Fn::Sub"].endswith("/push/tickets/*")
