"""Firefox's translators (Bergamot's small networks), run by the package fxtranslate on one core."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pipeline.engines.embedded.own_thread import Kept, OwnThread
from pipeline.engines.embedded.translators import Direction
from pipeline.errors import EngineError
from pipeline.ports import OnText, ignore, pass_on
from pipeline.story.locales import language
from pipeline.story.text import sentences, words

_ENGINE = "firefox"
# Characters. A network drops what comes late in a long sentence without a word. Of a list of twenty animals
# (en-pt, 440 to 540 characters, three joints) it lost 0 to 1 in pieces of 200, 1 to 3 of 300, 1 to 7 of 400.
_LONGEST = 200
_CLAUSE_END = re.compile(r"[,;:،؛–—]\s+")
_BLANK = re.compile(r"\s+")


class FirefoxTranslation:
    """TranslationEngine for the given directions. Deterministic and thread-safe.

    read: the files of a direction, by part; called at its first use. A direction loads in 0.1 s, and a
    sentence takes 10 to 20 ms. fxtranslate 0.5.0 refuses every thread but the one that created a translator.
    """

    in_turns = False

    def __init__(
        self, directions: Sequence[Direction], read: Callable[[Direction], Mapping[str, bytes]]
    ) -> None:
        self._directions = {(direction.source, direction.target): direction for direction in directions}
        self._read = read
        self._thread = OwnThread(_ENGINE)

    @property
    def fingerprint(self) -> str:
        """Its prefix tells in a manifest that this engine, and not a language model, translated."""
        models = (
            f"{direction.source}-{direction.target}-{direction.parts['model'].sha256[:8]}"
            for direction in self._directions.values()
        )
        return f"{_ENGINE}/{'+'.join(models)}/1"

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        """Raises EngineError: unknown pair, or no translation. ConfigError: files missing or damaged."""
        pair = language(source), language(target)
        if pair[0] == pair[1]:
            return pass_on(texts, on_text)
        if pair not in self._directions:
            known = ", ".join(map("-".join, self._directions))
            raise EngineError(
                f"{_ENGINE} translates {known} here, not {'-'.join(pair)}: choose another translation engine",
                engine=_ENGINE,
                problem="unknown-pair",
            )
        direction = self._directions[pair]
        return pass_on((self._text(text, direction) for text in texts), on_text)

    def _text(self, text: str, direction: Direction) -> str:
        # The networks were trained on single sentences: given several, they drop some. Of a text without
        # words they make one up ("-" of an emoji).
        if not words(text):
            return text.strip()
        pieces = tuple(piece for sentence in sentences(text) for piece in _pieces(sentence))
        return self._thread.call(partial(_translate, pieces, direction, self._read))


def _pieces(sentence: str) -> Iterator[str]:
    """The sentence in parts of at most _LONGEST characters, cut after a clause where there is one."""
    while len(sentence) > _LONGEST:
        head = sentence[:_LONGEST]
        ends = [end.end() for pattern in (_BLANK, _CLAUSE_END) for end in pattern.finditer(head)]
        end = ends[-1] if ends else _LONGEST
        yield sentence[:end].rstrip()
        sentence = sentence[end:]
    yield sentence


def _translate(
    pieces: Sequence[str],
    direction: Direction,
    read: Callable[[Direction], Mapping[str, bytes]],
    kept: Kept,
) -> str:
    """On the engine's thread, which keeps the loaded directions."""
    if direction.name not in kept:
        kept[direction.name] = _load(read(direction))
    translator = kept[direction.name]
    return " ".join(translator.translate(piece).strip() for piece in pieces)


def _load(parts: Mapping[str, bytes]) -> Any:
    from fxtranslate import Translator

    vocabulary = parts["vocabulary"]
    return Translator(parts["model"], vocabulary, vocabulary, parts["shortlist"])
