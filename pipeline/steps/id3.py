"""ID3 tags of an mp3: title, language, the text with its timing, chapters, and that AI made it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

# ISO 639-2/T, which ID3 wants, for the primary language of a BCP-47 tag.
_ISO_639_2 = {
    "ar": "ara",
    "de": "deu",
    "en": "eng",
    "es": "spa",
    "fr": "fra",
    "it": "ita",
    "nl": "nld",
    "pt": "por",
}
_UNDETERMINED = "und"
_NO_OFFSET = 0xFFFFFFFF  # of a chapter's bytes: its times count
_MILLISECONDS, _LYRICS = 2, 1  # SYLT: unit of its times, kind of its content


@dataclass(frozen=True, slots=True)
class Chapter:
    """A scene of a story, in ms of the whole sound."""

    title: str
    start_ms: int
    end_ms: int


def chapters(title: str, starts_ms: Sequence[int], duration_ms: int) -> tuple[Chapter, ...]:
    """Of a story's scenes: its title with their numbers, in every language alike. The first begins at 0."""
    bounds = pairwise((0, *starts_ms[1:], duration_ms)) if starts_ms else ()
    return tuple(
        Chapter(f"{title} {number}/{len(starts_ms)}", *bound) for number, bound in enumerate(bounds, 1)
    )


def iso_639_2(language: str) -> str:
    """Three letters for a BCP-47 tag; "und" where they are not known."""
    return _ISO_639_2.get(language.partition("-")[0].lower(), _UNDETERMINED)


def tag(
    mp3: bytes,
    *,
    title: str,
    language: str,
    segments: Sequence[tuple[int, str]],
    comment: str,
    engines: Mapping[str, str],
    scenes: Sequence[Chapter] = (),
) -> bytes:
    """The same mp3 with an ID3 tag in front, in place of any that it had. The same input, the same bytes.

    language: BCP-47. segments: (start in ms, text). engines: step -> fingerprint. scenes: where
    there is more than one.
    ID3v2.3, not 2.4: Windows and many car and kitchen players read only that one, and none lacks it;
    its Unicode is UTF-16, so Arabic and emoji pass.
    """
    from mutagen.id3 import COMM, ID3, SYLT, TIT2, TLAN, TXXX, USLT, Encoding

    lang = iso_639_2(language)
    unicode = Encoding.UTF16
    lines = [(text, start_ms) for start_ms, text in segments]
    story = "\n".join(text for text, _ in lines)
    frames = [
        TIT2(encoding=unicode, text=title),
        TLAN(encoding=Encoding.LATIN1, text=lang),
        USLT(encoding=unicode, lang=lang, desc="", text=story),
        SYLT(encoding=unicode, lang=lang, format=_MILLISECONDS, type=_LYRICS, desc="", text=lines),
        COMM(encoding=unicode, lang="eng", desc="", text=comment),
    ]
    frames += _chapter_frames(scenes)
    for step, fingerprint in sorted(engines.items()):
        frames.append(TXXX(encoding=unicode, desc=f"engine:{step}", text=fingerprint))
    tags = ID3()
    for frame in frames:
        tags.add(frame)
    file = io.BytesIO(mp3)
    tags.save(file, v1=0, v2_version=3, padding=lambda _: 0)
    return file.getvalue()


def _chapter_frames(scenes: Sequence[Chapter]) -> list[Any]:
    """CHAP and CTOC, as players of podcasts and audiobooks read them. Offsets in bytes are not given."""
    from mutagen.id3 import CHAP, CTOC, TIT2, CTOCFlags, Encoding

    if not scenes:
        return []
    names = [f"scene{number}" for number in range(1, len(scenes) + 1)]
    frames = [
        CHAP(
            element_id=name,
            start_time=scene.start_ms,
            end_time=scene.end_ms,
            start_offset=_NO_OFFSET,
            end_offset=_NO_OFFSET,
            sub_frames=[TIT2(encoding=Encoding.UTF16, text=scene.title)],
        )
        for name, scene in zip(names, scenes, strict=True)
    ]
    flags = CTOCFlags.TOP_LEVEL | CTOCFlags.ORDERED
    return [*frames, CTOC(element_id="scenes", flags=flags, child_element_ids=names, sub_frames=[])]
