"""A writer of one's own choice, by the command: a story, the doctor, and the key that nothing shows."""

from __future__ import annotations

import logging

import pytest

from pipeline.engines.fake import FakeText
from pipeline.types import Prompt
from tests.command import Stories
from tests.engines.loopback import Request
from tests.engines.openai.recorded import LM_STUDIO, chunk, events
from tests.engines.openai.serving import ModelServer, refused

KEY = "sk-very-secret-0123"


def write(request: Request) -> None:
    """As the fake writer would, and yes to every question."""
    body = request.received.json
    if "logprobs" in body:
        parts = events(chunk({"content": "Yes"}), chunk({}, "stop"))
    else:
        text = FakeText().complete(Prompt("p@1", "", body["messages"][-1]["content"])).text
        parts = events(
            *(chunk({"content": line}) for line in text.splitlines(keepends=True)), chunk({}, "stop")
        )
    request.stream(parts, kind="text/event-stream")


def environment(stories: Stories, server: ModelServer) -> dict[str, str]:
    return stories.environment(STORIES_WRITER_URL=server.url, STORIES_WRITER_KEY=KEY)


def test_a_server_writes_and_judges_a_story_of_any_profile(
    stories: Stories, caplog: pytest.LogCaptureFixture
) -> None:
    with ModelServer(LM_STUDIO.models, write) as server, caplog.at_level(logging.DEBUG):
        env = environment(stories, server)
        done = stories("make", "a shy snail", "--locale", "fr", "--model", "mine", "--json", env=env)
        requests = len(server.completions)
        again = stories("make", "a shy snail", "--locale", "fr", "--model", "mine", "--json", env=env)
        assert len(server.completions) == requests
    assert done.problem == again.problem == ""
    (manifest,) = done.manifests
    assert manifest["engines"]["text"] == "openai/mine/1"
    assert requests == 5  # the story, and the judge's four questions
    assert all(received.headers["authorization"] == f"Bearer {KEY}" for received in server.received)
    shown = [done.out, done.err, caplog.text, *(path.read_text("latin-1") for path in _files(stories))]
    assert not any(KEY in text for text in shown)


def _files(stories: Stories) -> list:
    return [path for path in stories.directory.rglob("*") if path.is_file()]


def test_the_doctor_asks_the_server(stories: Stories) -> None:
    with ModelServer(LM_STUDIO.models, refused(500, {})) as server:
        env = environment(stories, server)
        assert "answers and has mine" in stories("doctor", "--model", "mine", env=env).out
        other = stories("doctor", "--model", "another", env=env)
    assert other.problem == "not-ready"
    assert "not another" in other.out


def test_a_refused_key_ends_the_command_with_what_to_do(stories: Stories) -> None:
    with ModelServer(401, refused(500, {})) as server:
        done = stories("make", "a shy snail", "--model", "mine", env=environment(stories, server))
    assert done.problem == "bad-credentials"
    assert "STORIES_WRITER_KEY" in done.err
    assert KEY not in done.err + done.out
