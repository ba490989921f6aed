"""What make asks of AWS about a stage's stack: who is calling, and to take the stack down.

Run by the Python of .venv-infra, which has boto3 and sam beside it.
"""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

STAGES = ("dev", "prod")
_STAYS = (
    ("BucketName", "the bucket {} with every story in it"),
    ("UserPoolId", "the user pool {} with its users"),
)
_SHARED = "the role by which API Gateway writes logs, which is the account's"
_EMPTYING = "S3's console empties it, versions too (or make destroy STAGE=dev WITH_BUCKET=yes)"


class RefusedError(Exception):
    """What a person must mend or decide before anything is done; the message says how."""


def caller(session: Any) -> str:
    """The account and region, in words. Raises RefusedError: no credentials, or no region."""
    if not session.region_name:
        raise RefusedError(
            "No AWS region is set: export AWS_DEFAULT_REGION=eu-west-1, or where your endpoint is."
        )
    try:
        told = session.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise RefusedError(
            f"AWS does not know who is calling ({error}). Say so: export AWS_PROFILE=…, after "
            "`aws sso login` or `aws configure`."
        ) from error
    return f"account {told['Account']}, region {session.region_name}, as {told['Arn'].rpartition(':')[2]}"


def stack_of(stage: str) -> str:
    return f"mvp-stories-{stage}"


def outputs(session: Any, stack: str) -> dict[str, str]:
    """What the stack says of itself. Raises RefusedError: there is none."""
    try:
        found = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        raise RefusedError(
            f"{stack} in {session.region_name}: {error.response['Error']['Message']}"
        ) from error
    return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", ())}


def destroy(
    session: Any, stage: str, with_bucket: bool, ask: Callable[[str], str], delete: Callable[[str], None]
) -> None:
    """Takes a stage's stack down by `delete`, if `ask` is answered with its name. Raises RefusedError."""
    if with_bucket and stage != "dev":
        raise RefusedError(
            "A bucket goes with its stack in dev only: what families hear, a person removes by hand."
        )
    stack = stack_of(stage)
    print(caller(session))
    told = outputs(session, stack)
    stays = [words.format(told[key]) for key, words in _STAYS if key in told]
    if with_bucket:
        stays = [words for words in stays if told.get("BucketName", "") not in words]
    print(f"{stack} goes: its API, functions, state machine, roles, logs, alarms and budget.")
    if with_bucket and "BucketName" in told:
        print(f"The bucket {told['BucketName']} goes with every version of every story in it, for ever.")
    for words in (*stays, _SHARED):
        print(f"What stays: {words}.")
    print("The SageMaker endpoint is not part of it and costs by the hour: its notebook takes it down.")
    if ask(f"Type {stack} to go on: ").strip() != stack:
        raise RefusedError("Nothing was deleted.")
    delete(stack)
    if with_bucket and "BucketName" in told:
        remove(session, told["BucketName"])
    elif "BucketName" in told:
        print(f"{told['BucketName']} is still there and is paid for: {_EMPTYING}.")


def remove(session: Any, bucket: str) -> None:
    """Empties a bucket, versions and delete markers too, and deletes it."""
    there = session.resource("s3").Bucket(bucket)
    there.object_versions.delete()
    there.delete()


def _sam_delete(stack: str) -> None:
    sam = Path(sys.executable).with_name("sam")
    region = str(boto3.Session().region_name)
    subprocess.run(  # noqa: S603
        [sam, "delete", "--stack-name", stack, "--region", region, "--no-prompts"],
        check=True,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0"},
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("caller", help="say who is calling AWS, or what is missing for it")
    verbs.add_parser("url", help="print the API's URL of a stage").add_argument("stage", choices=STAGES)
    taking = verbs.add_parser("destroy", help="take a stage's stack down, after a question")
    taking.add_argument("stage", choices=STAGES)
    taking.add_argument("--with-bucket", action="store_true", help="dev only: and every story")
    told = parser.parse_args(arguments)
    session = boto3.Session()
    try:
        if told.verb == "caller":
            print(caller(session))
        elif told.verb == "url":
            print(outputs(session, stack_of(told.stage))["ApiUrl"])
        else:
            destroy(session, told.stage, told.with_bucket, input, _sam_delete)
    except (RefusedError, EOFError) as refusal:
        print(str(refusal) or "Nothing was deleted: nobody answered.", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError:
        print("sam could not delete the stack: its words are above.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
