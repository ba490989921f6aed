"""The smoke test of a deployed API: `make smoke STAGE=dev`, or URL=https://… with KEY=, TOKEN= and BUCKET=.

Its health, one new story, the story's mp3 read by mutagen, its cost, the refusal of an unsuitable idea. It
costs what a story costs. Run by the Python of .venv-infra.
"""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.findings import report
from infra.smoke.checks import Smoke
from infra.stack import STAGES, RefusedError, caller, outputs, stack_name
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.s3 import S3Store


def deployed(session: Any, stage: str) -> tuple[str, str, str]:
    """URL, bucket and API key of a stage's stack; "" where it has no key, or we may not read it.

    Raises RefusedError: no credentials, no region, no such stack.
    """
    caller(session)
    values = outputs(session, stack_name(stage))
    key = ""
    if identity := values.get("ApiKeyId"):
        try:
            key = session.client("apigateway").get_api_key(apiKey=identity, includeValue=True)["value"]
        except ClientError as error:
            print(f"the API key could not be read: {error}", file=sys.stderr)
    return values["ApiUrl"], values["BucketName"], key


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Exit status 1 where something failed. SMOKE_KEY, SMOKE_TOKEN: `ps` shows arguments to all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--url", help="the API's, with its stage")
    target.add_argument("--stage", choices=STAGES, help="of a stack in this account")
    parser.add_argument("--bucket", default="", help="of the stories, for the cost")
    options = parser.parse_args(arguments)
    url, bucket, key = options.url, options.bucket, ""
    try:
        if options.stage:
            url, bucket, key = deployed(boto3.Session(), options.stage)
    except RefusedError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    key, token = environ.get("SMOKE_KEY") or key, environ.get("SMOKE_TOKEN", "")
    headers = {name: value for name, value in {"X-Api-Key": key, "Authorization": token}.items() if value}
    store = S3Store(Clients(), bucket) if bucket else None
    failed = report(Smoke(url.rstrip("/") + "/", headers, store).findings())
    if failed:
        names = ", ".join(finding.name for finding in failed)
        print(f"{url} does not work: {names}; see above for what to do", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
