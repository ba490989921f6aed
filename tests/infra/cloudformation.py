"""template.yaml as data, by kind and by name."""

from __future__ import annotations

from typing import Any

from infra.cloudformation import ROOT, template

__all__ = ["ROOT", "properties", "resources", "template", "words"]


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
