"""Puts a stage's page on Amplify Hosting, or takes it off.

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
from infra.frontend.backend import Backend, allowed_origin, backend_of
from infra.frontend.hosting import Hosting, Pace
from infra.stack import STAGES, RefusedError, caller, stack_of


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def deploy(session: Any, told: argparse.Namespace) -> None:
    """Raises RefusedError. What can be found wrong without AWS is said before AWS is asked."""
    backend = Backend.of(told.api, told.media) if told.api else None
    page.check_built(told.dist)
    _say(caller(session))
    backend = backend or backend_of(session, told.stage)
    hosting = Hosting.of(session, told.stage, _say, Pace(patience=told.patience))
    address = hosting.deploy(page.packed(told.dist, backend), page.headers_for(told.headers, backend))
    if not told.api:
        _warn(allowed_origin(session, told.stage), address, told.stage)
    print(address)


def _warn(allowed: str, address: str, stage: str) -> None:
    if allowed not in ("*", address):
        _say(
            f"The API lets only {allowed} call it, so this page cannot yet: "
            f"make deploy STAGE={stage} ENDPOINT=… ORIGIN={address}"
        )


def destroy(session: Any, stage: str, ask: Callable[[str], str]) -> None:
    """Deletes the stage's app if `ask` is answered with its name. Raises RefusedError."""
    _say(caller(session))
    hosting = Hosting.of(session, stage, _say, Pace())
    app = hosting.found()
    if app is None:
        print(f"There is no page: no Amplify app is called {hosting.name}.")
        return
    print(f"{hosting.name} goes: the page at {app['defaultDomain']}, its deployments and its domains.")
    print("What stays: the API and every story (make destroy takes the stack down).")
    if ask(f"Type {hosting.name} to go on: ").strip() != hosting.name:
        raise RefusedError("Nothing was deleted.")
    hosting.delete(app)


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="infra.frontend", description=(__doc__ or "").partition("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    putting = verbs.add_parser("deploy", help="upload the built page and wait until it is served")
    putting.add_argument("--api", help="the API's URL, instead of what the stage's stack says")
    putting.add_argument("--media", help="the origin of the stories' signed URLs; goes with --api")
    putting.add_argument("--dist", type=Path, default=page.DIST, help="the built page")
    putting.add_argument(
        "--headers", type=Path, default=page.HEADERS, help="in Amplify's customHttp.yml format"
    )
    putting.add_argument("--patience", type=float, default=600, help="seconds for a deployment (600)")
    taking = verbs.add_parser("destroy", help="take the page off, after a question")
    taking.add_argument("--yes", action="store_true", help="ask nothing")
    for verb in (putting, taking):
        verb.add_argument("stage", choices=STAGES)
    told = parser.parse_args(arguments)
    if told.verb == "deploy" and bool(told.api) != bool(told.media):
        parser.error("--api and --media go together")
    return told


def main(arguments: list[str]) -> int:
    told = _asked(arguments)
    session = boto3.Session()
    try:
        if told.verb == "deploy":
            deploy(session, told)
        else:
            destroy(session, told.stage, (lambda _: stack_of(told.stage)) if told.yes else input)
    except RefusedError as refusal:
        _say(str(refusal))
    except EOFError:
        _say("Nothing was deleted: nobody answered.")
    except ClientError as error:
        _say(f"AWS refused {error.operation_name}: {error.response['Error']['Message']}")
    except BotoCoreError as error:
        _say(f"AWS could not be asked ({error}): run it again, it goes on from here.")
    except KeyboardInterrupt:
        _say("Stopped: run it again, it goes on from here.")
        return 130
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
