"""YAML files that people write, read into pydantic models; errors in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.errors import ConfigError


class Strict(BaseModel):
    """Unknown names and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


_Model = TypeVar("_Model", bound=Strict)


def load(path: Path, model: type[_Model]) -> _Model:
    """Raises ConfigError "bad-setting": no such file, no YAML, or unfit values."""
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise bad_setting(f"cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: not UTF-8, or no such date
        raise bad_setting(f"{path.name} is no YAML: {' '.join(str(error).split())[:200]}") from error
    return validated(path.name, content, model)


def validated(source: str, content: Any, model: type[_Model]) -> _Model:
    """source: where the content comes from. Raises ConfigError "bad-setting": every finding, in one line,
    without the values, which may be long."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        words = {
            "extra_forbidden": f"not known here; known: {', '.join(model.model_fields)}",
            "string_type": "is no text: put it in quotes",
        }
        findings = [
            f"{'.'.join(map(str, item['loc'])) or 'all of it'}: {words.get(item['type'], item['msg'])}"
            for item in error.errors(include_url=False, include_input=False)
        ]
        raise bad_setting(f"{source}: {'; '.join(findings)}") from error


def bad_setting(message: str) -> ConfigError:
    return ConfigError(message, problem="bad-setting")
