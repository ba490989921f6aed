"""The whole cloud path on a laptop, in its own processes: `make aws-local`, `make serve PROFILE=aws`, curl.

curl -> stories serve -> Step Functions -> Lambda handlers -> endpoint, Translate, Polly -> bucket -> URL.
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import soundfile
from mutagen.mp3 import MP3

from tests.command import ROOT

DEMO = '{"context": "a baby sphynx lost in an Egyptian pyramid", "locale": "fr"}'
URL = re.compile(r"http://127\.0\.0\.1:\d+")


@dataclass(frozen=True)
class Cloud:
    """api: address of `stories serve`. aws: address of the local AWS. environ: of who calls it."""

    api: str
    aws: str
    environ: dict[str, str]

    @property
    def requests(self) -> dict[str, int]:
        counted: dict[str, int] = httpx.get(f"{self.aws}/_local/requests").json()
        return counted

    def reset(self) -> None:
        httpx.post(f"{self.aws}/_local/reset")

    def fails(self, operation: str, **fault: Any) -> None:
        httpx.post(f"{self.aws}/_local/faults", json={"operation": operation, **fault}).raise_for_status()

    def until_over(self, path: str) -> dict[str, Any]:
        end = time.monotonic() + 30
        while (view := httpx.get(self.api + path).json())["status"] not in {"done", "failed"}:
            assert time.monotonic() < end, view
            time.sleep(0.1)
        story: dict[str, Any] = view
        return story


@contextmanager
def started(arguments: list[str], says: str, environ: dict[str, str]) -> Iterator[str]:
    """A process until the block ends, and its first line with `says`. Interrupted at the end."""
    running = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert running.stdout
    with running, running.stdout as lines:
        output: list[str] = []
        try:
            for line in iter(lines.readline, ""):
                output.append(line)
                if says in line:
                    break
            else:
                pytest.fail(f"{arguments[0]} ended: {''.join(output)}")
            yield output[-1]
        finally:
            running.send_signal(signal.SIGINT)
            rest = lines.read()
    assert running.returncode in {0, 128 + signal.SIGINT}, rest
    assert "Traceback" not in rest


def exported(path: Path) -> dict[str, str]:
    words = shlex.split(path.read_text("utf-8"))
    return dict(word.split("=", 1) for word in words if word != "export")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running(tmp_path_factory.mktemp("cloud")) as stack:
        yield stack


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Cloud]:
    """The local AWS and the server, both with these settings beside the usual ones."""
    env_file = folder / "aws.env"
    mine = ("STORIES_", "AWS_", "POWERTOOLS_")
    bare = {name: value for name, value in os.environ.items() if not name.startswith(mine)} | settings
    local = ["infra.local_aws", "--backing", "fake", "--port", "0", "--env", str(env_file)]
    serve = ["pipeline.cli", "serve", "--profile", "aws", "--port", "0"]
    with started(local, "In another shell", bare):
        environ = exported(env_file)
        assert not {"STORIES_ATTEMPTS", "STORIES_PROFILE"} & set(environ)  # the handlers' own
        aws = environ["AWS_ENDPOINT_URL_S3"].rstrip("/")
        with started(serve, "Stories at", {**bare, **environ}) as greeting:
            assert environ["STORIES_WORKFLOW"] in greeting
            address = URL.search(greeting)
            assert address
            yield Cloud(address.group(), aws, {**bare, **environ})
    assert not env_file.exists()  # nothing listens there any more


def curl(cloud: Cloud, data: str) -> tuple[int, dict[str, Any]]:
    """The demo's own command, where curl is at hand."""
    header = "Content-Type: application/json"
    if not (curl_path := shutil.which("curl")):
        response = httpx.post(
            cloud.api, content=data, headers={"Content-Type": "application/json"}, timeout=60
        )
        return response.status_code, response.json()
    command = [curl_path, "--silent", "--location", cloud.api, "--header", header, "--data", data]
    done = subprocess.run(
        [*command, "--write-out", "\n%{http_code}"], capture_output=True, text=True, timeout=60, check=True
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def test_curl_of_the_demo_gets_a_french_story_from_the_bucket(cloud: Cloud) -> None:
    cloud.reset()
    status, story = curl(cloud, DEMO)
    assert status == 200, story
    assert (story["locale"], story["status"]) == ("fr", "done")
    assert story["story"].startswith("[fr] ")
    counted = cloud.requests
    assert (counted["StartExecution"], counted["Invoke"]) == (1, 3)
    assert (counted["InvokeEndpointWithResponseStream"], counted["TranslateText"]) == (1 + 4, 1)
    assert counted["SynthesizeSpeech"] == 2 * len(story["segments"])

    sound = httpx.get(story["mp3Url"])
    assert (sound.status_code, sound.headers["content-type"]) == (200, "audio/mpeg")
    assert story["mp3Url"].startswith(cloud.aws)
    tagged = MP3(io.BytesIO(sound.content))
    assert sound.content[:3] == b"ID3"
    assert tagged.tags["TIT2"].text == [story["title"]]
    assert (tagged.info.layer, tagged.info.sample_rate, tagged.info.sketchy) == (3, 24000, False)
    samples, rate = soundfile.read(io.BytesIO(sound.content))
    assert len(samples) / rate == pytest.approx(story["durationMs"] / 1000, abs=0.1)
    assert len(samples) / rate > 10


def test_the_same_curl_gets_its_story_from_a_model_of_bedrock_without_an_endpoint(tmp_path: Path) -> None:
    """Two processes of its own (6 s): the writer is a setting of the whole stack."""
    with running(tmp_path, STORIES_WRITER="bedrock", STORIES_MODEL="us.amazon.nova-lite-v1:0") as cloud:
        status, story = curl(cloud, DEMO)
        assert status == 200, story
        assert (story["locale"], story["status"]) == ("fr", "done")
        assert story["story"].startswith("[fr] ")
        counted = cloud.requests
        assert (counted["StartExecution"], counted["Invoke"]) == (1, 3)
        assert (counted["ConverseStream"], counted["TranslateText"]) == (1 + 4, 1)
        assert "InvokeEndpointWithResponseStream" not in counted
        sound = httpx.get(story["mp3Url"])
        assert (sound.status_code, sound.headers["content-type"]) == (200, "audio/mpeg")
        cloud.fails("ConverseStream", kind="no_access")
        status, problem = curl(cloud, '{"context": "a heron who hums", "locale": "nl"}')
        assert (status, problem["type"]) == (500, "urn:mvp-stories:problem:access-denied")


def test_submitted_story_can_be_polled_until_it_is_done(cloud: Cloud) -> None:
    cloud.reset()
    request = {"context": "a timid walrus who mends kites", "locale": "en-GB"}
    submitted = httpx.post(f"{cloud.api}/stories", json=request)
    assert submitted.status_code == 202
    story = cloud.until_over(submitted.headers["location"])
    assert (story["status"], story["locale"]) == ("done", "en-GB")
    counted = cloud.requests
    assert (counted["StartExecution"], counted.get("TranslateText", 0)) == (1, 0)


def test_persistent_throttling_is_503_with_a_reason(cloud: Cloud) -> None:
    cloud.reset()
    cloud.fails("InvokeEndpointWithResponseStream", kind="throttle", times=None)
    status, problem = curl(cloud, '{"context": "a heron who hums", "locale": "nl"}')
    assert (status, problem["type"]) == (503, "urn:mvp-stories:problem:throttled")
    cloud.reset()


def smoke(cloud: Cloud) -> subprocess.CompletedProcess[str]:
    """As `make smoke` runs it after a deployment."""
    command = [sys.executable, "-m", "infra.smoke", "--url", cloud.api, "--bucket"]
    return subprocess.run(
        [*command, cloud.environ["STORIES_BUCKET"]],
        cwd=ROOT,
        env=cloud.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_smoke_test_passes_with_a_story_its_sound_its_cost_and_a_refusal(cloud: Cloud) -> None:
    cloud.reset()
    done = smoke(cloud)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        *("ok  health", "ok  story", "ok  sound", "ok  cost", "ok  refusal")
    ]
    counted = cloud.requests
    spoken = counted["SynthesizeSpeech"] // 2
    assert f"for {counted['InvokeEndpointWithResponseStream'] + 1 + spoken} calls" in lines[3]
    assert counted["StartExecution"] == 1


def test_smoke_test_fails_with_what_to_do_where_no_story_is_made(cloud: Cloud) -> None:
    cloud.reset()
    cloud.fails("InvokeEndpointWithResponseStream", kind="throttle", times=None)
    done = smoke(cloud)
    cloud.reset()
    assert done.returncode == 1
    assert "NO  story: not made: 503" in done.stdout
    assert "stories doctor --profile aws" in done.stdout
    assert "does not work: story" in done.stderr
