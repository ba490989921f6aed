"""The deployment pipeline, and its role; `make lint` checks them against GitHub's and AWS's schemas."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from moto.iam.access_control import IAMPolicy, PermissionResult

from infra.cloudformation import resolved
from infra.local_aws.authorization import Need, Role
from tests.infra.cloudformation import ROOT, resources, template


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load((ROOT / "infra/ci" / name).read_text("utf-8"), yaml.BaseLoader)
    return content


WHOLE, STAGE = _read("deploy.yml"), _read("deploy-stage.yml")


def test_prod_is_deployed_after_tests_package_and_dev() -> None:
    needs = {name: job.get("needs") for name, job in WHOLE["jobs"].items()}
    assert needs == {"test": None, "package": "test", "dev": "package", "prod": "dev"}


def test_a_stage_is_an_environment_which_prods_reviewers_approve() -> None:
    assert STAGE["jobs"]["deploy"]["environment"] == "${{ inputs.stage }}"
    assert {WHOLE["jobs"][name]["with"]["stage"] for name in ("dev", "prod")} == {"dev", "prod"}


def test_a_pull_request_is_never_deployed() -> None:
    for name in ("dev", "prod"):
        assert "github.event_name != 'pull_request'" in WHOLE["jobs"][name]["if"]
        assert "refs/heads/main" in WHOLE["jobs"][name]["if"]


def test_only_deploying_jobs_may_request_a_token_and_no_key_is_stored() -> None:
    assert WHOLE["permissions"] == STAGE["permissions"] == {"contents": "read"}
    permitted = {name for name, job in WHOLE["jobs"].items() if "id-token" in job.get("permissions", {})}
    assert permitted == {"dev", "prod"}
    both = "".join((ROOT / "infra/ci" / name).read_text() for name in ("deploy.yml", "deploy-stage.yml"))
    assert "secrets." not in both


def test_actions_are_pinned_and_no_shell_contains_an_expression() -> None:
    steps = [
        step for file in (WHOLE, STAGE) for job in file["jobs"].values() for step in job.get("steps", ())
    ]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    pinned = re.compile(r"[\w./-]+@(v\d+(\.\d+)*|[0-9a-f]{40})|docker://[\w/-]+:\d+\.\d+\.\d+")
    assert [action for action in used if not pinned.fullmatch(action)] == []
    assert not any("${{" in step.get("run", "") for step in steps)


ROLE = "infra/ci/role.yaml"
# GitHub's documentation of subjects, "Immutable subject claims": both forms.
NAMES = {
    "Stage": "dev",
    "Owner": "octo-org",
    "OwnerId": "123456",
    "Repository": "octo-repo",
    "RepositoryId": "456789",
    "Provider": "existing",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "111122223333",
}
AT = "eu-west-1:111122223333"
IAM = "arn:aws:iam::111122223333"
API = "arn:aws:apigateway:eu-west-1::"
# What makes each type of template.yaml, on a name as CloudFormation gives it; a type that is not here is new.
MAKING: dict[str, Need] = {
    "AWS::ApiGateway::Account": ("apigateway:PATCH", f"{API}/account"),
    "AWS::ApiGateway::ApiKey": ("apigateway:POST", f"{API}/apikeys"),
    "AWS::ApiGateway::UsagePlan": ("apigateway:POST", f"{API}/usageplans"),
    "AWS::ApiGateway::UsagePlanKey": ("apigateway:POST", f"{API}/usageplans/ab12/keys"),
    "AWS::ApiGatewayV2::Api": ("apigateway:POST", f"{API}/apis"),
    "AWS::ApiGatewayV2::Deployment": ("apigateway:POST", f"{API}/apis/a1/deployments"),
    "AWS::ApiGatewayV2::Integration": ("apigateway:POST", f"{API}/apis/a1/integrations"),
    "AWS::ApiGatewayV2::Route": ("apigateway:POST", f"{API}/apis/a1/routes"),
    "AWS::ApiGatewayV2::Stage": ("apigateway:POST", f"{API}/apis/a1/stages"),
    "AWS::Budgets::Budget": ("budgets:ModifyBudget", "arn:aws:budgets::111122223333:budget/mvp-stories-dev"),
    "AWS::CloudWatch::Alarm": (
        "cloudwatch:PutMetricAlarm",
        f"arn:aws:cloudwatch:{AT}:alarm:mvp-stories-dev-ApiFails-1A",
    ),
    "AWS::CloudWatch::CompositeAlarm": (
        "cloudwatch:PutCompositeAlarm",
        f"arn:aws:cloudwatch:{AT}:alarm:mvp-stories-dev-EndpointIdle-1A",
    ),
    "AWS::Cognito::UserPool": ("cognito-idp:CreateUserPool", "*"),
    "AWS::Cognito::ManagedLoginBranding": (
        "cognito-idp:CreateManagedLoginBranding",
        f"arn:aws:cognito-idp:{AT}:userpool/eu-west-1_AbC",
    ),
    "AWS::Cognito::UserPoolDomain": (
        "cognito-idp:CreateUserPoolDomain",
        f"arn:aws:cognito-idp:{AT}:userpool/eu-west-1_AbC",
    ),
    "AWS::Cognito::UserPoolClient": (
        "cognito-idp:CreateUserPoolClient",
        f"arn:aws:cognito-idp:{AT}:userpool/eu-west-1_AbC",
    ),
    "AWS::Events::Rule": ("events:PutRule", f"arn:aws:events:{AT}:rule/mvp-stories-dev-EndpointIdles-1A"),
    "AWS::IAM::ManagedPolicy": ("iam:CreatePolicy", f"{IAM}:policy/mvp-stories-dev-FunctionDiagnostics-1A"),
    "AWS::IAM::Policy": ("iam:PutRolePolicy", f"{IAM}:role/mvp-stories-dev-GenerateRole-1A"),
    "AWS::IAM::Role": ("iam:CreateRole", f"{IAM}:role/mvp-stories-dev-TriggerRole-1A"),
    "AWS::Lambda::Permission": (
        "lambda:AddPermission",
        f"arn:aws:lambda:{AT}:function:mvp-stories-dev-MvpStoriesPush-1A",
    ),
    "AWS::Logs::LogGroup": (
        "logs:CreateLogGroup",
        f"arn:aws:logs:{AT}:log-group:/aws/lambda/mvp-stories-dev-trigger",
    ),
    "AWS::S3::Bucket": ("s3:CreateBucket", "arn:aws:s3:::mvp-stories-dev-mvpstoriesbucket-1a"),
    "AWS::S3::BucketPolicy": ("s3:PutBucketPolicy", "arn:aws:s3:::mvp-stories-dev-mvpstoriesbucket-1a"),
    "AWS::SNS::Subscription": ("sns:Subscribe", f"arn:aws:sns:{AT}:mvp-stories-dev-Alarms-1A"),
    "AWS::SNS::Topic": ("sns:CreateTopic", f"arn:aws:sns:{AT}:mvp-stories-dev-Alarms-1A"),
    "AWS::Serverless::Api": ("apigateway:POST", f"{API}/restapis"),
    "AWS::Serverless::Function": (
        "lambda:CreateFunction",
        f"arn:aws:lambda:{AT}:function:mvp-stories-dev-MvpStoriesGenerate-1A",
    ),
    "AWS::Serverless::StateMachine": (
        "states:CreateStateMachine",
        f"arn:aws:states:{AT}:stateMachine:MvpStoriesWorkflow-1A",
    ),
    "AWS::StepFunctions::StateMachine": (
        "states:CreateStateMachine",
        f"arn:aws:states:{AT}:stateMachine:EndpointDeletion-1A",
    ),
    "AWS::WAFv2::WebACL": ("wafv2:CreateWebACL", f"arn:aws:wafv2:{AT}:regional/webacl/Firewall-1A/1a"),
    "AWS::WAFv2::WebACLAssociation": ("apigateway:SetWebACL", f"{API}/restapis/a1/stages/dev"),
}
# Of `sam deploy` itself, with its own bucket (resolve_s3) and the layer of template.yaml.
DEPLOYING: tuple[Need, ...] = (
    ("cloudformation:CreateChangeSet", f"arn:aws:cloudformation:{AT}:stack/mvp-stories-dev/1a"),
    ("cloudformation:CreateChangeSet", f"arn:aws:cloudformation:{AT}:stack/aws-sam-cli-managed-default/1a"),
    (
        "cloudformation:CreateChangeSet",
        "arn:aws:cloudformation:eu-west-1:aws:transform/Serverless-2016-10-31",
    ),
    ("s3:PutObject", "arn:aws:s3:::aws-sam-cli-managed-default-samclisourcebucket-1a/mvp-stories-dev/1a"),
    ("iam:PutRolePolicy", f"{IAM}:role/mvp-stories-dev-TriggerRole-1A"),
    # CloudFormation looks at a domain by its name alone: no resource.
    ("cognito-idp:DescribeUserPoolDomain", "*"),
    ("ssm:GetParameters", "arn:aws:ssm:eu-west-1::parameter/aws/service/powertools/python/arm64/x/y"),
    (
        "lambda:GetLayerVersion",
        "arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python313-arm64:1",
    ),
)
FORBIDDEN: tuple[Need, ...] = (
    ("iam:PutRolePolicy", f"{IAM}:role/mvp-stories-ci-dev"),
    ("iam:CreateRole", f"{IAM}:role/administrator"),
    ("iam:CreateUser", f"{IAM}:user/somebody"),
    ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{AT}:function:mvp-stories-prod-MvpStoriesGenerate-1A"),
    ("cloudformation:DeleteStack", f"arn:aws:cloudformation:{AT}:stack/mvp-stories-dev/1a"),
    ("s3:GetObject", "arn:aws:s3:::mvp-stories-dev-mvpstoriesbucket-1a/stories/a"),
    ("s3:CreateBucket", "arn:aws:s3:::another-bucket"),
    ("sagemaker:CreateEndpoint", f"arn:aws:sagemaker:{AT}:endpoint/a"),
)


def part(name: str) -> Any:
    return template(ROLE)["Resources"][name]["Properties"]


def deployer() -> Role:
    documents = (resolved(part(name)["PolicyDocument"], NAMES, ROLE) for name in ("Stacks", "Parts"))
    return Role("deployer", tuple(map(json.dumps, documents)))


@pytest.mark.parametrize(
    ("subject", "is_trusted"),
    [
        ("repo:octo-org/octo-repo:environment:dev", True),
        ("repo:octo-org@123456/octo-repo@456789:environment:dev", True),
        ("repo:octo-org@123456/octo-repo@456789:environment:prod", False),
        ("repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main", False),
        ("repo:octo-org@999999/octo-repo@456789:environment:dev", False),
        ("repo:octo-org/octo-repo:pull_request", False),
    ],
)
def test_only_the_stages_environment_of_the_repository_takes_the_role(subject: str, is_trusted: bool) -> None:
    trust = IAMPolicy(json.dumps(resolved(part("DeployRole")["AssumeRolePolicyDocument"], NAMES, ROLE)))
    issuer = "token.actions.githubusercontent.com"
    claims = {f"{issuer}:sub": subject, f"{issuer}:aud": "sts.amazonaws.com"}
    verdict = trust.is_action_permitted("sts:AssumeRoleWithWebIdentity", incoming_condition_values=claims)
    assert (verdict is PermissionResult.PERMITTED) is is_trusted


def test_the_role_may_make_every_part_of_the_template() -> None:
    types = {resource["Type"] for resource in resources().values()}
    assert types - MAKING.keys() == set()
    assert [need for need in (*MAKING.values(), *DEPLOYING) if not deployer().allows(need)] == []


def test_the_role_may_change_neither_itself_nor_anything_else() -> None:
    assert part("DeployRole")["RoleName"] == {"Fn::Sub": "mvp-stories-ci-${Stage}"}
    assert [need for need in FORBIDDEN if deployer().allows(need)] == []


def test_a_policy_is_no_longer_than_iam_takes() -> None:
    sizes = [len(json.dumps(json.loads(policy), separators=(",", ":"))) for policy in deployer().policies]
    assert max(sizes) <= 6144  # IAM quotas, "managed policy", without blanks
