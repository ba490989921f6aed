"""The command as another shell sees it, and a start and stop that leave nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from infra.local_aws import Fault, LocalAws
from infra.local_aws.__main__ import greeting, kept
from tests.command import ROOT

# The greeting ends with it.
LAST = '#   make story PROFILE=aws CONTEXT="a shy snail" LOCALE=fr  without them\n'
COMMAND = [sys.executable, "-m", "infra.local_aws", "--backing", "fake", "--port", "0"]


@contextmanager
def running(*arguments: str) -> Iterator[list[str]]:
    """The command until the block ends, and what it said when it was ready; then it ends well on Ctrl-C."""
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stderr
    with process, process.stdout, process.stderr:
        told: list[str] = []
        try:
            told += iter(process.stdout.readline, LAST)
            yield told
        finally:
            process.send_signal(signal.SIGINT)
            rest, complaints = process.stdout.read(), process.stderr.read()
    assert (process.returncode, rest, complaints) == (0, "", "")


def in_a_shell(script: str, home: Path) -> Any:
    """What a Python program prints as JSON in a shell that has read nothing but `script`."""
    bare = {"PATH": os.environ["PATH"], "HOME": str(home)}
    command = f'{script}\nexec "{sys.executable}" -c "{SHELL}"'
    done = subprocess.run(["sh", "-c", command], env=bare, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_another_shell_has_all_that_boto3_needs_by_a_file_that_ends_with_it(tmp_path: Path) -> None:
    env_file = tmp_path / "aws.env"
    with running("--env", str(env_file)) as told:
        assert in_a_shell(f". {env_file}", tmp_path) == HEARD
        exports = env_file.read_text("utf-8")
    first, how, serve = map(str.rstrip, told)
    assert re.search(r"backed by fake engines, listens on http://127\.0\.0\.1:\d+", first)
    assert how.endswith(f". {env_file}")
    assert "make serve PROFILE=aws" in serve
    assert "export STORIES_WORKFLOW=arn:aws:states:" in exports
    assert not env_file.exists()


def test_a_file_in_this_folder_is_named_as_a_shell_finds_it(aws: LocalAws) -> None:
    assert ". ./.aws-local.env\n" in greeting(aws, Path(".aws-local.env"))
    assert all(line.startswith("#") for line in greeting(aws, None).splitlines())  # exports follow


def test_a_file_that_another_one_has_written_since_stays(tmp_path: Path) -> None:
    with kept(tmp_path / "own.env", "export A=1\n"):
        assert (tmp_path / "own.env").read_text("utf-8") == "export A=1\n"
    assert not (tmp_path / "own.env").exists()
    with kept(tmp_path / "own.env", "export A=1\n"):
        (tmp_path / "own.env").write_text("export A=2\n", "utf-8")
    assert (tmp_path / "own.env").read_text("utf-8") == "export A=2\n"


def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "infra.local_aws", "--backing", "fake", "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert f"port {port}" in done.stderr
    assert "--port" in done.stderr


HEARD = ["[nl] Hello", "stories-local", "123456789012", "MvpStoriesWorkflow"]
SHELL = """
import boto3, json, os
asked = dict(Text='Hello', SourceLanguageCode='en', TargetLanguageCode='nl')
translated = boto3.client('translate').translate_text(**asked)
buckets = boto3.client('s3').list_buckets()['Buckets']
account = boto3.client('sts').get_caller_identity()['Account']
flow = boto3.client('stepfunctions').describe_state_machine(stateMachineArn=os.environ['STORIES_WORKFLOW'])
print(json.dumps([translated['TranslatedText'], buckets[0]['Name'], account, flow['name']]))
""".strip().replace("\n", "; ")


def test_a_hanging_request_does_not_keep_it_from_stopping() -> None:
    with LocalAws("fake") as aws:
        aws.inject("DescribeVoices", Fault("hang", seconds=600))
        where = urlsplit(aws.url)
        hanging = socket.create_connection((where.hostname, where.port), timeout=30)
        hanging.sendall(b"GET /_polly/v1/voices HTTP/1.1\r\nHost: local\r\n\r\n")
        waited = threading.Event()
        while not aws.requests("DescribeVoices"):
            waited.wait(0.01)
    with hanging:
        assert hanging.recv(1) == b""
    for port in (where.port, urlsplit(aws.account.moto).port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((where.hostname, port), timeout=5).close()


def test_whatever_has_no_endpoint_of_its_own_goes_to_moto_and_never_out(aws: LocalAws) -> None:
    named = {name: url for name, url in aws.environment.items() if name.startswith("AWS_ENDPOINT_URL")}
    assert all(re.match(r"http://127\.0\.0\.1:\d+", url) for url in named.values())
    queue = boto3.client("sqs")  # by the environment alone
    assert queue.list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
    queue.close()


def test_a_fault_for_an_operation_that_is_not_there_is_a_mistake_of_the_test(aws: LocalAws) -> None:
    with pytest.raises(ValueError, match="unknown operation"):
        aws.inject("TranslatePoem", Fault("throttle"))
    with pytest.raises(ValueError, match="has no fault"):
        aws.inject("TranslateText", Fault("model_not_ready"))
