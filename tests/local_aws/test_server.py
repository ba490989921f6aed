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
from itertools import takewhile
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest

from tests.command import ROOT
from tests.local_aws import Fault, LocalAws


def test_another_shell_has_all_that_boto3_needs(tmp_path: Path) -> None:
    env_file = tmp_path / "aws.env"
    command = [
        sys.executable,
        "-m",
        "tests.local_aws",
        "--backing",
        "fake",
        "--port",
        "0",
        "--env",
        str(env_file),
    ]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert running.stdout
        printed = "".join(takewhile(lambda line: not line.startswith("#"), running.stdout))
        script = f'. {env_file}; exec "{sys.executable}" -c "{SHELL}"'
        bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        done = subprocess.run(["sh", "-c", script], env=bare, capture_output=True, text=True, timeout=120)
    finally:
        running.send_signal(signal.SIGINT)
        _, complaints = running.communicate(timeout=30)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["[nl] Hello", "stories-local", "123456789012"]
    assert env_file.read_text("utf-8") in printed
    assert (running.returncode, complaints) == (0, "")


def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "tests.local_aws", "--backing", "fake", "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert f"port {port}" in done.stderr
    assert "--port" in done.stderr


SHELL = """
import boto3, json, os
asked = dict(Text='Hello', SourceLanguageCode='en', TargetLanguageCode='nl')
translated = boto3.client('translate').translate_text(**asked)
buckets = boto3.client('s3').list_buckets()['Buckets']
account = boto3.client('sts').get_caller_identity()['Account']
print(json.dumps([translated['TranslatedText'], buckets[0]['Name'], account]))
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
