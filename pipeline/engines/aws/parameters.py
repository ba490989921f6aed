"""Settings kept in AWS Systems Manager: `ssm:/mvp-stories/endpoint` in a value's place names a parameter."""

from __future__ import annotations

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.errors import mapped_errors

PREFIX = "ssm:"


def resolve(clients: Clients, setting: str) -> str:
    """`setting`, or the value of the parameter that it names. Raises ConfigError: no such parameter."""
    if not setting.startswith(PREFIX):
        return setting
    name = setting.removeprefix(PREFIX)
    with mapped_errors("ssm", f"the SSM parameter {name}"):
        value: str = clients.get("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    return value


def write(clients: Clients, name: str, value: str) -> str:
    """Writes the parameter, over an older value. Returns the setting that names it."""
    with mapped_errors("ssm", f"the SSM parameter {name}"):
        clients.get("ssm").put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
    return PREFIX + name
