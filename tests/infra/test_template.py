"""What template.yaml promises: what is expected comes from the mission, the limits and AWS."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest
import yaml

from tests.infra.cloudformation import ROOT, properties, resources, template, words

WORKFLOW = yaml.safe_load((ROOT / "infra/workflow.asl.yaml").read_text("utf-8"))
FUNCTIONS = {
    "MvpStoriesWorkflowTrigger": "trigger",
    "MvpStoriesGenerate": "generate",
    "MvpStoriesTranslate": "translate",
    "MvpStoriesTextToSpeech": "speak",
    "MvpStoriesRecordFailure": "record_failure",
}
STATES = {
    "Generate Story": "MvpStoriesGenerate",
    "Translate story": "MvpStoriesTranslate",
    "Convert Story to Speech": "MvpStoriesTextToSpeech",
    "Record failure": "MvpStoriesRecordFailure",
}
TRANSLATION = {"translate:TranslateText", "comprehend:DetectDominantLanguage"}
OBJECTS = {"s3:GetObject", "s3:PutObject", "s3:ListBucket"}
CALLS = {
    "MvpStoriesWorkflowTrigger": OBJECTS | {"states:StartSyncExecution", "states:StartExecution"},
    "MvpStoriesGenerate": OBJECTS
    | TRANSLATION
    | {"sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointWithResponseStream"},
    "MvpStoriesTranslate": OBJECTS | TRANSLATION,
    "MvpStoriesTextToSpeech": OBJECTS | {"polly:SynthesizeSpeech", "polly:DescribeVoices"},
    "MvpStoriesRecordFailure": OBJECTS,
}
# AWS's service authorization reference: these take no resource. X-Ray and log delivery likewise.
WITHOUT_RESOURCE = re.compile(
    r"polly:(SynthesizeSpeech|DescribeVoices)|translate:TranslateText|comprehend:DetectDominantLanguage"
    r"|xray:(PutTraceSegments|PutTelemetryRecords|GetSampling(Rules|Targets))"
    r"|logs:((Create|Get|Update|Delete|List)LogDeliver(y|ies)|PutResourcePolicy|DescribeResourcePolicies"
    r"|DescribeLogGroups)"
)


def policies() -> list[tuple[str, dict[str, Any]]]:
    """Every statement that allows something, with the name of what holds it."""
    documents = [
        (name, policy["PolicyDocument"])
        for name, role in resources("AWS::IAM::Role").items()
        for policy in role["Properties"].get("Policies", ())
    ]
    documents += [
        (name, told["Properties"]["PolicyDocument"])
        for name, told in resources("AWS::IAM::ManagedPolicy").items()
    ]
    return [(name, one) for name, document in documents for one in document["Statement"]]


def allowed(role: str) -> list[dict[str, Any]]:
    return [statement for name, statement in policies() if name == role]


def role_of(function: str) -> str:
    name: str = properties(function)["Role"]["Fn::GetAtt"][0]
    return name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("MvpStoriesApi", "AWS::Serverless::Api"),
        ("MvpStoriesWorkflowTrigger", "AWS::Serverless::Function"),
        ("MvpStoriesWorkflow", "AWS::Serverless::StateMachine"),
        ("MvpStoriesTextToSpeech", "AWS::Serverless::Function"),
        ("MvpStoriesBucket", "AWS::S3::Bucket"),
    ],
)
def test_the_demos_logical_ids_are_there(name: str, kind: str) -> None:
    assert resources()[name]["Type"] == kind


def test_one_transform_only_so_that_composer_reads_it() -> None:
    assert template()["Transform"] == "AWS::Serverless-2016-10-31"
    assert "Fn::Transform" not in json.dumps(template())


def test_the_machine_is_express_and_runs_the_workflow_that_tests_run() -> None:
    (machine,) = resources("AWS::Serverless::StateMachine").values()
    assert machine["Properties"]["Type"] == "EXPRESS"
    assert machine["Properties"]["DefinitionUri"] == "infra/workflow.asl.yaml"


def test_each_state_calls_its_function() -> None:
    told = properties("MvpStoriesWorkflow")["DefinitionSubstitutions"]
    named = {
        state: told[step["Parameters"]["FunctionName"].strip("${}")]["Fn::GetAtt"]
        for state, step in WORKFLOW["States"].items()
        if step["Type"] == "Task"
    }
    assert named == {state: [function, "Arn"] for state, function in STATES.items()}


def test_a_function_has_the_time_of_its_state() -> None:
    timeouts = {state: properties(function)["Timeout"] for state, function in STATES.items()}
    assert timeouts == {state: WORKFLOW["States"][state]["TimeoutSeconds"] for state in STATES}


def test_the_trigger_answers_before_the_gateway_gives_up() -> None:
    told = properties("MvpStoriesWorkflowTrigger")
    wait = int(told["Environment"]["Variables"]["STORIES_WAIT"])
    assert wait < 25 <= told["Timeout"] <= 29  # the mission's limit, and REST's integration timeout


def test_every_function_is_there_with_its_handler() -> None:
    found = {name: told["Properties"]["Handler"] for name, told in resources("AWS::Serverless::Func").items()}
    assert found == {name: f"pipeline.lambdas.{handler}" for name, handler in FUNCTIONS.items()}


def test_functions_know_where_and_with_what_they_work() -> None:
    shared = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert shared["STORIES_PROFILE"] == "aws"
    assert shared["STORIES_ENDPOINT"] == {"Ref": "EndpointName"}
    assert shared["STORIES_BUCKET"] == {"Ref": "MvpStoriesBucket"}
    assert shared["STORIES_URL_SECONDS"] == {"Ref": "UrlSeconds"}
    assert shared["STORIES_ATTEMPTS"] == "1"
    assert shared["POWERTOOLS_SERVICE_NAME"] == "mvp-stories"
    assert shared["POWERTOOLS_METRICS_NAMESPACE"] == "MvpStories"
    assert properties("MvpStoriesWorkflowTrigger")["Environment"]["Variables"] == {
        "STORIES_WORKFLOW": {"Ref": "MvpStoriesWorkflow"},
        "STORIES_ORIGIN": {"Ref": "AllowedOrigin"},
        "STORIES_WAIT": "24",
    }


def test_the_layer_is_the_powertools_that_tests_run_with() -> None:
    locked = re.search(
        r"^aws-lambda-powertools==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE
    )
    assert locked
    assert template()["Parameters"]["PowertoolsVersion"]["Default"] == locked[1]


def test_no_service_is_allowed_whole() -> None:
    wide = [(name, one) for name, one in policies() if any("*" in action for action in words(one["Action"]))]
    assert wide == []


def test_every_resource_is_named_unless_the_service_knows_none() -> None:
    for name, statement in policies():
        assert statement["Effect"] == "Allow", name
        if "*" in words(statement["Resource"]):
            named = [one for one in words(statement["Action"]) if not WITHOUT_RESOURCE.fullmatch(one)]
            assert named == [], name


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_call_what_it_calls_and_no_more(function: str) -> None:
    actions = {action for one in allowed(role_of(function)) for action in words(one["Action"])}
    assert actions == CALLS[function]


def test_every_function_has_a_role_of_its_own() -> None:
    assert len({role_of(function) for function in FUNCTIONS}) == len(FUNCTIONS)


@pytest.mark.parametrize(
    ("function", "reads", "writes"),
    [
        (
            "MvpStoriesWorkflowTrigger",
            "audio cache catalogs idempotency stories",
            "idempotency stories",
        ),
        ("MvpStoriesGenerate", "cache claims quarantine stories", "cache claims quarantine stories"),
        ("MvpStoriesTranslate", "cache claims quarantine stories", "cache claims quarantine stories"),
        (
            "MvpStoriesTextToSpeech",
            "audio cache claims quarantine stories",
            "audio cache claims quarantine stories",
        ),
        ("MvpStoriesRecordFailure", "stories", "stories"),
    ],
)
def test_a_function_reaches_its_own_prefixes(function: str, reads: str, writes: str) -> None:
    reached: dict[str, set[str]] = {"s3:GetObject": set(), "s3:PutObject": set()}
    for statement in allowed(role_of(function)):
        for action in reached.keys() & set(words(statement["Action"])):
            reached[action] |= {one["Fn::Sub"] for one in statement["Resource"]}
    wanted = {"s3:GetObject": reads, "s3:PutObject": writes}
    assert reached == {
        action: {"${MvpStoriesBucket.Arn}/" + prefix + "/*" for prefix in prefixes.split()}
        for action, prefixes in wanted.items()
    }


def test_the_one_endpoint_and_the_one_machine() -> None:
    asked = {action: one["Resource"] for _, one in policies() for action in words(one["Action"])}
    assert asked["states:StartSyncExecution"] == {"Ref": "MvpStoriesWorkflow"}
    assert asked["sagemaker:InvokeEndpoint"][0]["Fn::Sub"].endswith(":endpoint/${EndpointName}")
    assert re.fullmatch(template()["Parameters"]["EndpointName"]["AllowedPattern"], "falcon-7b")
    assert not re.fullmatch(template()["Parameters"]["EndpointName"]["AllowedPattern"], "Falcon")


def test_the_bucket_is_private_encrypted_versioned_and_kept() -> None:
    bucket = resources()["MvpStoriesBucket"]
    told = bucket["Properties"]
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    assert bucket["UpdateReplacePolicy"] == "Retain"
    assert set(told["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(told["PublicAccessBlockConfiguration"]) == 4
    (rule,) = told["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert told["VersioningConfiguration"] == {"Status": "Enabled"}


def test_the_bucket_is_asked_over_tls_only() -> None:
    (statement,) = properties("BucketPolicy")["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == statement["Resource"][1]["Fn::Sub"][-1] == "*"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_only_what_may_expire_expires() -> None:
    rules = properties("MvpStoriesBucket")["LifecycleConfiguration"]["Rules"]
    expiring = {one["Prefix"]: one["ExpirationInDays"] for one in rules if "ExpirationInDays" in one}
    assert expiring == {"idempotency/": 2, "claims/": 2}
    (everywhere,) = [one for one in rules if "Prefix" not in one]
    assert everywhere["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert everywhere["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_a_page_of_the_one_origin_may_play_from_the_bucket() -> None:
    (rule,) = properties("MvpStoriesBucket")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == [{"Ref": "AllowedOrigin"}]
    assert "GET" in rule["AllowedMethods"]
    assert "Range" in rule["AllowedHeaders"]


def test_prod_names_its_origin() -> None:
    (rule,) = template()["Rules"].values()
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}
    assert rule["Assertions"][0]["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AllowedOrigin"}, "*"]}]}


@pytest.mark.parametrize(
    ("origin", "fits"),
    [
        ("*", True),
        ("https://stories.example.org", True),
        ("http://localhost:5173", True),
        ("http://stories.example.org", False),
        ("https://stories.example.org/", False),
        ("https://a.example,https://b.example", False),
        ("https://a.example'", False),
    ],
)
def test_an_origin_is_one_origin(origin: str, fits: bool) -> None:
    pattern = template()["Parameters"]["AllowedOrigin"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, origin)) is fits


def test_the_stages_have_only_parameters_that_there_are() -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    for stage in ("dev", "prod"):
        deploy = config[stage]["deploy"]["parameters"]
        assert deploy["stack_name"] == f"mvp-stories-{stage}"
        file = ROOT / deploy["parameter_overrides"].removeprefix("file://")
        told = yaml.safe_load(file.read_text("utf-8"))
        assert told["Stage"] == stage
        assert told.keys() <= template()["Parameters"].keys()
    assert "AllowedOrigin" not in told  # prod's, which make asks for


def test_every_exception_of_checkov_has_a_reason() -> None:
    skips = [
        skip
        for told in resources().values()
        for skip in told.get("Metadata", {}).get("checkov", {}).get("skip", ())
    ]
    assert skips
    assert all(len(skip["comment"].split()) > 4 for skip in skips)


def test_every_log_group_ends_and_every_function_writes_into_one() -> None:
    groups = resources("AWS::Logs::LogGroup")
    assert all(told["Properties"]["RetentionInDays"] == {"Ref": "LogDays"} for told in groups.values())
    written = {properties(name)["LoggingConfig"]["LogGroup"]["Ref"] for name in FUNCTIONS}
    assert len(written) == len(FUNCTIONS)
    assert written <= groups.keys()


def test_a_failure_anywhere_raises_an_alarm_that_somebody_hears() -> None:
    alarms = resources("AWS::CloudWatch::Alarm")
    assert all(told["Properties"]["AlarmActions"] == [{"Ref": "Alarms"}] for told in alarms.values())
    seen = json.dumps([told["Properties"] for told in alarms.values()])
    for name in (
        *FUNCTIONS,
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "5XXError",
        "p99",
        "ExecutionsStarted",
    ):
        assert f'"{name}"' in seen
    assert properties("Budget")["Budget"]["BudgetLimit"]["Amount"] == {"Ref": "MonthlyBudget"}


def test_what_comes_out() -> None:
    told = template()["Outputs"]
    assert {"ApiUrl", "BucketName", "WorkflowArn", "UserPoolId"} <= told.keys()
    assert told["ApiUrl"]["Value"]["Fn::Sub"].endswith("/${Stage}/")  # the demo posts to "/"
