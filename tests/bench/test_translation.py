"""The bench of translators: its texts are complete, and its figures are those of sacrebleu."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import translation
from pipeline.config.profiles import profile
from pipeline.errors import EngineError
from pipeline.ports import OnText, ignore, pass_on

STORIES = tomllib.loads(Path(translation.__file__).with_suffix(".toml").read_text("utf-8"))["stories"]


@dataclass(frozen=True)
class Dictionary:
    """Translates what `known` has; refuses the rest."""

    known: dict[str, str]
    fingerprint: str = "dictionary/1"

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        known = self.known | {"Good night.": "Gute Nacht."}
        if not all(text in known for text in texts):
            raise EngineError("no such word")
        return pass_on([known[text] for text in texts], on_text)


def test_every_language_has_a_reference_of_every_sentence() -> None:
    for story in STORIES:
        assert story.keys() == profile("embedded")["locales"].keys()
        assert {locale: len(sentences) for locale, sentences in story.items()} == dict.fromkeys(story, 10)
    assert len(STORIES) == 4


def test_the_references_themselves_have_the_best_figure() -> None:
    known = {text: right for story in STORIES for text, right in zip(story["en"], story["de"], strict=True)}
    result = translation.measure("all", Dictionary(known), STORIES, "de")
    assert (result["chrF"], result["refused"]) == (100.0, 0)


def test_a_story_that_is_refused_counts_as_empty() -> None:
    known = dict(zip(STORIES[0]["en"], STORIES[0]["de"], strict=True))
    result = translation.measure("one", Dictionary(known), STORIES, "de")
    assert result["refused"] == 3
    assert 0 < result["chrF"] < 50
    assert result["translations"][10:] == [""] * 30
