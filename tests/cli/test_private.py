"""Private stories on the command line: made, listed apart, shown, exported, verified, never published."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from pipeline.cli import background
from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import MemoryStore
from pipeline.storage import private
from tests.api.calling import until
from tests.command import Stories
from tests.storage.test_private import committed

IDEA, NAME = "a shell on the beach", "Siobhan"
HERO = ("--hero", NAME, "--sounds", "Shi-vawn")


def test_a_story_with_a_hero_is_private_until_a_day_and_mended_in_its_folder(stories: Stories) -> None:
    done = stories("make", IDEA, *HERO, "--json", "--locale", "en")
    expires = datetime.now(UTC).date() + timedelta(30)
    assert f"private: it is in no list, and deleted after {expires}" in done.err
    (manifest,) = done.manifests
    story_id = manifest["story_id"]
    assert NAME in manifest["title"]
    assert "no stories yet" in stories("list").err
    listed = stories("list", "--private").out
    assert f"{story_id[:12]}  en" in listed
    assert str(expires) in listed
    short = story_id[:8]
    assert NAME in stories("show", short).out
    assert stories("make", "--id", short, "--locale", "fr").status == 0
    assert stories("export", short, "--format", "vtt", "--locale", "fr").status == 0
    assert stories("publish", short).problem == "private-story"
    result = json.loads(stories("verify", "--json").out)
    assert result["faults"] == []
    assert result["objects"] > 20
    (mp3,) = stories.out.glob("private/*/stories/*/fr/*.mp3")
    mp3.write_bytes(b"damaged")
    assert mp3.relative_to(stories.out).as_posix() in stories("verify", story_id).out
    assert stories("verify", "--heal").status == 0
    assert mp3.read_bytes() != b"damaged"
    assert stories("make", "--id", short, "--hero", "Mia").problem == "bad-request"
    assert stories("make", IDEA, "--sounds", "Mee-ah").problem == "bad-request"


def test_the_days_are_a_setting(stories: Stories) -> None:
    env = stories.environment() | {"STORIES_PRIVATE_DAYS": "366"}
    assert stories("make", IDEA, *HERO, env=env).problem == "bad-setting"


def test_a_server_sweeps_at_its_start_and_again(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    store = FileStore(tmp_path)  # type: ignore[arg-type]
    days = iter([date(2026, 12, 29)])
    monkeypatch.setattr(private, "today", lambda: next(days, date(2026, 12, 30)))
    committed(store)
    with background.sweeping(store, every=0.01):
        until(lambda: list(store.list("")), lambda names: not names)


def test_a_bucket_is_not_swept() -> None:
    store = MemoryStore()
    committed(store)
    with background.sweeping(None):
        assert list(store.list("private/"))
