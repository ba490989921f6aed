"""Asks AWS about a stage's stack: the caller's identity, the stack's outputs, and its deletion.

Run by the Python of .venv-infra, which has boto3, and sam beside it.
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


class RefusedError(Exception):
    """Something that a person must correct or decide first; the message says how."""


def caller(session: Any) -> str:
    """The account, region and identity, as text. Raises RefusedError: no credentials, or no region."""
    if not session.region_name:
        raise RefusedError("No AWS region is set: export AWS_DEFAULT_REGION=eu-west-1, or your endpoint's.")
    try:
        identity = session.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise RefusedError(
            f"AWS does not accept the credentials ({error}). Set them: export AWS_PROFILE=…, after "
            "`aws sso login` or `aws configure`."
        ) from error
    user = identity["Arn"].rpartition(":")[2]
    return f"account {identity['Account']}, region {session.region_name}, as {user}"


def stack_name(stage: str) -> str:
    return f"mvp-stories-{stage}"


def outputs(session: Any, stack: str) -> dict[str, str]:
    """The stack's outputs by key. Raises RefusedError: it does not exist."""
    try:
        stacks = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        message = error.response["Error"]["Message"]
        raise RefusedError(f"{stack} in {session.region_name}: {message}") from error
    return {item["OutputKey"]: item["OutputValue"] for item in stacks[0].get("Outputs", ())}


def confirm(name: str, ask: Callable[[str], str] = input) -> None:
    """Asks for the name of what is deleted. Raises RefusedError: another answer, or none."""
    try:
        answer = ask(f"Type {name} to continue: ")
    except EOFError:
        answer = ""
    if answer.strip() != name:
        raise RefusedError("Nothing was deleted.")


def destroy(
    session: Any, stage: str, with_bucket: bool, ask: Callable[[str], str], delete: Callable[[str], None]
) -> None:
    """Deletes a stage's stack with `delete`, if `ask` returns the stack's name. Raises RefusedError."""
    if with_bucket and stage != "dev":
        raise RefusedError("The bucket is deleted with the stack in dev only: delete prod's by hand.")
    stack = stack_name(stage)
    print(caller(session))
    values = outputs(session, stack)
    bucket, users = values.get("BucketName"), values.get("UserPoolId")
    print(f"This deletes {stack}: its API, functions, state machine, roles, logs, alarms and budget.")
    if bucket:
        stories = f"the bucket {bucket} with every story in it"
        print(
            f"This deletes {stories}, and every version, for ever." if with_bucket else f"Stays: {stories}."
        )
    if users:
        print(f"Stays: the user pool {users} with its users.")
    print("Stays: the role by which API Gateway writes logs; the account's stacks share it.")
    print("The SageMaker endpoint is not part of it and costs by the hour: its notebook deletes it.")
    confirm(stack, ask)
    delete(stack)
    if bucket and with_bucket:
        remove_bucket(session, bucket)
    elif bucket:
        print(
            f"{bucket} still exists and costs money: S3's console empties it, versions too "
            "(or make destroy STAGE=dev WITH_BUCKET=yes)."
        )


def remove_bucket(session: Any, name: str) -> None:
    """Empties a bucket, versions and delete markers included, and deletes it."""
    bucket = session.resource("s3").Bucket(name)
    bucket.object_versions.delete()
    bucket.delete()


def _sam_delete(stack: str) -> None:
    sam, region = Path(sys.executable).with_name("sam"), str(boto3.Session().region_name)
    subprocess.run(  # noqa: S603
        [sam, "delete", "--stack-name", stack, "--region", region, "--no-prompts"],
        check=True,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0"},
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("caller", help="print the caller's account, region and identity")
    verbs.add_parser("url", help="print the API's URL of a stage").add_argument("stage", choices=STAGES)
    destroying = verbs.add_parser("destroy", help="delete a stage's stack, after a question")
    destroying.add_argument("stage", choices=STAGES)
    destroying.add_argument("--with-bucket", action="store_true", help="dev only: every story too")
    options = parser.parse_args(arguments)
    session = boto3.Session()
    try:
        if options.verb == "caller":
            print(caller(session))
        elif options.verb == "url":
            print(outputs(session, stack_name(options.stage))["ApiUrl"])
        else:
            destroy(session, options.stage, options.with_bucket, input, _sam_delete)
    except RefusedError as refusal:
        print(refusal, file=sys.stderr)
    except subprocess.CalledProcessError:
        print("sam could not delete the stack: its messages are above.", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
