"""CTranslate2 folders of each kind, with real tiny models: which tokens go in, which text comes out.

How well a real OPUS-MT, NLLB or Argos model translates is not seen here.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipeline.engines.embedded.ct2 import CTranslate2Translation
from pipeline.errors import ConfigError, EngineError
from tests.engines.contracts.translation_contract import TranslationContract
from tests.engines.embedded import wordbook

ONE_PAIR = {("cat.", ""): "gato.", ("dog.", ""): "perro.", ("Dog.", ""): "perro."}
ENGLISH = ["cat.", "dog.", "Dog."]
OTHERS = ["gato.", "perro.", "chat.", "chien."]
MANY = {
    (word, code): answer
    for code, told in {"fra": "chat. chien.", "spa": "gato. perro."}.items()
    for word, answer in zip(("cat.", "dog."), told.split(), strict=True)
}


@pytest.fixture(scope="module")
def opus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "opus-mt-en-es"
    wordbook.write(folder, ONE_PAIR)
    wordbook.write_words(folder / "source.spm", ENGLISH)
    wordbook.write_words(folder / "target.spm", OTHERS)
    return folder


@pytest.fixture(scope="module")
def opus_many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "opus-mt-en-roa"
    answers = {(word, f">>{code}<<"): answer for (word, code), answer in MANY.items()}
    wordbook.write(folder, answers, codes=(">>fra<<", ">>spa<<"))
    wordbook.write_words(folder / "source.spm", ENGLISH)
    wordbook.write_words(folder / "target.spm", OTHERS)
    return folder


@pytest.fixture(scope="module")
def nllb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "nllb"
    answers = {(word, f"{code}_Latn"): answer for (word, code), answer in MANY.items()}
    wordbook.write(folder, answers, codes=("eng_Latn", "fra_Latn", "spa_Latn"), codes_lead=True)
    wordbook.write_words(folder / "sentencepiece.bpe.model", [*ENGLISH, *OTHERS])
    return folder


@pytest.fixture(scope="module")
def argos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "translate-en_es-1_0"
    wordbook.write(folder / "model", ONE_PAIR, needs_end=False)
    wordbook.write_words(folder / "sentencepiece.model", [*ENGLISH, *OTHERS])
    (folder / "metadata.json").write_text(json.dumps({"from_code": "en", "to_code": "es"}))
    return folder


class TestOneTargetOpus(TranslationContract):
    target = "es"
    texts = ("cat.", "dog.")
    unknown = ("en", "it")

    @pytest.fixture
    def engine(self, opus: Path) -> CTranslate2Translation:
        return CTranslate2Translation(opus, threads=1)


class TestNllb(TranslationContract):
    target = "fr"
    texts = ("cat.", "dog.")

    @pytest.fixture
    def engine(self, nllb: Path) -> CTranslate2Translation:
        return CTranslate2Translation(nllb, threads=1)


def test_opus_gets_its_end_of_sentence(opus: Path) -> None:
    assert CTranslate2Translation(opus).translate(("cat.", "dog."), "en", "es") == ("gato.", "perro.")


def test_opus_whose_own_config_adds_the_end_gets_no_second_one(opus: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(opus, tmp_path / "opus-mt-en-es")
    config = wordbook.config(folder) | {"add_source_eos": True}
    (folder / "config.json").write_text(json.dumps(config))
    assert CTranslate2Translation(folder)._loaded().ends == ()
    assert CTranslate2Translation(folder).translate(("cat.",), "en", "es") == ("gato.",)


@pytest.mark.parametrize(("locale", "cat"), [("fr-CA", "chat."), ("es", "gato.")])
def test_opus_with_many_targets_is_told_which(opus_many: Path, locale: str, cat: str) -> None:
    assert CTranslate2Translation(opus_many).translate(("cat.",), "en", locale) == (cat,)


def test_opus_with_many_targets_says_which_it_has_not(opus_many: Path) -> None:
    with pytest.raises(EngineError, match="en-de") as caught:
        CTranslate2Translation(opus_many).translate(("cat.",), "en", "de")
    assert caught.value.problem == "unknown-pair"


@pytest.mark.parametrize(("locale", "dog"), [("fr", "chien."), ("es", "perro.")])
def test_nllb_starts_its_answer_with_the_target_and_the_code_is_not_told(
    nllb: Path, locale: str, dog: str
) -> None:
    assert CTranslate2Translation(nllb).translate(("dog.",), "en", locale) == (dog,)


def test_argos_takes_its_pair_from_its_metadata(argos: Path) -> None:
    engine = CTranslate2Translation(argos)
    assert engine.translate(("cat.", "dog."), "en", "es") == ("gato.", "perro.")
    with pytest.raises(EngineError, match="it has en-es"):
        engine.translate(("cat.",), "en", "fr")


def test_each_sentence_of_a_text_is_translated_by_itself(opus: Path) -> None:
    engine = CTranslate2Translation(opus)
    assert engine.translate(("cat. Dog.", "", "dog."), "en", "es") == ("gato. perro.", "", "perro.")


def test_a_folder_that_is_no_model_is_said_with_the_files_it_needs(tmp_path: Path) -> None:
    engine = CTranslate2Translation(tmp_path / "none")
    with pytest.raises(ConfigError, match=r"source\.spm") as caught:
        engine.translate(("cat.",), "en", "es")
    assert caught.value.problem == "unknown-model-folder"
    with pytest.raises(ConfigError):
        _ = engine.fingerprint


def test_a_damaged_model_is_a_clear_error(opus: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(opus, tmp_path / "opus-mt-en-es")
    (folder / "model.bin").write_bytes(b"no model")
    with pytest.raises(ConfigError, match="convert or copy it again") as caught:
        CTranslate2Translation(folder).translate(("cat.",), "en", "es")
    assert caught.value.problem == "corrupt-weights"


def test_other_weights_have_another_fingerprint(opus: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(opus, tmp_path / "opus-mt-en-es")
    same = CTranslate2Translation(folder).fingerprint
    assert same == CTranslate2Translation(opus).fingerprint
    (folder / "model.bin").write_bytes((folder / "model.bin").read_bytes() + b"\0")
    assert CTranslate2Translation(folder).fingerprint != same
