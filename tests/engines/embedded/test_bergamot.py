"""Bergamot, the real networks: their package carries them."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from pipeline.engines.embedded.bergamot import BergamotTranslation
from pipeline.engines.registry import create
from tests.engines.contracts.translation_contract import TranslationContract


@pytest.fixture(scope="module")
def engine() -> BergamotTranslation:
    return BergamotTranslation()


class TestBergamot(TranslationContract):
    pass


def test_the_registry_creates_it_without_loading_anything() -> None:
    engine = create("bergamot")
    assert isinstance(engine, BergamotTranslation)
    assert engine._directions == {}


@pytest.mark.parametrize(
    ("english", "portuguese"),
    [
        ("The mouse lived under the bakery.", ("rato", "padaria")),
        ("The fishermen sang a happy song.", ("pescadores", "canção")),
        ("Good night, little bear.", ("noite", "urs")),
    ],
)
def test_a_story_sentence_comes_out_in_portuguese(
    engine: BergamotTranslation, english: str, portuguese: tuple[str, ...]
) -> None:
    (translation,) = engine.translate((english,), "en", "pt")
    assert all(word in translation.lower() for word in portuguese)


def test_an_idea_comes_out_in_english(engine: BergamotTranslation) -> None:
    (translation,) = engine.translate(("um menino que perdeu o gato",), "pt", "en")
    assert {"boy", "lost", "cat"} <= set(translation.lower().split())


def test_every_sentence_of_a_text_is_translated(engine: BergamotTranslation) -> None:
    text = "The dog was sad. The cat was happy. The bird sang. The fish slept."
    (translation,) = engine.translate((text,), "en", "pt")
    assert re.search("(cão|cachorro).*gato.*pássaro.*peixe", translation)


def test_names_are_not_postprocessed_into_portuguese_words(engine: BergamotTranslation) -> None:
    (translation,) = engine.translate(("Mara and Will play in the garden.",), "en", "pt")
    assert "Will" in translation


def test_an_empty_text_stays_empty(engine: BergamotTranslation) -> None:
    assert engine.translate(("", "  "), "en", "pt") == ("", "")


# Threads that start and end, as those of a batch do. Native calls from them crashed in the second round.
_ROUNDS = """
from concurrent.futures import ThreadPoolExecutor
from pipeline.engines.registry import create
bergamot = create("bergamot")
texts = ("A shy snail wanted to see the sea.", "They danced until the stars came out.")
for _ in range(8):
    with ThreadPoolExecutor(4) as pool:
        translations = list(pool.map(lambda _: bergamot.translate(texts, "en", "pt"), range(4)))
    assert len(set(translations)) == 1
"""


def test_threads_that_come_and_go_may_share_it() -> None:
    """In a process of its own: without the engine's single native thread it ends in a segmentation fault."""
    done = subprocess.run([sys.executable, "-c", _ROUNDS], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
