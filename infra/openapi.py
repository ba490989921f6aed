"""Writes infra/openapi.yaml from the API's routes (`make openapi`), or checks it (`make lint`)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml

from pipeline.api.gateway import Api
from pipeline.api.in_process.runner import InProcess
from pipeline.api.openapi import document
from pipeline.api.service import OnDemand
from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.engines.fake import MemoryStore

_FILE = Path(__file__).with_name("openapi.yaml")
_HEAD = "# Made by `make openapi` from pipeline/api: change that, not this.\n"


def render() -> str:
    """The document as YAML; no engine is loaded."""
    app = build_app(Settings(profile="fake"), MemoryStore())
    api = Api(OnDemand(app, InProcess(app)), wait=0)
    return _HEAD + yaml.safe_dump(document(api.resolver), sort_keys=False, allow_unicode=True, width=110)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python infra/openapi.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only check that the file is current")
    options = parser.parse_args(arguments)
    text = render()
    if not options.check:
        _FILE.write_text(text, "utf-8")
        return 0
    if _FILE.is_file() and _FILE.read_text("utf-8") == text:
        return 0
    sys.stderr.write("infra/openapi.yaml differs from pipeline/api: run `make openapi`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
