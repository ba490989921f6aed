"""The page's sign-in of template.yaml: its parts as Cognito's API takes them, and what the page is given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.cloudformation import is_met, resolved
from tests.infra.cloudformation import properties, resources, template

ORIGIN = "https://stories.example.org"
PARTS = ("PageClient", "SignInDomain", "SignInStyle")
NAMES = {
    "Auth": "cognito",
    "Stage": "dev",
    "AllowedOrigin": ORIGIN,
    "AWS::StackName": "mvp-stories-dev",
    "AWS::StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/a/1a2b3c4d-0f0e-11f0-9f9f-0a",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
}


@pytest.fixture
def cognito(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of Cognito's API: botocore's model says what it takes, moto keeps it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    aws = mock_aws()
    # Without a reset, which would also empty the local AWS that other tests of this process share.
    aws.start(reset=False)
    try:
        yield boto3.Session(region_name="eu-west-1").client("cognito-idp")
    finally:
        aws.stop(remove_data=False)


@pytest.fixture
def names(cognito: Any) -> dict[str, str]:
    """The names of a stack with its pool, the page's client and the domain, created by the API."""
    pool = resolved(properties("MvpStoriesUsers"), NAMES)
    pool_id = cognito.create_user_pool(PoolName=pool.pop("UserPoolName"), **pool)["UserPool"]["Id"]
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cognito-userpool.html
    url = f"https://cognito-idp.eu-west-1.amazonaws.com/{pool_id}"
    names = {**NAMES, "MvpStoriesUsers": pool_id, "MvpStoriesUsers.ProviderURL": url}
    client = cognito.create_user_pool_client(ClientName="page", **resolved(properties("PageClient"), names))
    names["PageClient"] = client["UserPoolClient"]["ClientId"]
    domain = resolved(properties("SignInDomain"), names)
    cognito.create_user_pool_domain(**domain)
    return {**names, "SignInDomain": domain["Domain"]}


def sign_in(names: dict[str, str]) -> dict[str, str]:
    output: dict[str, str] = json.loads(resolved(template()["Outputs"]["SignIn"]["Value"], names))
    return output


def test_the_page_signs_in_at_the_stacks_own_pool(names: dict[str, str]) -> None:
    pool, client = names["MvpStoriesUsers"], names["PageClient"]
    # The endpoints of a domain, as Cognito's developer guide has them.
    login = "https://mvp-stories-dev-1a2b3c4d.auth.eu-west-1.amazoncognito.com"
    assert sign_in(names) == {
        "issuer": f"https://cognito-idp.eu-west-1.amazonaws.com/{pool}",
        "clientId": client,
        "authorize": f"{login}/oauth2/authorize",
        "token": f"{login}/oauth2/token",
        "logout": f"{login}/logout?client_id={client}&logout_uri={ORIGIN}/",
    }


def test_govcloud_has_its_own_host_for_sign_in(names: dict[str, str]) -> None:
    gov = {**names, "AWS::Partition": "aws-us-gov", "AWS::Region": "us-gov-west-1"}
    assert sign_in(gov)["token"].partition(".")[2] == "auth-fips.us-gov-west-1.amazoncognito.com/oauth2/token"


def test_the_pages_client_has_a_code_flow_back_to_the_page_alone_and_no_secret(
    cognito: Any, names: dict[str, str]
) -> None:
    ids = {"UserPoolId": names["MvpStoriesUsers"], "ClientId": names["PageClient"]}
    client = cognito.describe_user_pool_client(**ids)["UserPoolClient"]
    assert client["AllowedOAuthFlowsUserPoolClient"] is True
    assert (client["AllowedOAuthFlows"], client["AllowedOAuthScopes"]) == (["code"], ["openid"])
    assert client["CallbackURLs"] == client["LogoutURLs"] == [f"{ORIGIN}/"]
    assert "ClientSecret" not in client


def test_a_refresh_token_is_used_once_and_by_no_flow_that_cognito_refuses_beside_that() -> None:
    client = properties("PageClient")
    assert client["RefreshTokenRotation"]["Feature"] == "ENABLED"
    assert "ALLOW_REFRESH_TOKEN_AUTH" not in client["ExplicitAuthFlows"]
    assert properties("MvpStoriesUsers")["UserPoolTier"] == "ESSENTIALS"


def test_managed_login_has_a_style_without_which_it_shows_an_error() -> None:
    (style,) = resources("AWS::Cognito::ManagedLoginBranding").values()
    assert style["Properties"]["ClientId"] == {"Ref": "PageClient"}
    assert properties("SignInDomain")["ManagedLoginVersion"] == 2


@pytest.mark.parametrize(
    ("auth", "origin", "signs_in"),
    [
        ("cognito", ORIGIN, True),
        ("cognito", "*", False),  # no address to come back to
        ("off", ORIGIN, False),
        ("key", ORIGIN, False),
        ("iam", ORIGIN, False),
    ],
)
def test_the_page_signs_in_with_users_and_an_origin_to_come_back_to(
    auth: str, origin: str, signs_in: bool
) -> None:
    assert is_met("PageSignsIn", {**NAMES, "Auth": auth, "AllowedOrigin": origin}) is signs_in
    parts = [template()["Outputs"]["SignIn"], *(resources()[name] for name in PARTS)]
    assert {part["Condition"] for part in parts} == {"PageSignsIn"}


def test_the_domains_name_is_one_that_cognito_takes() -> None:
    domain = resolved(
        properties("SignInDomain"), {**NAMES, "MvpStoriesUsers": "eu-west-1_a", "Stage": "prod"}
    )
    assert len(domain["Domain"]) <= 63
    assert not any(word in domain["Domain"] for word in ("aws", "amazon", "cognito"))
