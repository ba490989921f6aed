"""YAML files that people write, read into pydantic models: small, without anchors, errors in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.errors import ConfigError

_MAX_BYTES = 64_000  # a prompt with six worked examples has 8,000


class Strict(BaseModel):
    """Unknown names and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


_Model = TypeVar("_Model", bound=Strict)


def load(path: Path, model: type[_Model]) -> _Model:
    """Raises ConfigError "bad-setting": no such file, too large, no YAML, an anchor, or unfit values."""
    import yaml

    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise bad_setting(f"{path.name} is larger than {_MAX_BYTES} bytes")
        text = data.decode()
        # A chain of aliases expands to millions of values.
        if any(isinstance(token, yaml.AnchorToken | yaml.AliasToken) for token in yaml.scan(text)):
            raise bad_setting(f"{path.name}: anchors (&, *) are not supported: repeat the value")
        content = yaml.safe_load(text)
    except OSError as error:
        raise bad_setting(f"cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise bad_setting(f"{path.name} is no YAML: {' '.join(str(error).split())[:200]}") from error
    return validated(path.name, content, model)


def validated(source: str, content: Any, model: type[_Model]) -> _Model:
    """source: where the content comes from. Raises ConfigError "bad-setting": every finding, in one line."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise bad_setting(f"{source}: {_in_words(error, model)}") from error


def bad_setting(message: str) -> ConfigError:
    return ConfigError(message, problem="bad-setting")


def _in_words(error: ValidationError, model: type[Strict]) -> str:
    """The findings, without the values: these may be long."""
    findings = []
    for finding in error.errors(include_url=False, include_input=False):
        place = ".".join(map(str, finding["loc"]))[:60]
        message = finding["msg"].removeprefix("Value error, ")
        if finding["type"] == "extra_forbidden":
            message = f"not known here; known: {', '.join(model.model_fields)}"
        elif finding["type"] == "string_type":
            message = "is no text: put it in quotes"
        findings.append(f"{place}: {message}" if place else message)
    return "; ".join(findings)
