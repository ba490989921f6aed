"""template.yaml as data: CloudFormation's short tags become their long forms, and its functions values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
_NO_VALUE = "AWS::NoValue"
_IN_TEXT = re.compile(r"\$\{([\w:.]+)\}")


# libyaml's, where PyYAML was built with it: ten times as fast.
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(SAFE_LOADER):  # type: ignore[misc, valid-type]
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
def template(name: str = "template.yaml") -> dict[str, Any]:
    """name: the file's, from the project's folder."""
    content: dict[str, Any] = yaml.load((ROOT / name).read_text("utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    return content


def resolved(value: Any, names: Mapping[str, str], file: str = "template.yaml") -> Any:
    """Without CloudFormation's functions. Raises KeyError: one, or a name, that this does not know.

    names: what Ref, GetAtt and Sub give; file: whose conditions count.
    """
    match value:
        case {"Ref": name}:
            return names[name]
        case {"Fn::GetAtt": [name, attribute]}:
            return names[f"{name}.{attribute}"]
        case {"Fn::Sub": str(text)}:
            return _IN_TEXT.sub(lambda match: names[match[1]], text)
        case {"Fn::Sub": [str(text), dict(more)]}:
            return resolved({"Fn::Sub": text}, {**names, **resolved(more, names, file)}, file)
        case {"Fn::Split": [str(separator), text]}:
            return resolved(text, names, file).split(separator)
        case {"Fn::Select": [index, items]}:
            return resolved(items, names, file)[int(index)]
        case {"Fn::If": [condition, met, unmet]}:
            return resolved(met if is_met(condition, names, file) else unmet, names, file)
        case dict():
            if unknown := [name for name in value if name.startswith("Fn::")]:
                raise KeyError(unknown[0])
            return {name: resolved(item, names, file) for name, item in value.items()}
        case list():
            return [item for each in value if (item := _item(each, names, file)) is not None]
    return value


def is_met(condition: str, names: Mapping[str, str], file: str = "template.yaml") -> bool:
    """Whether a condition of the file holds. Raises KeyError, as resolved()."""
    return _is_met({"Fn::Condition": condition}, names, file)


def _item(value: Any, names: Mapping[str, str], file: str) -> Any:
    """None for one that is left out."""
    return resolved(value, {**names, _NO_VALUE: ""}, file) or None


def _is_met(condition: Any, names: Mapping[str, str], file: str) -> bool:
    match condition:
        case {"Fn::Condition": name}:
            return _is_met(template(file)["Conditions"][name], names, file)
        case {"Fn::Not": [inner]}:
            return not _is_met(inner, names, file)
        case {"Fn::And": list(parts)}:
            return all(_is_met(part, names, file) for part in parts)
        case {"Fn::Equals": [first, second]}:
            return bool(resolved(first, names) == resolved(second, names))
    raise KeyError(f"a condition that is not understood: {condition}")
