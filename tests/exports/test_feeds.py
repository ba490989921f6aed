"""Podcast feeds, read by feedparser, a client's library."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import feedparser
import pytest

from pipeline.engines.embedded.files import FileStore
from pipeline.errors import DamagedError, NotFoundError, RequestError
from pipeline.exports.feeds import episodes as of_shelf
from pipeline.exports.feeds import tokens
from pipeline.exports.feeds.chapters import chapters
from pipeline.exports.feeds.episodes import episodes
from pipeline.exports.feeds.rss import Links, rss
from pipeline.exports.transcript import transcript
from pipeline.storage import editions, keys, shelf
from pipeline.types import Manifest
from tests.exports.stored import ARABIC, HOSTILE_TEXTS, HOSTILE_TITLE, ID, manifest, stored

LINKS = Links("http://127.0.0.1:8000/feeds/secret", "http://127.0.0.1:8000/")


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path)


def published(store: FileStore, edition: Manifest, date: int = 1_800_000_000) -> Manifest:
    kept = stored(store, edition)
    shelf.publish(store, kept)
    path = store.path(keys.manifest(kept.story_id, editions.of(kept)))
    os.utime(path, (date, date))
    return kept


def read(store: FileStore, locale: str = "en") -> feedparser.FeedParserDict:
    parsed = feedparser.parse(rss(locale, episodes(store, locale), LINKS))
    assert not parsed.bozo
    return parsed


def test_a_client_reads_title_text_date_sound_and_picture_of_each_story(store: FileStore) -> None:
    edition = published(store, manifest(["A snail slept.", "Good night."]), 1_800_000_000)
    parsed = read(store)
    assert (parsed.version, parsed.feed.language, parsed.feed.title) == ("rss20", "en", "Once upon a line")
    (entry,) = parsed.entries
    assert entry.title == "A Snail"
    assert entry.summary.startswith("A snail slept. Good night.\n\nStory and voice are made by AI.")
    assert tuple(entry.published_parsed)[:6] == (2027, 1, 15, 8, 0, 0)  # 1 800 000 000 s since 1970, UTC
    (sound,) = entry.enclosures
    assert sound.href == f"{LINKS.base}/{ID}/en.mp3"
    assert (sound.type, sound.length) == ("audio/mpeg", str(len(store.get(edition.mp3))))
    assert entry.image.href == f"{LINKS.base}/{ID}/en.png"
    assert entry.itunes_duration == "2"  # 25 letters of 60 ms, and 700 ms
    assert parsed.feed.itunes_block == 1


def test_a_transcript_is_named_by_the_podcast_namespace(store: FileStore) -> None:
    published(store, manifest(["Dors."], locale="fr"))
    tree = ElementTree.fromstring(rss("fr", episodes(store, "fr"), LINKS))
    (transcript,) = tree.iterfind(".//{https://podcastindex.org/namespace/1.0}transcript")
    assert transcript.attrib == {"url": f"{LINKS.base}/{ID}/fr.vtt", "type": "text/vtt", "language": "fr"}


def test_the_chapters_of_a_story_in_scenes_are_named_and_begin_where_they_do(store: FileStore) -> None:
    edition = published(store, manifest(["One.", "Two.", "Three."], scenes=(0, 2)))
    tree = ElementTree.fromstring(rss("en", episodes(store, "en"), LINKS))
    (named,) = tree.iterfind(".//{https://podcastindex.org/namespace/1.0}chapters")
    assert named.attrib == {"url": f"{LINKS.base}/{ID}/en.json", "type": "application/json+chapters"}
    body = json.loads(chapters(transcript(edition)))
    assert body["version"] == "1.2.0"
    second = edition.segments[2].start_ms / 1000
    assert body["chapters"] == [
        {"startTime": 0.0, "title": "A Snail 1/2"},
        {"startTime": second, "title": "A Snail 2/2"},
    ]


def test_only_what_is_published_in_the_language_is_listed_the_newest_first(store: FileStore) -> None:
    for number, date in enumerate((100, 300, 200)):
        published(store, manifest(["Sleep."], f"Story {number}", story_id=f"{number:032x}"), date)
    published(store, manifest(["Dors."], locale="fr"))
    published(store, manifest(["Slow."], "Slow", voice="low", pace=0.9, story_id="f" * 32), 50)
    stored(store, manifest(["Secret."], "Secret", story_id="e" * 32))
    shelf.withhold(store, "1".zfill(32), "en")
    assert [entry.title for entry in read(store).entries] == ["Story 2", "Story 0", "Slow"]


def test_a_long_shelf_is_cut_to_its_newest(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_shelf, "MOST", 3)
    for number in range(5):
        published(store, manifest(["Sleep."], f"{number}", story_id=f"{number:032x}"), 1000 + number)
    assert [entry.title for entry in read(store).entries] == ["4", "3", "2"]


def test_what_looks_like_markup_is_text(store: FileStore) -> None:
    published(store, manifest(HOSTILE_TEXTS[:2], HOSTILE_TITLE.replace("\x1b", "")))
    (item,) = ElementTree.fromstring(rss("en", episodes(store, "en"), LINKS)).iterfind(".//item")
    assert str(item.findtext("title")).startswith('</title><script>alert(1)</script> ]]> & "it\'s"')
    assert HOSTILE_TEXTS[1] in str(item.findtext("description"))


def test_a_shelf_without_stories_is_a_feed_too(store: FileStore) -> None:
    assert read(store, "ar").entries == []


def test_arabic_is_listed_as_it_is(store: FileStore) -> None:
    published(store, manifest(ARABIC, "الحلزون", "ar"))
    assert read(store, "ar").entries[0].title == "الحلزون"


def test_damaged_and_deleted_stories_are_passed_over_and_named(store: FileStore) -> None:
    whole, cut, gone = (published(store, manifest(["One."], story_id=digit * 32)) for digit in "abc")
    path = store.path(keys.manifest(cut.story_id, "en"))
    path.write_bytes(path.read_bytes()[:50])
    store.path(keys.manifest(gone.story_id, "en")).unlink()
    damage: list[DamagedError] = []
    assert [each.story.story_id for each in episodes(store, "en", damage.append)] == [whole.story_id]
    assert [str(error) for error in damage if cut.story_id in str(error)]


def test_a_token_is_a_secret_of_the_owner_that_ends_when_it_is_revoked(store: FileStore) -> None:
    feed, other = tokens.create(store, "fr"), tokens.create(store, "fr")
    assert len(feed.token) == 32
    assert tokens.find(store, feed.token) == feed
    (path,) = (path for path in store.path("server").rglob("*.json") if feed.token in path.read_text())
    assert path.stat().st_mode & 0o77 == 0
    assert feed.token not in path.name
    tokens.revoke(store, feed.token[:12])
    with pytest.raises(NotFoundError):
        tokens.find(store, feed.token)
    assert list(tokens.feeds(store)) == [other]


@pytest.mark.parametrize("token", ["", "0" * 32, "../../stories", "é" * 32, "0" * 31])
def test_what_is_no_token_opens_nothing(store: FileStore, token: str) -> None:
    tokens.create(store, "en")
    with pytest.raises(NotFoundError):
        tokens.find(store, token)


def test_a_damaged_record_opens_nothing_and_is_passed_over(store: FileStore) -> None:
    feed = tokens.create(store, "en")
    path = store.path(tokens.key_of(feed.token))
    path.write_text(json.dumps({**json.loads(path.read_text()), "locale": "fr"}))
    with pytest.raises(DamagedError):
        tokens.find(store, feed.token)
    damage: list[DamagedError] = []
    assert list(tokens.feeds(store, damage.append)) == []
    assert len(damage) == 1


def test_a_beginning_that_fits_no_feed_or_several_revokes_none(store: FileStore) -> None:
    tokens.create(store, "en")
    with pytest.raises(RequestError):
        tokens.revoke(store, "*")
    with pytest.raises(NotFoundError):
        tokens.revoke(store, "0000000000")
    assert len(list(tokens.feeds(store))) == 1
