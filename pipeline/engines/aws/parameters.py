"""A setting that lies in AWS Systems Manager: `ssm:/mvp-stories/endpoint` names it in the value's place."""

from __future__ import annotations

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.errors import answered

PREFIX = "ssm:"


def resolved(clients: Clients, told: str) -> str:
    """`told` itself, or the value of the parameter that it names. Raises ConfigError: there is none."""
    if not told.startswith(PREFIX):
        return told
    name = told.removeprefix(PREFIX)
    with answered("ssm", f"the SSM parameter {name}"):
        value: str = clients.get("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    return value


def keep(clients: Clients, name: str, value: str) -> str:
    """Written, over an older value; what settings say to read it."""
    with answered("ssm", f"the SSM parameter {name}"):
        clients.get("ssm").put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
    return PREFIX + name
