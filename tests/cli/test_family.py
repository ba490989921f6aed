"""delete, unpublish and pin on the fake profile."""

from __future__ import annotations

import getpass
import io
import sys

import pytest

from pipeline.engines.embedded.files import FileStore
from pipeline.storage import family, pin, shelf
from tests.command import Stories


def test_a_story_is_deleted_once_a_person_says_so(stories: Stories, monkeypatch: pytest.MonkeyPatch) -> None:
    (manifest,) = stories("make", "a shy snail", "--json").manifests
    start = manifest["story_id"][:8]
    before = stories.files()
    assert "--yes" in stories("delete", start).err
    for answer in ("", "n\n", "why?\n"):
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        done = stories("delete", start)
        assert manifest["title"] in done.err
        assert done.status == 5
    assert stories.files() == before
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    assert f"{start} is gone" in stories("delete", start).err
    assert stories.files() == []
    assert stories("delete", start, "--yes").status == 12


def test_a_published_story_is_taken_back_and_published_again(stories: Stories) -> None:
    stories("make", "a shy snail", "--locale", "en", "--locale", "fr")
    store = FileStore(stories.out)
    start = stories("list").out.splitlines()[-1].split()[0]
    for command, listed in (("publish", ["en", "fr"]), ("unpublish", []), ("publish", ["en", "fr"])):
        assert stories(command, start).status == 0
        assert [card.locale for card in shelf.page(store).cards] == listed
    stories("unpublish", start, "--locale", "fr")
    assert [card.locale for card in shelf.page(store).cards] == ["en"]


def test_the_list_begins_with_the_newest_of_the_shelf(stories: Stories) -> None:
    ids = [
        stories("make", idea, "--json").manifests[0]["story_id"]
        for idea in ("a shy snail", "a brave hen at sea", "two owls in love")
    ]
    for number, story_id in enumerate(ids[:2]):
        family.add(FileStore(stories.out), family.HOME, story_id, "en", 1_800_000_000 + number)
    listed = [line.split()[0] for line in stories("list").out.splitlines()[-3:]]
    assert listed == [ids[1][:12], ids[0][:12], ids[2][:12]]


def test_the_pin_is_chosen_without_an_echo_and_cleared(
    stories: Stories, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileStore(stories.out)
    typed = iter(["2580", "2581", "12", "12", "2580", "2580"])
    monkeypatch.setattr(getpass, "getpass", lambda _: next(typed))
    for problem in ("not the same", "4 to 8 digits", ""):
        done = stories("pin", "set")
        assert (problem in done.err, done.status) == (True, 5 if problem else 0)
        assert "2580" not in done.out + done.err
    assert pin.matches(store, "2580")
    assert stories("pin", "clear").status == 0
    assert not pin.is_set(store)
    assert "not for --profile aws" in stories("pin", "set", "--profile", "aws").err
