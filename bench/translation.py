"""How good the translators are: chrF of four stories of ten sentences against translations by hand.

    python -m bench.translation [LOCALE ...]

For each locale: Firefox's translator where its files are here, and the language model. Prints a line a
measurement; every sentence goes to bench/out/translation.json. Texts and references: translation.toml.
"""

from __future__ import annotations

import json
import os
import sys
import time
import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from sacrebleu.metrics.chrf import CHRF

from pipeline.bootstrap import build_app, models_dir
from pipeline.config.settings import Settings
from pipeline.engines.embedded import translators
from pipeline.engines.fake import MemoryStore
from pipeline.engines.registry import create
from pipeline.errors import EngineError
from pipeline.ports import TranslationEngine

SOURCE = "en"
_OUT = Path(__file__).parent / "out" / "translation.json"


def main(locales: list[str]) -> int:
    stories = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["stories"]
    details = []
    for locale in locales or sorted(stories[0].keys() - {SOURCE}):
        for name, engine in _engines(locale):
            details.append(measure(name, engine, stories, locale))
            score, refused, seconds = (details[-1][key] for key in ("chrF", "refused", "seconds"))
            sys.stdout.write(f"{locale}  {name:16} chrF {score}  refused {refused}  {seconds} s a story\n")
            sys.stdout.flush()
    _OUT.parent.mkdir(exist_ok=True)
    _OUT.write_text(json.dumps(details, ensure_ascii=False, indent=1))
    return 0


def _engines(locale: str) -> Iterator[tuple[str, TranslationEngine]]:
    """Uncached, so that a figure is never one of an earlier run."""
    settings = Settings.from_env(os.environ)
    directions, directory = translators.of(locale), models_dir(settings)
    if translators.are_here(directions, directory):
        read = partial(translators.read, directory=directory)
        yield "firefox", create("firefox", directions=directions, read=read)
    app = build_app(settings, MemoryStore())
    yield "language model", create("llm-translation", text=app.text, detector=app.language)


def measure(
    name: str, engine: TranslationEngine, stories: list[dict[str, list[str]]], locale: str
) -> dict[str, Any]:
    """chrF: of all sentences together, 0 to 100. refused: stories that the engine did not translate, whose
    sentences count as empty. seconds: wall time of a story, the median; loading is not in it.
    """
    engine.translate(("Good night.",), SOURCE, locale)
    translations: list[str] = []
    seconds, refused = [], 0
    for story in stories:
        started = time.perf_counter()
        try:
            translations += engine.translate(story[SOURCE], SOURCE, locale)
        except EngineError:
            refused += 1
            translations += [""] * len(story[SOURCE])
        seconds.append(time.perf_counter() - started)
    references = [sentence for story in stories for sentence in story[locale]]
    return {
        "locale": locale,
        "engine": name,
        "fingerprint": engine.fingerprint,
        "chrF": round(CHRF().corpus_score(translations, [references]).score, 1),
        "refused": refused,
        "seconds": round(median(seconds), 1),
        "translations": translations,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
