"""The roles of template.yaml's functions, as they would be in the local AWS's account."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.cloudformation import is_met, resolved, template
from infra.local_aws import LocalAws, websocket_api
from infra.local_aws.account import SECRET_KEY, Account
from infra.local_aws.authorization import Need, Role
from infra.local_aws.deploy import MACHINE

_STACK = "mvp-stories-dev"


@dataclass(frozen=True)
class Grant:
    """One action that one statement of a policy allows on one resource, which may end in *."""

    action: str
    resource: str

    def covers(self, need: Need) -> bool:
        statement = {"Effect": "Allow", "Action": self.action, "Resource": self.resource}
        return Role("", (json.dumps({"Statement": [statement]}),)).allows(need)


def functions() -> tuple[str, ...]:
    """Logical ids, in the template's order."""
    kinds = {name: resource["Type"] for name, resource in template()["Resources"].items()}
    return tuple(name for name, kind in kinds.items() if kind == "AWS::Serverless::Function")


def roles(aws: LocalAws, bucket: str) -> dict[str, Role]:
    """By function. Raises KeyError: a policy mentions what this does not know.

    bucket: the name of the template's. The endpoint is the local AWS's, and has no inference component. The
    stack pushes.
    """
    names = _names(aws.account, bucket, aws.environment["STORIES_ENDPOINT"])
    return {name: Role(name, tuple(_documents(_role(name), names))) for name in functions()}


def _conditional(role: str, names: Mapping[str, str]) -> Iterator[str]:
    """Policies of their own that the stack adds to this role where their condition holds."""
    resources = template()["Resources"].values()
    for policy in (each for each in resources if each["Type"] == "AWS::IAM::Policy"):
        properties = policy["Properties"]
        if {"Ref": role} in properties["Roles"] and is_met(policy["Condition"], names):
            yield json.dumps(resolved(properties["PolicyDocument"], names))


def grants(role: Role) -> list[Grant]:
    """Raises ValueError: a statement that is no plain Allow, of which this knows nothing."""
    allowed: list[Grant] = []
    for statement in (each for policy in role.policies for each in json.loads(policy)["Statement"]):
        if statement.keys() != {"Effect", "Action", "Resource"} or statement["Effect"] != "Allow":
            raise ValueError(f"{role.name} has a statement that is not understood: {statement}")
        allowed += [
            Grant(action, resource)
            for action in _words(statement["Action"])
            for resource in _words(statement["Resource"])
        ]
    return allowed


def key_of(function: str) -> str:
    """The access key of its role in the local AWS."""
    return f"AKIA{function.upper()}"


def assume(aws: LocalAws, roles: Mapping[str, Role]) -> None:
    """Gives each role an access key; requests that it signs may do what the role may."""
    for function, role in roles.items():
        aws.account.keys[key_of(function)] = SECRET_KEY
        aws.account.roles[key_of(function)] = role


def _role(function: str) -> str:
    """Its logical id."""
    return _attribute(template()["Resources"][function]["Properties"]["Role"])


def _attribute(value: Mapping[str, Any]) -> str:
    name: str = value["Fn::GetAtt"][0]
    return name


def _documents(role: str, names: Mapping[str, str]) -> Iterator[str]:
    resources = template()["Resources"]
    properties = resources[role]["Properties"]
    yield from _conditional(role, names)
    for policy in properties["Policies"]:
        yield json.dumps(resolved(policy["PolicyDocument"], names))
    for managed in properties["ManagedPolicyArns"]:
        yield json.dumps(resolved(resources[managed["Ref"]]["Properties"]["PolicyDocument"], names))


def _names(account: Account, bucket: str, endpoint: str) -> dict[str, str]:
    """What Ref, GetAtt and Sub give."""
    defaults = {
        name: str(parameter["Default"])
        for name, parameter in template()["Parameters"].items()
        if "Default" in parameter
    }
    return {
        **defaults,
        "AWS::Partition": "aws",
        "AWS::Region": account.region,
        "AWS::AccountId": account.id,
        "AWS::StackName": _STACK,
        "EndpointName": endpoint,
        "Stage": websocket_api.STAGE,
        "Push": "on",
        "PushApi": websocket_api.API,
        "MvpStoriesBucket.Arn": f"arn:aws:s3:::{bucket}",
        MACHINE: account.arn("states", f"stateMachine:{MACHINE}"),
    }


def _words(value: str | list[str]) -> list[str]:
    """IAM accepts a string in place of a list with one item."""
    return [value] if isinstance(value, str) else value
