"""The names inside a book: of its elements, which text and overlay share, and of its sounds."""

from __future__ import annotations

STORY = "story.xhtml"


def sentence_id(place: int, number: int) -> str:
    """place: of the edition in the book, from 0. number: of the sentence, from 0."""
    return f"e{place + 1}s{number + 1}"


def scene_id(number: int) -> str:
    """number: of the scene, from 0."""
    return f"scene{number + 1}"


def word_id(place: int, number: int, word: int) -> str:
    return f"{sentence_id(place, number)}w{word + 1}"


def sound(place: int) -> str:
    return f"audio/{place + 1}.mp3"
