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


def test_the_registry_makes_it_and_making_it_loads_nothing() -> None:
    made = create("bergamot")
    assert isinstance(made, BergamotTranslation)
    assert made._directions == {}


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
    (told,) = engine.translate((english,), "en", "pt")
    assert all(word in told.lower() for word in portuguese)


def test_an_idea_comes_out_in_english(engine: BergamotTranslation) -> None:
    (told,) = engine.translate(("um menino que perdeu o gato",), "pt", "en")
    assert {"boy", "lost", "cat"} <= set(told.lower().split())


def test_every_sentence_of_a_text_is_translated(engine: BergamotTranslation) -> None:
    text = "The dog was sad. The cat was happy. The bird sang. The fish slept."
    (told,) = engine.translate((text,), "en", "pt")
    assert re.search("(cão|cachorro).*gato.*pássaro.*peixe", told)


def test_names_are_not_postprocessed_into_portuguese_words(engine: BergamotTranslation) -> None:
    (told,) = engine.translate(("Mara and Will play in the garden.",), "en", "pt")
    assert "Will" in told


def test_nothing_to_say_stays_nothing(engine: BergamotTranslation) -> None:
    assert engine.translate(("", "  "), "en", "pt") == ("", "")


_COMING_AND_GOING = """
from concurrent.futures import ThreadPoolExecutor
from pipeline.engines.registry import create
bergamot = create("bergamot")
texts = ["A shy snail wanted to see the sea.", "They danced until the stars came out."]

def told(number):
    return bergamot.translate([f"{text} {number}" for text in texts * 5], "en", "pt")

for _ in range(12):
    with ThreadPoolExecutor(4) as pool:
        heard = list(pool.map(told, range(12)))
assert len(heard) == 12
"""


def test_threads_that_come_and_go_may_share_it() -> None:
    """In a process of its own: what this guards against is a segmentation fault."""
    ran = subprocess.run([sys.executable, "-c", _COMING_AND_GOING], capture_output=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
