"""What `stories doctor` says of a server."""

from __future__ import annotations

import socket

import pytest

from pipeline.engines.openai.doctor import examine
from tests.engines.openai.recorded import LM_STUDIO, SERVERS, Recorded
from tests.engines.openai.serving import ModelServer, refused

NOTHING = refused(500, {})


@pytest.mark.parametrize("recorded", SERVERS.values(), ids=list(SERVERS))
def test_a_server_that_has_the_model_passes_with_one_request(recorded: Recorded) -> None:
    with ModelServer(recorded.models, NOTHING) as server:
        finding = examine(f"{server.url}/v1", "mine", "", plain=False)
        assert [received.path for received in server.received] == ["/v1/models"]
    assert (finding.name, finding.passed, finding.todo) == ("writer", True, "")


@pytest.mark.parametrize(("model", "words"), [("another", "not another"), ("", "none is named")])
def test_another_model_or_none_lists_what_the_server_has(model: str, words: str) -> None:
    with ModelServer(LM_STUDIO.models, NOTHING) as server:
        finding = examine(server.url, model, "", plain=False)
    assert finding.passed is False
    assert "has mine, text-embedding-nomic-embed-text-v1.5" in finding.summary
    assert words in finding.summary
    assert "--model" in finding.todo


def test_a_server_without_a_list_is_not_checked() -> None:
    with ModelServer(404, NOTHING) as server:
        assert examine(server.url, "mine", "", plain=False).passed is None


def test_a_wrong_key_and_nobody_there_say_what_to_do() -> None:
    with ModelServer(401, NOTHING) as server:
        finding = examine(server.url, "mine", "sk-0123456789", plain=False)
    assert (finding.passed, finding.todo) == (False, "check STORIES_WRITER_KEY")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        finding = examine(f"http://127.0.0.1:{free.getsockname()[1]}", "mine", "", plain=False)
    assert finding.passed is False
    assert finding.todo == "start it, or check STORIES_WRITER_URL"


def test_a_bad_address_is_a_finding_too() -> None:
    finding = examine("http://gateway.example.com/v1", "mine", "", plain=False)
    assert finding.passed is False
    assert "https://" in finding.todo
