"""`stories feed`: addresses are made, listed and revoked."""

from __future__ import annotations

import re

from tests.command import Stories


def test_a_feed_is_made_listed_and_revoked(stories: Stories) -> None:
    done = stories("feed", "new", "--locale", "fr-BE", "--base", "http://192.168.1.20:8000/")
    assert done.problem == ""
    match = re.fullmatch(r"http://192\.168\.1\.20:8000/feeds/([0-9a-f]{32})\.xml", done.out.strip())
    assert match
    listed = stories("feed", "list").out.split()
    assert listed[-2:] == ["fr", f"http://127.0.0.1:8000/feeds/{match[1]}.xml"]
    assert stories("feed", "revoke", match[1][:8]).problem == ""
    assert "no feeds yet" in stories("feed", "list").err
    assert stories("feed", "revoke", match[1][:8]).problem == "not-found"


def test_a_language_that_is_not_there_has_no_feed(stories: Stories) -> None:
    assert stories("feed", "new", "--locale", "tlh").problem == "unknown-locale"


def test_a_bucket_has_no_feeds_here(stories: Stories) -> None:
    done = stories("feed", "list", "--profile", "aws")
    assert done.problem == "config"
    assert "this machine's folder" in done.complaints[0]


def test_the_help_says_that_an_address_is_a_secret(stories: Stories) -> None:
    assert "stories feed revoke 4f1c" in stories("feed", "--help").out
