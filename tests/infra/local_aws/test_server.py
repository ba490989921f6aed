"""The command as another shell uses it; starting and stopping."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest

from infra.local_aws import Fault, LocalAws, __main__
from infra.local_aws.__main__ import greeting, kept
from tests.command import ROOT

LAST = '#   make story PROFILE=aws CONTEXT="a shy snail" LOCALE=fr  without them\n'
CLIENT = """
import boto3, json, os
text = dict(Text='Hello', SourceLanguageCode='en', TargetLanguageCode='nl')
translation = boto3.client('translate').translate_text(**text)
buckets = boto3.client('s3').list_buckets()['Buckets']
account = boto3.client('sts').get_caller_identity()['Account']
flow = boto3.client('stepfunctions').describe_state_machine(stateMachineArn=os.environ['STORIES_WORKFLOW'])
print(json.dumps([translation['TranslatedText'], buckets[0]['Name'], account, flow['name']]))
""".strip().replace("\n", "; ")


def test_another_shell_reads_the_environment_of_a_file_that_is_removed_at_the_end(tmp_path: Path) -> None:
    env_file = tmp_path / "aws.env"
    command = [
        sys.executable,
        "-m",
        "infra.local_aws",
        "--backing",
        "fake",
        "--port",
        "0",
        "--env",
        str(env_file),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        lines = list(iter(process.stdout.readline, LAST))
        bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        script = f'. {env_file}\nexec "{sys.executable}" -c "{CLIENT}"'
        done = subprocess.run(["sh", "-c", script], env=bare, capture_output=True, text=True, timeout=120)
    finally:
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["[nl] Hello", "stories-local", "123456789012", "MvpStoriesWorkflow"]
    assert (process.returncode, output, errors) == (0, "", "")
    assert re.search(r"backed by fake engines, listens on http://127\.0\.0\.1:\d+", lines[0])
    assert lines[1].rstrip().endswith(f". {env_file}")
    assert not env_file.exists()


def test_the_greeting_is_shell_comments_with_a_path_that_a_shell_accepts(aws: LocalAws) -> None:
    assert ". ./.aws-local.env\n" in greeting(aws, Path(".aws-local.env"))
    assert all(line.startswith("#") for line in greeting(aws, None).splitlines())  # exports follow


def test_an_environment_file_that_another_process_replaced_stays(tmp_path: Path) -> None:
    with kept(tmp_path / "own.env", "export A=1\n"):
        assert (tmp_path / "own.env").read_text("utf-8") == "export A=1\n"
        (tmp_path / "own.env").write_text("export A=2\n", "utf-8")
    assert (tmp_path / "own.env").read_text("utf-8") == "export A=2\n"


def test_a_port_in_use_is_reported_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert __main__.main(["--backing", "fake", "--port", str(port)]) == 1
    output = capsys.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1)
    assert f"port {port}" in output.err
    assert "--port" in output.err


def test_a_hanging_request_does_not_keep_the_server_from_stopping() -> None:
    with LocalAws("fake") as aws:
        aws.inject("DescribeVoices", Fault("hang", seconds=600))
        url = urlsplit(aws.url)
        hanging = socket.create_connection((url.hostname, url.port), timeout=30)
        hanging.sendall(b"GET /_polly/v1/voices HTTP/1.1\r\nHost: local\r\n\r\n")
        while not aws.requests("DescribeVoices"):
            threading.Event().wait(0.01)
    with hanging:
        assert hanging.recv(1) == b""
    for port in (url.port, urlsplit(aws.account.moto).port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((url.hostname, port), timeout=5).close()


def test_every_other_service_is_motos_and_no_request_leaves_the_machine(aws: LocalAws) -> None:
    urls = {name: url for name, url in aws.environment.items() if name.startswith("AWS_ENDPOINT_URL")}
    assert all(re.match(r"http://127\.0\.0\.1:\d+", url) for url in urls.values())
    queue = boto3.client("sqs")  # by the environment alone
    assert queue.list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
    queue.close()
