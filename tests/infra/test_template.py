"""template.yaml: names, timeouts, the bucket, logs and alarms; test_permissions.py has what is allowed."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import botocore.session
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
    "MvpStoriesPush": "push",
}
STATES = {
    "Generate Story": "MvpStoriesGenerate",
    "Translate story": "MvpStoriesTranslate",
    "Convert Story to Speech": "MvpStoriesTextToSpeech",
    "Record failure": "MvpStoriesRecordFailure",
}
# Of each writer, of the one that the stack has.
WRITES = {
    "OnSageMaker": {"sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointWithResponseStream"},
    "OnBedrock": {"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"},
    "OnBedrockProfile": {"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"},
    "WithGuardrail": {"bedrock:ApplyGuardrail"},
}
# AWS's service authorization reference: these take no resource. X-Ray and log delivery likewise.
WITHOUT_RESOURCE = re.compile(
    r"polly:(SynthesizeSpeech|DescribeVoices)|translate:TranslateText|comprehend:DetectDominantLanguage"
    r"|xray:(PutTraceSegments|PutTelemetryRecords|GetSampling(Rules|Targets))"
    r"|logs:((Create|Get|Update|Delete|List)LogDeliver(y|ies)|PutResourcePolicy|DescribeResourcePolicies"
    r"|DescribeLogGroups)"
)


def policies() -> list[tuple[str, dict[str, Any]]]:
    """Every policy statement, with the name of its role or policy."""
    documents = [
        (name, policy["PolicyDocument"])
        for name, role in resources("AWS::IAM::Role").items()
        for policy in role["Properties"].get("Policies", ())
    ]
    documents += [
        (name, policy["Properties"]["PolicyDocument"])
        for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
        for name, policy in resources(kind).items()
    ]
    return [(name, statement) for name, document in documents for statement in document["Statement"]]


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
def test_the_demos_logical_ids_exist(name: str, kind: str) -> None:
    assert resources()[name]["Type"] == kind


def test_the_only_transform_is_serverless_so_that_composer_reads_it() -> None:
    assert template()["Transform"] == "AWS::Serverless-2016-10-31"
    assert "Fn::Transform" not in json.dumps(template())


def test_the_machine_is_express_and_runs_the_tested_workflow() -> None:
    (machine,) = resources("AWS::Serverless::StateMachine").values()
    assert machine["Properties"]["Type"] == "EXPRESS"
    assert machine["Properties"]["DefinitionUri"] == "infra/workflow.asl.yaml"


def test_each_state_calls_its_function() -> None:
    functions = properties("MvpStoriesWorkflow")["DefinitionSubstitutions"]
    called = {
        state: functions[step["Parameters"]["FunctionName"].strip("${}")]["Fn::GetAtt"]
        for state, step in WORKFLOW["States"].items()
        if step["Type"] == "Task"
    }
    # By hand only; with the role of the function that comes next.
    assert called.pop("Accept context") == ["MvpStoriesGenerate", "Arn"]
    assert called == {state: [function, "Arn"] for state, function in STATES.items()}


def test_a_function_has_the_time_of_its_state() -> None:
    timeouts = {state: properties(function)["Timeout"] for state, function in STATES.items()}
    assert timeouts == {state: WORKFLOW["States"][state]["TimeoutSeconds"] for state in STATES}


def test_the_trigger_answers_before_the_gateway_times_out() -> None:
    trigger = properties("MvpStoriesWorkflowTrigger")
    wait = int(trigger["Environment"]["Variables"]["STORIES_WAIT"])
    assert wait < 25 <= trigger["Timeout"] <= 29  # 25 s before POST / answers 202; REST's integration timeout


def test_every_function_has_its_handler() -> None:
    functions = resources("AWS::Serverless::Func")
    handlers = {name: function["Properties"]["Handler"] for name, function in functions.items()}
    assert handlers == {name: f"pipeline.lambdas.{handler}" for name, handler in FUNCTIONS.items()}


def test_functions_have_their_settings() -> None:
    shared = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert shared["STORIES_PROFILE"] == "aws"
    assert shared["STORIES_WRITER"] == {"Ref": "Writer"}
    assert shared["STORIES_ENDPOINT"] == {"Ref": "EndpointName"}
    assert shared["STORIES_MODEL"]["Fn::If"] == [
        "OnBedrockProfile",
        {"Fn::Sub": "${BedrockProfile}.${BedrockModel}"},
        {"Fn::If": ["OnBedrock", {"Ref": "BedrockModel"}, {"Ref": "Model"}]},
    ]
    assert shared["STORIES_BUCKET"] == {"Ref": "MvpStoriesBucket"}
    assert shared["STORIES_URL_SECONDS"] == {"Ref": "UrlSeconds"}
    assert shared["STORIES_PRIVATE_DAYS"] == {"Ref": "PrivateDays"}
    assert shared["STORIES_ATTEMPTS"] == "1"
    address = "wss://${PushApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${Stage}"
    assert shared["STORIES_PUSH"] == {"Fn::If": ["WithPush", {"Fn::Sub": address}, ""]}
    assert shared["STORIES_SPEECH_PARALLEL"] == {"Ref": "SpeechParallel"}
    assert shared["POWERTOOLS_SERVICE_NAME"] == "mvp-stories"
    assert shared["POWERTOOLS_METRICS_NAMESPACE"] == "MvpStories"
    assert properties("MvpStoriesWorkflowTrigger")["Environment"]["Variables"] == {
        "STORIES_WORKFLOW": {"Ref": "MvpStoriesWorkflow"},
        "STORIES_ORIGIN": {"Ref": "AllowedOrigin"},
        "STORIES_WAIT": "24",
        "STORIES_PER_DAY": {"Ref": "StoriesPerDay"},
    }


def test_the_layer_has_the_locked_version_of_powertools() -> None:
    locked = re.search(
        r"^aws-lambda-powertools==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE
    )
    assert locked
    assert template()["Parameters"]["PowertoolsVersion"]["Default"] == locked[1]


def test_no_action_is_a_wildcard() -> None:
    for name, statement in policies():
        assert not [action for action in words(statement["Action"]) if "*" in action], name


def test_every_resource_is_named_unless_the_service_has_none() -> None:
    for name, statement in policies():
        assert statement["Effect"] == "Allow", name
        if "*" in words(statement["Resource"]):
            actions = words(statement["Action"])
            assert not [action for action in actions if not WITHOUT_RESOURCE.fullmatch(action)], name


def test_only_the_function_that_writes_may_call_the_writer_that_the_stack_has() -> None:
    actions: dict[str, set[str]] = {}
    for policy in resources("AWS::IAM::Policy").values():
        if policy["Condition"] == "WithPush":
            continue
        assert policy["Properties"]["Roles"] == [{"Ref": role_of("MvpStoriesGenerate")}]
        (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
        actions[policy["Condition"]] = set(words(statement["Action"]))
    assert actions == WRITES


def test_bedrock_is_allowed_on_the_named_model_only() -> None:
    """A profile's ARN, and the model in every region that it may be sent on to, by that profile alone."""
    own, beyond = (
        properties(name)["PolicyDocument"]["Statement"][0] for name in ("BedrockCalls", "BedrockProfileCalls")
    )
    condition, by_profile, by_id = own["Resource"]["Fn::If"]
    assert condition == "OnBedrockProfile"
    assert by_profile["Fn::Sub"].endswith(":inference-profile/${BedrockProfile}.${BedrockModel}")
    assert by_id["Fn::Sub"].endswith(":bedrock:${AWS::Region}::foundation-model/${BedrockModel}")
    assert beyond["Resource"]["Fn::Sub"].endswith(":bedrock:*::foundation-model/${BedrockModel}")
    assert beyond["Condition"] == {"StringEquals": {"bedrock:InferenceProfileArn": by_profile}}


def test_a_stack_names_what_its_writer_needs() -> None:
    rules = template()["Rules"]
    for rule, writer, parameter in (
        ("SageMakerNamesItsEndpoint", "sagemaker", "EndpointName"),
        ("BedrockNamesItsModel", "bedrock", "BedrockModel"),
    ):
        assert rules[rule]["RuleCondition"] == {"Fn::Equals": [{"Ref": "Writer"}, writer]}
        (assertion,) = rules[rule]["Assertions"]
        assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}
    assert template()["Parameters"]["Writer"]["Default"] == "sagemaker"


@pytest.mark.parametrize(
    ("model", "fits"),
    [
        ("", True),
        ("amazon.nova-lite-v1:0", True),
        ("us-maker.model-v1:0", True),
        ("eu.amazon.nova-lite-v1:0", False),
        ("arn:aws:bedrock:eu-west-1:1:inference-profile/x", False),
    ],
)
def test_a_model_of_bedrock_is_a_foundation_model_s_id(model: str, fits: bool) -> None:
    pattern = template()["Parameters"]["BedrockModel"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, model)) is fits


def test_every_function_has_its_own_role() -> None:
    assert len({role_of(function) for function in FUNCTIONS}) == len(FUNCTIONS)


def test_only_the_stacks_endpoint_and_machine_are_allowed() -> None:
    resource_of = {
        (name, action): statement["Resource"]
        for name, statement in policies()
        for action in words(statement["Action"])
    }
    starts = {name: on for (name, action), on in resource_of.items() if action == "states:StartExecution"}
    machines = {"TriggerRole": "MvpStoriesWorkflow", "EndpointIdlesRole": "EndpointDeletion"}
    assert starts == {name: {"Ref": machine} for name, machine in machines.items()}
    assert resource_of["SageMakerCalls", "sagemaker:InvokeEndpoint"][0]["Fn::Sub"].endswith(
        ":endpoint/${EndpointName}"
    )
    assert re.fullmatch(template()["Parameters"]["EndpointName"]["AllowedPattern"], "falcon-7b")
    assert not re.fullmatch(template()["Parameters"]["EndpointName"]["AllowedPattern"], "Falcon")


def test_the_bucket_is_private_encrypted_versioned_and_kept() -> None:
    bucket = resources()["MvpStoriesBucket"]
    settings = bucket["Properties"]
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    assert bucket["UpdateReplacePolicy"] == "Retain"
    assert set(settings["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(settings["PublicAccessBlockConfiguration"]) == 4
    (rule,) = settings["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert settings["VersioningConfiguration"] == {"Status": "Enabled"}


def test_the_bucket_accepts_tls_only() -> None:
    (statement,) = properties("BucketPolicy")["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == statement["Resource"][1]["Fn::Sub"][-1] == "*"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_only_claims_idempotency_records_followers_and_private_stories_expire() -> None:
    rules = properties("MvpStoriesBucket")["LifecycleConfiguration"]["Rules"]
    expiring = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    assert expiring == {"idempotency/": 2, "claims/": 2, "push/": 1, "private/": {"Ref": "PrivateDays"}}
    (everywhere,) = [rule for rule in rules if "Prefix" not in rule]
    assert everywhere["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert everywhere["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_only_the_pages_origin_may_play_from_the_bucket() -> None:
    (rule,) = properties("MvpStoriesBucket")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == [{"Ref": "AllowedOrigin"}]
    assert "GET" in rule["AllowedMethods"]
    assert "Range" in rule["AllowedHeaders"]


def test_prod_needs_an_origin() -> None:
    rule = template()["Rules"]["ProdNamesItsOrigin"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}
    assert rule["Assertions"][0]["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AllowedOrigin"}, "*"]}]}


def test_prod_is_closed_to_strangers() -> None:
    rule = template()["Rules"]["ProdIsClosed"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}
    assert rule["Assertions"][0]["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Auth"}, "off"]}]}
    assert template()["Parameters"]["Auth"]["Default"] == "off"  # so that prod's has to be named


def test_no_stage_reserves_concurrency_which_a_new_account_may_not() -> None:
    for stage in ("dev", "prod"):
        parameters = yaml.safe_load((ROOT / f"infra/stages/{stage}.yaml").read_text("utf-8"))
        assert not {"TriggerConcurrency", "WorkerConcurrency"} & parameters.keys()
    for name in ("TriggerConcurrency", "WorkerConcurrency"):
        assert template()["Parameters"][name]["Default"] == -1


def test_the_functions_run_on_a_python_of_amazon_linux_2023() -> None:
    # AWS's list of runtimes: python3.11 is the last on Amazon Linux 2, which ended on 30 June 2026.
    runtime = template()["Parameters"]["PythonRuntime"]
    assert runtime["Default"] == "python3.13"
    assert "python3.11" not in runtime["AllowedValues"]


def test_the_firewall_limits_an_addresss_posts_where_it_is_asked_for() -> None:
    firewall, attached = resources()["Firewall"], resources()["FirewallOfApi"]
    assert firewall["Condition"] == attached["Condition"] == "WithFirewall"
    assert template()["Parameters"]["AddressLimit"]["Default"] == 0
    (rule,) = firewall["Properties"]["Rules"]
    limit = rule["Statement"]["RateBasedStatement"]
    assert rule["Action"] == {"Block": {}}
    assert (limit["AggregateKeyType"], limit["Limit"]) == ("IP", {"Ref": "AddressLimit"})
    assert limit["ScopeDownStatement"]["ByteMatchStatement"]["SearchString"] == "POST"
    arn, names = attached["Properties"]["ResourceArn"]["Fn::Sub"]
    assert arn.endswith("::/restapis/${MvpStoriesApi}/stages/${Deployed}")
    assert names == {"Deployed": {"Ref": "MvpStoriesApi.Stage"}}


def test_an_endpoint_that_stands_uncalled_raises_an_alarm() -> None:
    stands, uncalled, idle = (
        properties(name) for name in ("EndpointStands", "EndpointUncalled", "EndpointIdle")
    )
    assert idle["AlarmActions"] == [{"Ref": "Alarms"}]
    rule = idle["AlarmRule"]["Fn::Sub"]
    assert rule == 'ALARM("${EndpointStands.Arn}") AND ALARM("${EndpointUncalled.Arn}")'
    # No data: of its instance where there is no endpoint, of calls where there is none.
    assert (stands["TreatMissingData"], uncalled["TreatMissingData"]) == ("notBreaching", "breaching")
    assert (stands["Namespace"], uncalled["Namespace"]) == ("/aws/sagemaker/Endpoints", "AWS/SageMaker")
    for alarm in (stands, uncalled):
        assert alarm["EvaluationPeriods"] == {"Ref": "IdleHours"}
        assert alarm["Period"] == 3600
        assert [dimension["Name"] for dimension in alarm["Dimensions"]] == ["EndpointName", "VariantName"]


def test_an_idle_endpoint_is_deleted_where_it_is_asked_for_and_no_other() -> None:
    names = ("EndpointIdles", "EndpointIdlesRole", "EndpointDeletion", "EndpointDeletionRole")
    assert {resources()[name]["Condition"] for name in names} == {"DeletesIdle"}
    assert template()["Parameters"]["IdleEndpoint"]["Default"] == "alarm"
    pattern = properties("EndpointIdles")["EventPattern"]
    assert pattern["resources"] == [{"Fn::GetAtt": ["EndpointIdle", "Arn"]}]
    assert pattern["detail"] == {"state": {"value": ["ALARM"]}}
    (state,) = properties("EndpointDeletion")["Definition"]["States"].values()
    assert state["Resource"]["Fn::Sub"].endswith(":states:::aws-sdk:sagemaker:deleteEndpoint")
    model = botocore.session.get_session().get_service_model("sagemaker").operation_model("DeleteEndpoint")
    assert state["Parameters"] == {name: {"Ref": "EndpointName"} for name in model.input_shape.members}
    (policy,) = properties("EndpointDeletionRole")["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "sagemaker:DeleteEndpoint"
    assert statement["Resource"]["Fn::Sub"].endswith(":endpoint/${EndpointName}")


def test_everything_of_a_stage_has_its_tags() -> None:
    # CloudFormation gives a stack's tags to each resource that takes some.
    for stage in ("dev", "prod"):
        deploy = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))[stage]["deploy"]["parameters"]
        assert deploy["tags"] == f"project=mvp-stories stage={stage}"


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


def test_the_stages_set_only_parameters_of_the_template() -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    for stage in ("dev", "prod"):
        deploy = config[stage]["deploy"]["parameters"]
        assert deploy["stack_name"] == f"mvp-stories-{stage}"
        file = ROOT / deploy["parameter_overrides"].removeprefix("file://")
        parameters = yaml.safe_load(file.read_text("utf-8"))
        assert parameters["Stage"] == stage
        assert parameters.keys() <= template()["Parameters"].keys()
    assert "AllowedOrigin" not in parameters  # prod's, which make requires


def test_every_exception_of_checkov_has_a_reason() -> None:
    skips = [
        skip
        for resource in resources().values()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", ())
    ]
    assert skips
    assert all(len(skip["comment"].split()) > 4 for skip in skips)


def test_every_log_group_has_a_retention_and_every_function_a_log_group() -> None:
    groups = resources("AWS::Logs::LogGroup")
    assert all(group["Properties"]["RetentionInDays"] == {"Ref": "LogDays"} for group in groups.values())
    written = {properties(name)["LoggingConfig"]["LogGroup"]["Ref"] for name in FUNCTIONS}
    assert len(written) == len(FUNCTIONS)
    assert written <= groups.keys()


def test_every_failure_raises_an_alarm_with_a_notification() -> None:
    alarms = resources("AWS::CloudWatch::Alarm")
    settings = [alarm["Properties"] for alarm in alarms.values()]
    silent = {name for name, alarm in alarms.items() if "AlarmActions" not in alarm["Properties"]}
    assert silent == {"EndpointStands", "EndpointUncalled"}  # which EndpointIdle joins
    loud = [alarm["AlarmActions"] for alarm in settings if "AlarmActions" in alarm]
    assert all(actions == [{"Ref": "Alarms"}] for actions in loud)
    metrics = json.dumps(settings)
    for name in (
        *FUNCTIONS,
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "5XXError",
        "p99",
        "ExecutionsStarted",
    ):
        assert f'"{name}"' in metrics
    assert properties("Budget")["Budget"]["BudgetLimit"]["Amount"] == {"Ref": "MonthlyBudget"}


def test_the_outputs() -> None:
    outputs = template()["Outputs"]
    assert {"ApiUrl", "BucketName", "WorkflowArn", "UserPoolId"} <= outputs.keys()
    assert outputs["ApiUrl"]["Value"]["Fn::Sub"].endswith("/${Stage}/")  # the demo posts to "/"
