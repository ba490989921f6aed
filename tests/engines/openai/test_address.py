"""Where a server may be, and what its key may be."""

from __future__ import annotations

import pytest

from pipeline.engines.openai.address import address
from pipeline.errors import ConfigError

SECRET = "sk-very-secret-0123"


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434/v1"),
        ("http://localhost:1234/v1/", "http://localhost:1234/v1"),
        (" http://[::1]:8080/v1/chat/completions ", "http://[::1]:8080/v1"),
        ("http://192.168.1.20:8000/v1/models", "http://192.168.1.20:8000/v1"),
        ("http://ollama:11434/v1", "http://ollama:11434/v1"),
        ("http://mac.local:11434/v1", "http://mac.local:11434/v1"),
        ("https://gateway.example.com/openai/v1", "https://gateway.example.com/openai/v1"),
    ],
)
def test_the_base_of_an_address(url: str, base: str) -> None:
    assert address(url, SECRET).base == base


@pytest.mark.parametrize(
    "host", ["gateway.example.com", "8.8.8.8", "[2001:4860:4860::8888]", "127.0.0.1.example.com"]
)
def test_plain_http_leaves_the_private_network_only_where_a_person_says_so(host: str) -> None:
    with pytest.raises(ConfigError, match=r"https://.*STORIES_WRITER_HTTP=1") as caught:
        address(f"http://{host}/v1", SECRET)
    assert caught.value.problem == "plain-http"
    assert address(f"http://{host}/v1", SECRET, plain=True).base == f"http://{host}/v1"


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:11434",
        "ftp://127.0.0.1/v1",
        "http://",
        "http://127.0.0.1:port/v1",
        f"https://me:{SECRET}@gateway.example.com/v1",
        f"https://gateway.example.com/v1?key={SECRET}",
        "http://[::1/v1",
    ],
)
def test_what_is_no_base_is_an_error_that_names_the_variable_and_shows_no_secret(url: str) -> None:
    with pytest.raises(ConfigError, match="STORIES_WRITER_URL") as caught:
        address(url)
    assert caught.value.problem == "bad-setting"
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("key", [f"{SECRET}\nX-Evil: 1", f"{SECRET} x", f"{SECRET}é"])
def test_a_key_that_no_header_can_hold_is_an_error_that_does_not_show_it(key: str) -> None:
    with pytest.raises(ConfigError, match="STORIES_WRITER_KEY") as caught:
        address("http://127.0.0.1:1", key)
    assert SECRET not in str(caught.value)


def test_a_key_is_sent_and_never_shown() -> None:
    place = address("http://127.0.0.1:1", f" {SECRET}\n")
    assert place.headers == {"Authorization": f"Bearer {SECRET}"}
    assert SECRET not in repr(place)
    assert address("http://127.0.0.1:1").headers == {}
