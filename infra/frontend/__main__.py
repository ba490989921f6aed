"""Deploys a stage's page to Amplify Hosting, or takes it down.

Run by the Python of .venv-infra in the project's folder: python -m infra.frontend deploy dev
"""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.frontend import page
from infra.frontend.backend import Backend, allowed_origin
from infra.frontend.hosting import Hosting
from infra.stack import STAGES, RefusedError, caller, stack_name


def report(text: str) -> None:
    """Progress and errors; stdout has the page's address alone."""
    print(text, file=sys.stderr, flush=True)


def deploy(session: Any, options: argparse.Namespace) -> None:
    """Raises RefusedError; whatever can be checked without AWS is checked first."""
    backend = Backend.of(options.api, options.media) if options.api else None
    page.check_built(options.dist)
    report(caller(session))
    backend = backend or Backend.of_stack(session, options.stage)
    hosting = Hosting.of(session, options.stage, report, options.patience)
    address = hosting.deploy(page.zipped(options.dist, backend), page.headers_for(options.headers, backend))
    if not options.api and (allowed := allowed_origin(session, options.stage)) not in ("*", address):
        report(
            f"The API accepts calls from {allowed} only, so this page cannot call it yet: "
            f"make deploy STAGE={options.stage} ENDPOINT=… ORIGIN={address}"
        )
    print(address)


def destroy(session: Any, stage: str, ask: Callable[[str], str]) -> None:
    """Deletes the stage's app if `ask` returns its name. Raises RefusedError."""
    report(caller(session))
    hosting = Hosting.of(session, stage, report)
    app = hosting.find()
    if app is None:
        print(f"There is no page: no Amplify app is called {hosting.name}.")
        return
    print(
        f"This deletes {hosting.name}: the page at {app['defaultDomain']}, its deployments and its domains."
    )
    print("The API and every story stay (make destroy takes the stack down).")
    if ask(f"Type {hosting.name} to continue: ").strip() != hosting.name:
        raise RefusedError("Nothing was deleted.")
    hosting.delete(app)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="infra.frontend", description=(__doc__ or "").partition("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    deploying = verbs.add_parser("deploy", help="upload the built page and wait until it is served")
    deploying.add_argument("--api", help="the API's URL, instead of the stack's output")
    deploying.add_argument("--media", help="the origin of the stories' signed URLs; goes with --api")
    deploying.add_argument("--dist", type=Path, default=page.DIST, help="the built page")
    deploying.add_argument(
        "--headers", type=Path, default=page.HEADERS, help="in Amplify's customHttp.yml format"
    )
    deploying.add_argument("--patience", type=float, default=600, help="seconds for a deployment (600)")
    destroying = verbs.add_parser("destroy", help="delete the page's app, after a question")
    destroying.add_argument("--yes", action="store_true", help="do not ask")
    for verb in (deploying, destroying):
        verb.add_argument("stage", choices=STAGES)
    options = parser.parse_args(arguments)
    if options.verb == "deploy" and bool(options.api) != bool(options.media):
        parser.error("--api and --media go together")
    return options


def main(arguments: list[str]) -> int:
    options = _parse(arguments)
    session = boto3.Session()
    try:
        if options.verb == "deploy":
            deploy(session, options)
        else:
            destroy(session, options.stage, (lambda _: stack_name(options.stage)) if options.yes else input)
    except RefusedError as refusal:
        report(str(refusal))
    except EOFError:
        report("Nothing was deleted: there was no answer.")
    except ClientError as error:
        report(f"AWS refused {error.operation_name}: {error.response['Error']['Message']}")
    except BotoCoreError as error:
        report(f"AWS could not be reached ({error}): run it again, it continues from here.")
    except KeyboardInterrupt:
        report("Stopped: run it again, it continues from here.")
        return 130
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
