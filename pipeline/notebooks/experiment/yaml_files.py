"""Small YAML files that people write: bounded, without anchors, and wrong in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError

_MOST_BYTES = 64_000  # a prompt with six worked examples has 8,000


def mapping(path: Path) -> dict[str, Any]:
    """Raises ConfigError: no such file, too large, no YAML, an anchor, or no mapping of names to values."""
    import yaml

    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ConfigError(f"{path.name} is larger than {_MOST_BYTES} bytes", problem="bad-setting")
        text = data.decode()
        # An anchor may stand for itself a million times: what is written here is short, so it is written out.
        if any(isinstance(token, yaml.AnchorToken | yaml.AliasToken) for token in yaml.scan(text)):
            raise ConfigError(
                f"{path.name}: anchors (&, *) are not read here: write it out", problem="bad-setting"
            )
        told = yaml.safe_load(text)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", problem="bad-setting") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        where = " ".join(str(error).split())[:200]
        raise ConfigError(f"{path.name} is no YAML: {where}", problem="bad-setting") from error
    if not isinstance(told, dict) or not all(isinstance(name, str) for name in told):
        raise ConfigError(f"{path.name} is to be names and their values", problem="bad-setting")
    return told
