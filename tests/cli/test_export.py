"""`stories export`: what is written, and what is refused."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from pipeline.exports import writing
from tests.command import Stories
from tests.exports.provenance.signing import read

IDEA = "a shy snail"


def made_in(stories: Stories, *locales: str) -> str:
    """The id of a story in these languages."""
    arguments = [argument for locale in locales for argument in ("--locale", locale)]
    return str(stories("make", IDEA, "--json", *arguments).manifests[0]["story_id"])


def test_the_only_edition_is_written_by_its_title_and_nothing_else_changes(stories: Stories) -> None:
    story_id = made_in(stories, "fr")
    before = stories.files()
    done = stories("export", story_id[:6], "--format", "vtt")
    assert done.problem == ""
    path = stories.directory / done.out.strip()
    assert path.name.endswith("Little-Lantern.fr.vtt")
    assert path.read_bytes().startswith(b"WEBVTT\n")
    assert "faites par une IA" in done.err
    assert stories.files() == before
    assert [each.name for each in stories.directory.iterdir() if each.is_file()] == [path.name]


def test_the_same_story_gives_the_same_bytes(stories: Stories) -> None:
    story_id = made_in(stories, "en")
    for name in ("one", "two"):
        assert stories("export", story_id, "--format", "vtt", "--file", name).status == 0
    assert (stories.directory / "one").read_bytes() == (stories.directory / "two").read_bytes()


def test_a_file_that_is_there_is_replaced_only_where_that_is_asked_for(stories: Stories) -> None:
    story_id, path = made_in(stories, "en"), stories.directory / "mine.vtt"
    path.write_text("mine")
    arguments = ("export", story_id, "--format", "vtt", "--file", "mine.vtt")
    assert stories(*arguments).problem == "file-exists"
    assert path.read_text() == "mine"
    assert stories(*arguments, "--overwrite").status == 0
    assert path.read_text().startswith("WEBVTT")


def test_a_disk_that_fills_up_leaves_the_file_that_was_there(
    stories: Stories, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    story_id, path = made_in(stories, "en"), stories.directory / "mine.vtt"
    path.write_text("mine")
    monkeypatch.setattr(writing, "_sync", full)
    done = stories("export", story_id, "--format", "vtt", "--file", "mine.vtt", "--overwrite")
    assert done.problem == "unwritable"
    assert "No space left on device" in done.complaints[0]
    assert path.read_text() == "mine"
    assert [each.name for each in stories.directory.iterdir() if each.is_file()] == ["mine.vtt"]


def test_several_editions_are_a_question_of_which(stories: Stories) -> None:
    story_id = made_in(stories, "en", "fr")
    done = stories("export", story_id, "--format", "vtt")
    assert done.problem == "which-locale"
    assert "en, fr: choose by --locale" in done.complaints[0]
    assert stories("export", story_id, "--format", "vtt", "--locale", "fr").status == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--locale", "it"), "not-found"),
        (("--locale", "../../x"), "bad-key"),
        (("--locale", "en", "--locale", "en"), "bad-export"),
        (("--file", "no/such/folder.vtt"), "bad-file"),
        (("--file", "."), "file-exists"),
        (("--file", ".", "--overwrite"), "bad-file"),
    ],
)
def test_what_cannot_be_written_is_refused_with_what_to_do(
    stories: Stories, arguments: tuple[str, ...], problem: str
) -> None:
    story_id = made_in(stories, "en")
    done = stories("export", story_id, "--format", "vtt", *arguments)
    assert done.problem == problem
    assert [each for each in stories.directory.iterdir() if each.is_file()] == []


def test_a_damaged_manifest_is_refused_with_its_remedy(stories: Stories) -> None:
    story_id = made_in(stories, "en")
    path = stories.out / "stories" / story_id / "en" / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b"Lantern", b"Lanterm"))
    done = stories("export", story_id, "--format", "vtt", "--locale", "en")
    assert done.problem == "damaged-record"
    assert f"stories verify {story_id[:8]} --heal" in done.complaints[0]


def test_a_missing_encoder_is_named_with_what_to_do(
    stories: Stories, monkeypatch: pytest.MonkeyPatch
) -> None:
    story_id = made_in(stories, "en")
    monkeypatch.setitem(sys.modules, "av", None)  # type: ignore[arg-type]
    done = stories("export", story_id, "--format", "m4b")
    assert done.problem == "missing-package"
    assert "make setup" in done.complaints[0]
    assert list(stories.directory.glob("*.m4b")) == []


def test_an_export_is_signed_and_says_so_where_its_format_can_be(
    stories: Stories, monkeypatch: pytest.MonkeyPatch
) -> None:
    story_id = made_in(stories, "en")
    export = ("export", story_id, "--format", "mp3", "--overwrite", "--file", "a.mp3")
    done = stories(*export)
    assert done.problem == ""
    assert "Signed as made by AI" in done.err
    state, failures, _ = read((stories.directory / "a.mp3").read_bytes(), "audio/mpeg")
    assert (state, failures) == ("Valid", {"signingCredential.untrusted"})
    assert "igned" not in stories("export", story_id, "--format", "vtt", "--file", "a.vtt").err
    monkeypatch.setitem(sys.modules, "c2pa", None)  # type: ignore[arg-type]
    assert "c2pa-python is not installed (make setup)" in stories(*export).err
    unsigned = stories.environment(STORIES_SIGN="0")
    assert "igned" not in stories(*export, env=unsigned).err
    once = (stories.directory / "a.mp3").read_bytes()
    assert stories(*export, env=unsigned).status == 0
    assert (stories.directory / "a.mp3").read_bytes() == once


def test_the_help_names_the_formats_and_teaches_by_examples(stories: Stories) -> None:
    text = stories("export", "--help").out
    assert "stories export 4f1c --format vtt --locale fr" in text
    assert Path(__file__).name not in text


def test_two_languages_are_a_book_side_by_side(stories: Stories) -> None:
    story_id = made_in(stories, "en", "fr")
    done = stories("export", story_id, "--format", "epub", "--locale", "en", "--locale", "fr")
    assert done.problem == ""
    path = stories.directory / done.out.strip()
    assert path.name.endswith("Little-Lantern.en-fr.epub")
    assert path.read_bytes()[30:58] == b"mimetypeapplication/epub+zip"
    assert "made by AI" in done.err
    assert "faites par une IA" in done.err


def test_a_book_of_a_damaged_sound_is_not_written(stories: Stories) -> None:
    story_id = made_in(stories, "en")
    (mp3,) = (stories.out / "stories" / story_id / "en").glob("*.mp3")
    mp3.write_bytes(mp3.read_bytes()[:100])
    done = stories("export", story_id, "--format", "epub")
    assert done.problem == "damaged-record"
    assert f"stories make --id {story_id[:8]} --locale en" in done.complaints[0]
    assert list(stories.directory.glob("*.epub")) == []


def test_an_evenings_list_is_one_audiobook(stories: Stories) -> None:
    first = made_in(stories, "en")
    second = str(stories("make", "a boat", "--json").manifests[0]["story_id"])
    done = stories("export", second, first, "--format", "m4b", "--locale", "en", "--file", "evening.m4b")
    assert done.problem == ""
    assert (stories.directory / "evening.m4b").read_bytes()[4:12] == b"ftypM4A "
    assert stories("export", first, second, "--format", "vtt").problem == "bad-export"
