"""The voice whose weights are in its package: nothing to download, so all of it runs in every test run."""

from __future__ import annotations

import io
import subprocess
import sys
import tomllib
from itertools import pairwise

import numpy as np
import onnx
import pyloudnorm
import pytest
import soundfile

from pipeline.engines.embedded.hibari import _DURATION, HibariSpeech
from pipeline.engines.embedded.pronunciation import pronounce
from pipeline.errors import ConfigError, EngineError, RequestError
from pipeline.story.text import words
from pipeline.types import Narration, Voice
from tests.command import ROOT
from tests.engines.contracts.speech_contract import SENTENCES, HeardContract

HEART = Voice("heart", "en", "hibari")
MICE = [f"then the small grey mouse number {number} ran quickly home" for number in range(21, 37)]
TEXTS = {
    "numbers": "On the 3rd of May 1984, 21 ducks swam 2.5 km in 45 minutes and won $7.",
    "names": "Mr. O'Malley and Dr. Xiomara Nguyen-Brown met Zoë at St. Paul's.",
    "quotes": '“Where are you?” asked Tom. ‘Here,’ said the owl, "up here!"',
    "ellipses": "Wait... what was that… a mouse?",
    "dashes": "The owl -- who was old—laughed.",
    "shouting": "STOP! It's a HUGE bear!!!",
    "a word": "Yes!",
    "a letter": "I.",
    "60 words": " ".join(MICE[:6]).capitalize() + ".",
    "160 words": " ".join(MICE).capitalize() + ".",
    "160 words with commas": ", ".join(MICE).capitalize() + ".",
}


@pytest.fixture(scope="module")
def loaded() -> HibariSpeech:
    return HibariSpeech()


def samples_of(narration: Narration) -> tuple[np.ndarray, int]:
    samples, rate = soundfile.read(io.BytesIO(narration.audio), dtype="float32")
    return samples, int(rate)


class TestHibariSpeech(HeardContract):
    tolerance_ms = 100
    ebbs_ms = 80

    @pytest.fixture
    def engine(self, loaded: HibariSpeech) -> HibariSpeech:
        return loaded

    @pytest.mark.parametrize("kind", TEXTS)
    def test_every_word_of_a_text_is_marked_in_order_within_the_sound(
        self, engine: HibariSpeech, kind: str
    ) -> None:
        narration = engine.synthesize(TEXTS[kind], HEART)
        self.check_sound(narration)
        self.check_marks(TEXTS[kind], narration)
        samples, _ = samples_of(narration)
        assert np.abs(samples).max() > 0.1

    def test_words_with_a_sound_of_their_own_begin_one_after_another(self, engine: HibariSpeech) -> None:
        marks = engine.synthesize(SENTENCES["en"], HEART).marks
        assert all(mark.time_ms < after.time_ms for mark, after in pairwise(marks))

    def test_the_durations_of_the_symbols_add_up_to_the_sound(self, engine: HibariSpeech) -> None:
        model = engine._model()
        symbols = "ðə snˈAl slˈɛpt."
        samples, begins_ms = model.speak(symbols, 0.8)
        assert len(begins_ms) == len(symbols) + 1
        assert all(begin <= after for begin, after in pairwise(begins_ms))
        after_last_ms = len(samples) * 1000 / model.rate - begins_ms[-1]
        assert 0 < after_last_ms < 500
        assert after_last_ms % 25 == pytest.approx(0)

    @pytest.mark.parametrize("kind", ["160 words", "160 words with commas"])
    def test_a_text_beyond_the_symbols_spoken_at_once_is_spoken_whole_and_evenly(
        self, engine: HibariSpeech, kind: str
    ) -> None:
        narration = engine.synthesize(TEXTS[kind], HEART)
        assert len(words(TEXTS[kind])) == 160
        assert narration.marks[-1].time_ms > narration.duration_ms - 1500
        times = [mark.time_ms for mark in narration.marks if mark.value.lower() == "then"]
        lengths = [after - before for before, after in pairwise(times)]
        assert max(lengths) < 1.6 * min(lengths)

    def test_a_number_takes_the_time_of_the_words_that_it_is_read_as(self, engine: HibariSpeech) -> None:
        for figures, in_words in (
            ("10:30", "ten thirty"),
            ("1984", "nineteen eighty four"),
            ("21", "twenty-one"),
        ):
            marks = engine.synthesize(f"It was {figures} when they left.", HEART).marks
            expected = engine.synthesize(f"It was {in_words} when they left.", HEART).marks
            assert marks[-3].time_ms == pytest.approx(expected[-3].time_ms, abs=120)

    @pytest.mark.parametrize(("name", "rhyme"), [("Pia", "Mia"), ("Chloe", "Joey")])
    def test_a_name_of_the_table_rhymes_as_it_should(
        self, engine: HibariSpeech, name: str, rhyme: str
    ) -> None:
        """Without the table Pia is said as in pie, and Chloe has one syllable."""
        (of_name,), (of_rhyme,) = (pronounce(text, engine._model().front_end) for text in (name, rhyme))
        assert of_name.symbols[-3:] == of_rhyme.symbols[-3:]

    def test_every_symbol_of_the_table_of_names_is_one_that_the_voice_knows(
        self, engine: HibariSpeech
    ) -> None:
        table = tomllib.loads((ROOT / "pipeline" / "data" / "english_names.toml").read_text("utf-8"))
        vocabulary = engine._model().front_end.vocabulary
        assert {symbol for symbols in table.values() for symbol in symbols} <= set(vocabulary)

    def test_a_command_of_the_front_end_is_read_as_text(self, engine: HibariSpeech) -> None:
        """The package reads [text](/symbols/) as how to pronounce a text."""
        text = "He said [cat](/dˈɔɡ/) to me."
        assert (
            engine.synthesize(text, HEART).duration_ms
            > engine.synthesize("He said cat to me.", HEART).duration_ms
        )

    def test_words_that_it_cannot_read_at_all_are_nothing_to_say(self, engine: HibariSpeech) -> None:
        with pytest.raises(EngineError) as caught:
            engine.synthesize("漢字", HEART)
        assert caught.value.problem == "nothing-to-say"

    def test_a_new_engine_gives_the_same_bytes(self, engine: HibariSpeech) -> None:
        text = TEXTS["quotes"]
        assert HibariSpeech().synthesize(text, HEART) == engine.synthesize(text, HEART)

    def test_the_audio_is_24_kilohertz_and_never_full_scale(self, engine: HibariSpeech) -> None:
        for text in TEXTS.values():
            samples, rate = samples_of(engine.synthesize(text, HEART))
            assert rate == 24000
            assert np.abs(samples).max() < 0.96

    def test_sentences_are_as_loud_as_those_of_the_other_voices(self, engine: HibariSpeech) -> None:
        """-21 LUFS by EBU R 128, the level that Kokoro's voices are brought to."""
        for kind in ("numbers", "names", "quotes", "60 words"):
            samples, rate = samples_of(engine.synthesize(TEXTS[kind], HEART))
            assert pyloudnorm.Meter(rate).integrated_loudness(samples) == pytest.approx(-21.0, abs=1.5)

    def test_an_american_voice_speaks_for_any_english(self, engine: HibariSpeech) -> None:
        british = Voice("heart", "en-GB", "hibari")
        assert engine.synthesize("Good night.", british) == engine.synthesize("Good night.", HEART)


@pytest.mark.parametrize("voice", [Voice("emma", "en-GB", "hibari"), Voice("heart", "fr", "hibari")])
def test_a_voice_that_is_not_in_the_package_is_rejected_and_not_downloaded(voice: Voice) -> None:
    with pytest.raises(RequestError) as caught:
        HibariSpeech().synthesize("Hello.", voice)
    assert caught.value.problem == "unknown-voice"


def test_a_missing_package_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hibari", None)
    engine = HibariSpeech()
    assert engine.voices() == (HEART,)
    with pytest.raises(ConfigError, match=r"'hibari-tts'.*`make setup`") as caught:
        engine.synthesize("Hello.", HEART)
    assert caught.value.problem == "missing-package"


_SPEAK = """
import sys
from pipeline.engines.registry import create
from pipeline.types import Voice
engine = create("hibari")
created = {"hibari", "onnxruntime"} & sys.modules.keys()
assert not created, created
narration = engine.synthesize("Zorbly the dragon cost $5 in 1984.", Voice("heart", "en", "hibari"))
assert len(narration.marks) == 7, narration.marks
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_it_speaks_without_espeak_phonemizer_or_kokoro_and_is_loaded_at_its_first_use() -> None:
    """Under the GPL are espeak-ng and phonemizer; an invented name takes the longest path."""
    modules = _modules_after(_SPEAK)
    assert {"hibari", "onnxruntime"} <= modules
    assert not [name for name in modules if "espeak" in name or "phonemizer" in name or "kokoro" in name]


_SPEAK_BY_DEFAULT = """
import sys
from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.engines.fake import MemoryStore
chain = build_app(Settings(), MemoryStore()).chains["en"]
assert chain.speech.synthesize("Good night.", chain.voice).marks
print(*sys.modules)
"""


def test_the_default_profile_speaks_english_without_loading_the_libraries_of_other_languages() -> None:
    modules = _modules_after(_SPEAK_BY_DEFAULT)
    assert "hibari" in modules
    assert not {"espeakng_loader", "phonemizer", "kokoro_onnx"} & modules


def _modules_after(code: str) -> set[str]:
    """The modules that a fresh process has, which prints them."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_bytes_appended_to_the_graph_make_the_durations_an_output() -> None:
    added = onnx.ModelProto.FromString(_DURATION).graph
    assert not added.node
    (output,) = added.output
    assert (output.name, output.type.tensor_type.elem_type) == ("/Cast_32_output_0", onnx.TensorProto.INT64)
