"""template.yaml as data: CloudFormation's short tags become their long forms."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


class _Loader(yaml.SafeLoader):
    pass


def _long(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt":
        value = value.split(".", 1)
    return {tag if tag == "Ref" else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _long)


@cache
def template() -> dict[str, Any]:
    content: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text("utf-8"), _Loader)  # a SafeLoader
    return content


def resources(kind: str = "") -> dict[str, dict[str, Any]]:
    return {
        name: resource
        for name, resource in template()["Resources"].items()
        if resource["Type"].startswith(kind or "AWS")
    }


def properties(name: str) -> dict[str, Any]:
    values: dict[str, Any] = template()["Resources"][name]["Properties"]
    return values


def words(value: str | list[str]) -> list[str]:
    """IAM accepts a string in place of a list with one item."""
    return [value] if isinstance(value, str) else value
