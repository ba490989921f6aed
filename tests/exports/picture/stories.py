"""Short English stories for the tests of covers."""

from __future__ import annotations

from pipeline.types import Story


def story(*segments: str, title: str = "A Story", locale: str = "en") -> Story:
    return Story("0" * 32, locale, title, segments)


SNAIL = story(
    "Oskar was a little snail, and he lived in the garden.",
    "He wished he could see the stars at night.",
    "Mila the butterfly showed him the way up a tall flower.",
    "Oskar saw the moon and all the stars, and he was happy.",
    title="The Snail and the Stars",
)
SNAIL_IDEA = "a little snail who wants to see the stars"
WHALE = story(
    "Luca was a young whale, and he lived in the sea.",
    "He sang so loudly that the fish swam away.",
    "Salma the octopus taught him to sing softly.",
    title="The Quiet Song",
)
WHALE_IDEA = "a whale who sings too loudly"
