"""The book as a file: a ZIP archive whose bytes are the same for the same editions."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

from pipeline.exports import source
from pipeline.exports.artwork import artwork
from pipeline.exports.beside import check
from pipeline.exports.epub import names, pages
from pipeline.exports.epub.overlay import overlay
from pipeline.exports.epub.package import ACTIVE_CLASS, package
from pipeline.exports.markup import node, xml
from pipeline.exports.transcript import Transcript
from pipeline.ports import Store

MEDIA_TYPE = "application/epub+zip"
_FOLDER = "EPUB"
_UNIX = 3
_STYLE = f"""
body {{ font-family: Georgia, serif; line-height: 1.6; margin: 5%; }}
h1, .subtitle {{ font-size: 1.5em; font-weight: bold; line-height: 1.25; margin: 0 0 0.6em; }}
h1, .subtitle, .engines {{ overflow-wrap: anywhere; }}
.subtitle {{ font-size: 1.2em; }}
.cover {{ text-align: center; }}
.cover img {{ max-width: 100%; max-height: 95vh; }}
.pair {{ display: flex; flex-wrap: wrap; gap: 0.2em 5%; margin: 0 0 1em; break-inside: avoid; }}
section section + section {{ margin-top: 2em; }}
.pair p {{ flex: 1 1 11em; margin: 0; }}
.pair p + p[dir="ltr"] {{ font-style: italic; }}
.{ACTIVE_CLASS} {{ background: #ffe08a; color: #1a1a1a; }}
.note {{ margin-top: 2.5em; border-top: 1px solid; font-size: 0.85em; }}
"""


def book(store: Store, editions: Sequence[Transcript]) -> bytes:
    """editions: one, or two of the same story. Raises NotFoundError, DamagedError; RequestError: these two
    cannot be side by side.
    """
    check(editions)
    picture = artwork(editions[0])
    picture_name = f"cover.{picture.media_type.partition('/')[2]}"
    files = {
        "package.opf": package(editions, picture, picture_name),
        "nav.xhtml": pages.contents(editions[0]),
        "cover.xhtml": pages.cover(editions[0], picture, picture_name),
        names.STORY: pages.story(editions),
        "story.smil": overlay(editions),
        "style.css": _STYLE.lstrip().encode(),
        picture_name: picture.data,
        **{names.sound(place): source.mp3(store, each) for place, each in enumerate(editions)},
    }
    inner = {f"{_FOLDER}/{name}": data for name, data in files.items()}
    return _archive({"mimetype": MEDIA_TYPE.encode(), "META-INF/container.xml": _container(), **inner})


def _container() -> bytes:
    attributes = {"full-path": f"{_FOLDER}/package.opf", "media-type": "application/oebps-package+xml"}
    namespace = "urn:oasis:names:tc:opendocument:xmlns:container"
    files = node("rootfiles", {}, node("rootfile", attributes))
    return xml(node("container", {"version": "1.0", "xmlns": namespace}, files))


def _archive(files: dict[str, bytes]) -> bytes:
    """Not compressed: most of it is mp3, and compressors differ from machine to machine."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as book_file:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)  # dated 1980
            entry.create_system = _UNIX
            entry.external_attr = 0o644 << 16
            book_file.writestr(entry, data)
    return archive.getvalue()
