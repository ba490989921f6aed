"""A child's name unchanged through a translation: translators turn Noah into Noé, Hope into Esperança.

Another name stands for it, which the translators leave as it is. What they are sent, and what is kept of
their answers, is then without the child's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.ports import OnText, TranslationEngine, ignore
from pipeline.story import heroes
from pipeline.story.locales import language
from pipeline.story.text import words

# By the hero's gender, which adjectives and articles show. Those that were kept best (docs/quality.md).
_MASKS = {"she": ("Nora", "Mina", "Lotte"), "he": ("Karim", "Hugo", "Bruno")}
_HERS, _HIS = frozenset({"she", "her", "hers", "herself"}), frozenset({"he", "him", "his", "himself"})
# As it is written in a language of another script, by any translator.
_WRITTEN = {
    "ar": {
        "Nora": ("نورا", "نورة"),
        "Mina": ("مينا",),
        "Lotte": ("لوتي", "لوت"),
        "Karim": ("كريم", "كارم"),
        "Hugo": ("هوغو", "هوجو", "هيوغو"),
        "Bruno": ("برونو",),
    }
}


@dataclass(frozen=True, slots=True)
class NameKept:
    """A TranslationEngine, with the fingerprint of the one that translates."""

    engine: TranslationEngine
    name: str

    @property
    def fingerprint(self) -> str:
        return self.engine.fingerprint

    @property
    def in_turns(self) -> bool:
        return self.engine.in_turns

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        mask = mask_for(texts, self.name)
        masked = [heroes.replaced(text, self.name, lambda *_: mask) for text in texts]
        forms = (mask, *_WRITTEN.get(language(target), {}).get(mask, ()))
        # The start of a word is enough: of "Noras Haus" it is Mias. Arabic puts letters before a name, too.
        pattern = re.compile("|".join(rf"(?<![^\W\d_]){form}" if form.isascii() else form for form in forms))

        def named(text: str) -> str:
            return pattern.sub(lambda _: self.name, text)

        translations = self.engine.translate(masked, source, target, lambda text: on_text(named(text)))
        return tuple(map(named, translations))


def mask_for(texts: Sequence[str], name: str) -> str:
    """A name that is in none of the texts, of the gender that they speak of most."""
    spoken = [word.lower() for text in texts for word in words(text)]
    his = sum(word in _HIS for word in spoken) > sum(word in _HERS for word in spoken)
    others = {word.lower() for word in spoken} | {name.lower()}
    masks = (*_MASKS["he" if his else "she"], *_MASKS["she" if his else "he"])
    return next((mask for mask in masks if mask.lower() not in others), masks[0])
