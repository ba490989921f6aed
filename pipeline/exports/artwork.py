"""The picture of a story, for its book, its feed and its sound file: its cover as a square PNG."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.exports import picture
from pipeline.exports.picture import texts
from pipeline.exports.picture.png import png
from pipeline.exports.transcript import Transcript
from pipeline.storage.keys import WRITTEN_IN
from pipeline.types import Story

# Pixels: the least that podcast directories take.
SIZE = 1400


@dataclass(frozen=True, slots=True)
class Picture:
    """data: a square picture, a whole file of `media_type`: image/png, which sound files and feeds take.
    alt: what is on it, in the story's language.
    """

    media_type: str
    data: bytes
    alt: str


def artwork(transcript: Transcript) -> Picture:
    """The same picture for the same story in all its languages. Raises ConfigError: nothing draws it here."""
    own = Story(
        transcript.story_id,
        transcript.locale,
        transcript.title,
        tuple(sentence.text for sentence in transcript.sentences),
    )
    # Without its English text, as in a damaged store, the scene alone.
    english = transcript.english or Story(transcript.story_id, WRITTEN_IN, "", ())
    alt = texts.text(english, transcript.idea, own)
    return Picture("image/png", png(picture.svg(english, transcript.idea), SIZE, SIZE), alt)
