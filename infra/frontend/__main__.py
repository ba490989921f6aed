"""Deploys a stage's page to Amplify Hosting, or takes it down.

Run by the Python of .venv-infra in the project's folder: python -m infra.frontend deploy dev
"""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.frontend import amplify, page
from infra.stack import STAGES, RefusedError, caller, confirm, stack_name

ROOT = Path(__file__).resolve().parents[2]


def deploy(session: Any, options: argparse.Namespace) -> None:
    """Prints the page's address once it is served. Raises RefusedError."""
    amplify.report(caller(session))
    if options.api:
        stage = page.Stage(options.api, [options.media], push=options.push)
    else:
        stage = page.stage_of(session, stack_name(options.stage))
    zip_file = page.zipped(ROOT / "frontend" / "dist", stage)
    headers = page.headers((ROOT / "customHttp.yml").read_text("utf-8"), stage)
    print(amplify.deploy(session.client("amplify"), options.stage, zip_file, headers))


def destroy(session: Any, options: argparse.Namespace) -> None:
    """Deletes the stage's app, if its name is typed. Raises RefusedError."""
    amplify.report(caller(session))
    client, name = session.client("amplify"), stack_name(options.stage)
    app = amplify.find(client, name)
    if app is None:
        print(f"There is no page: no Amplify app is called {name}.")
        return
    print(f"This deletes {name}: the page at {app['defaultDomain']}, its deployments and its domains.")
    print("The API and every story stay (make destroy takes the stack down).")
    if not options.yes:
        confirm(name)
    client.delete_app(appId=app["appId"])


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="infra.frontend", description=(__doc__ or "").partition("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    deploying = verbs.add_parser("deploy", help="upload the built page and wait until it is served")
    deploying.add_argument("--api", help="the API's URL, instead of the stack's output")
    deploying.add_argument("--media", help="the origin of the stories' signed URLs; goes with --api")
    deploying.add_argument("--push", default="", help="the WebSocket API's URL, where there is one")
    destroying = verbs.add_parser("destroy", help="delete the page's app, after a question")
    destroying.add_argument("--yes", action="store_true", help="do not ask")
    for verb, run in ((deploying, deploy), (destroying, destroy)):
        verb.add_argument("stage", choices=STAGES)
        verb.set_defaults(run=run)
    options = parser.parse_args(arguments)
    if options.verb == "deploy" and bool(options.api) != bool(options.media):
        parser.error("--api and --media go together")
    try:
        options.run(boto3.Session(), options)
    except (RefusedError, ClientError, BotoCoreError) as error:
        amplify.report(str(error))
        return 1
    except KeyboardInterrupt:
        amplify.report("Stopped: run it again.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
