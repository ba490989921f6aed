"""EPUB books: their archive, their pages, and the times of their overlays."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from xml.etree import ElementTree

import pytest
from mutagen.mp3 import MP3

from pipeline.engines.fake import MemoryStore
from pipeline.errors import DamagedError, NotFoundError, RequestError
from pipeline.exports.epub.book import book
from pipeline.exports.source import edition
from pipeline.types import Manifest
from tests.exports.stored import ARABIC, HOSTILE_TEXTS, HOSTILE_TITLE, ID, manifest, stored

_XML = {
    "opf": "http://www.idpf.org/2007/opf",
    "dc": "http://purl.org/dc/elements/1.1/",
    "h": "http://www.w3.org/1999/xhtml",
    "s": "http://www.w3.org/ns/SMIL",
}
_TYPE = "{http://www.idpf.org/2007/ops}type"


def book_of(*manifests: Manifest) -> bytes:
    store = MemoryStore()
    for each in manifests:
        stored(store, each)
    names = [each.locale for each in manifests]
    return book(store, [edition(store, ID, name) for name in names])


def part(data: bytes, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(zipfile.ZipFile(io.BytesIO(data)).read(f"EPUB/{name}"))


def clips(data: bytes) -> list[tuple[str, str, int, int]]:
    """(the text that is marked, the sound, from, to in ms) in the order in which they are played."""
    ids = {element.get("id"): element for element in part(data, "story.xhtml").iter()}
    return [
        (
            "".join(ids[text.get("src", "").partition("#")[2]].itertext()),
            audio.get("src", ""),
            round(float(audio.get("clipBegin", "").rstrip("s")) * 1000),
            round(float(audio.get("clipEnd", "").rstrip("s")) * 1000),
        )
        for text, audio in part(data, "story.smil").iterfind(".//s:par", _XML)
    ]


def text_of(data: bytes, path: str) -> str:
    element = part(data, "story.xhtml").find(path, _XML)
    assert element is not None
    return "".join(element.itertext())


def test_each_word_is_marked_while_it_is_spoken_and_the_sound_has_no_gaps() -> None:
    data = book_of(manifest(["A snail slept.", "Good night."]))
    assert clips(data) == [  # 350 ms before each sentence, 60 ms a letter
        ("A", "audio/1.mp3", 350, 470),
        ("snail", "audio/1.mp3", 470, 830),
        ("slept", "audio/1.mp3", 830, 1540),
        ("Good", "audio/1.mp3", 1540, 1840),
        ("night", "audio/1.mp3", 1840, 2200),
    ]
    assert text_of(data, ".//h:section/h:p") == "A snail slept. Good night."


def test_two_languages_are_side_by_side_and_read_by_turns() -> None:
    data = book_of(manifest(["Sleep.", "Now."]), manifest(ARABIC, locale="ar", title="الحلزون"))
    spoken = clips(data)
    turns = [sound for sound, _ in groupby(sound for _, sound, *_ in spoken)]
    assert turns == ["audio/1.mp3", "audio/2.mp3"] * 2
    pairs = part(data, "story.xhtml").findall(".//h:div[@class='pair']/h:p", _XML)
    assert [(each.get("lang"), each.get("dir"), "".join(each.itertext())) for each in pairs] == [
        ("en", "ltr", "Sleep."),
        ("ar", "rtl", ARABIC[0]),
        ("en", "ltr", "Now."),
        ("ar", "rtl", ARABIC[1]),
    ]
    languages = part(data, "package.opf").findall(".//dc:language", _XML)
    assert [each.text for each in languages] == ["en", "ar"]


def test_between_two_languages_a_clip_ends_in_the_pause_for_readers_that_stop_late() -> None:
    english, french = manifest(["One.", "Two."]), manifest(["Un.", "Deux."], locale="fr")
    (_, _, begin, end), (*_, second), *_ = clips(book_of(english, french))
    assert (begin, end) == (350, 350 + 4 * 60 + 100)  # 350 ms before the next sentence, less 250
    assert second == 350 + 3 * 60 + 100
    hasty = replace(english.segments[0], duration_ms=600)  # its speech lasts to the next sentence
    data = book_of(replace(english, segments=(hasty, english.segments[1])), french)
    assert clips(data)[0][3] == 350 + 4 * 60 + 350
    length = part(data, "package.opf").findtext("opf:metadata/opf:meta[@refines='#overlay']", "", _XML)
    assert round(float(length.rstrip("s")) * 1000) == sum(end - begin for *_, begin, end in clips(data))


def test_a_book_in_arabic_turns_its_pages_from_right_to_left() -> None:
    data = book_of(manifest(ARABIC, locale="ar"))
    spine = part(data, "package.opf").find("opf:spine", _XML)
    assert spine is not None
    assert spine.get("page-progression-direction") == "rtl"
    assert part(data, "story.xhtml").get("dir") == "rtl"


@pytest.mark.parametrize("beside", [(), (manifest(["Un.", "Deux.", "Trois."], locale="fr", scenes=(0, 2)),)])
def test_the_contents_lead_to_each_scene_of_a_longer_story(beside: Sequence[Manifest]) -> None:
    data = book_of(manifest(["One.", "Two.", "Three."], scenes=(0, 2)), *beside)
    links = part(data, "nav.xhtml").findall(".//h:nav[@role='doc-toc']//h:ol//h:ol//h:a", _XML)
    assert [each.text for each in links] == ["A Snail 1/2", "A Snail 2/2"]
    scenes = [each.get("href", "").partition("#")[2] for each in links]
    first, second = (text_of(data, f".//h:section[@id='{scene}']") for scene in scenes)
    assert first.startswith("One.")
    assert "Two." in first
    assert "Three." not in first
    assert second.startswith("Three.")


def test_a_story_of_one_scene_is_one_entry_of_the_contents() -> None:
    contents = part(book_of(manifest(["One.", "Two."])), "nav.xhtml")
    links = contents.findall(".//h:nav[@role='doc-toc']//h:a", _XML)
    assert [each.get("href") for each in links] == ["cover.xhtml", "story.xhtml"]


def test_a_sentence_without_marks_is_marked_whole() -> None:
    quiet = manifest(["A snail slept."])
    data = book_of(replace(quiet, segments=(replace(quiet.segments[0], marks=()),)))
    assert clips(data) == [("A snail slept.", "audio/1.mp3", 350, 350 + 14 * 60)]


def test_what_looks_like_markup_is_text_in_every_part() -> None:
    data = book_of(manifest(HOSTILE_TEXTS[:2], HOSTILE_TITLE + "x" * 5000))
    heading = '</title><script>alert(1)</script> ]]> & "it\'s" --> ../../\ufffd'
    assert text_of(data, ".//h:h1").startswith(heading)
    assert HOSTILE_TEXTS[1] in text_of(data, ".//h:section/h:p")
    for name in ("story.xhtml", "cover.xhtml", "nav.xhtml"):
        assert not [each for each in part(data, name).iter() if each.tag.endswith("script")]


def test_the_archive_begins_with_its_type_and_holds_the_whole_mp3() -> None:
    store = MemoryStore()
    kept = stored(store, manifest(["Good night."]))
    archive = zipfile.ZipFile(io.BytesIO(book(store, [edition(store, ID, "en")])))
    first = archive.infolist()[0]
    assert (first.filename, first.compress_type, first.extra) == ("mimetype", zipfile.ZIP_STORED, b"")
    assert {(each.create_system, each.date_time[0]) for each in archive.infolist()} == {(3, 1980)}
    assert archive.read("mimetype") == b"application/epub+zip"
    assert archive.read("EPUB/audio/1.mp3") == store.get(kept.mp3)
    assert MP3(io.BytesIO(archive.read("EPUB/audio/1.mp3"))).info.length > 1


def test_equal_editions_are_equal_bytes_and_another_sound_is_another_book() -> None:
    data, other = book_of(manifest(["Good night."])), book_of(manifest(["Good morning."]))
    assert data == book_of(manifest(["Good night."]))
    assert identifier(data) != identifier(other)


def identifier(data: bytes) -> str | None:
    return part(data, "package.opf").findtext(".//dc:identifier", namespaces=_XML)


def test_the_note_that_ai_made_it_is_in_the_book_in_each_of_its_languages() -> None:
    data = book_of(manifest(["Sleep."]), manifest(["Dors."], locale="fr"))
    colophon = part(data, "story.xhtml").findall(".//h:section[@class='note']/h:p", _XML)
    notes = ["".join(each.itertext()) for each in colophon]
    assert notes[0].startswith("Story and voice are made by AI.")
    assert notes[1].startswith("L’histoire et la voix sont faites par une IA.")
    assert part(data, "package.opf").findtext(".//dc:creator", namespaces=_XML) == "AI"


@pytest.mark.parametrize(
    "editions",
    [
        [manifest(["One."]), manifest(["One."])],
        [manifest(["One.", "Two."]), manifest(["Un."], locale="fr")],
    ],
    ids=["the same twice", "another number of sentences"],
)
def test_what_cannot_be_side_by_side_is_refused(editions: Sequence[Manifest]) -> None:
    with pytest.raises(RequestError):
        book_of(*editions)


@pytest.mark.parametrize(("damage", "error"), [(b"", DamagedError), (None, NotFoundError)])
def test_a_sound_that_is_damaged_or_gone_is_refused_with_the_command_that_makes_it_again(
    damage: bytes | None, error: type[Exception]
) -> None:
    store = MemoryStore()
    kept = stored(store, manifest(["Good night."], voice="low", pace=0.9))
    if damage is None:
        store = MemoryStore()
        stored(store, kept)
        del store._data[kept.mp3]
    else:
        store.put(kept.mp3, damage)
    with pytest.raises(error, match=f"stories make --id {ID[:8]} --locale en --voice low --pace 0.9"):
        book(store, [edition(store, ID, "en-x-low-p90")])
