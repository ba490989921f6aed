"""The local writer on real weights: SmolLM2-135M, the draft profile's. They must be here: `make test`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.engines.embedded.llama import LlamaText
from pipeline.engines.embedded.models import path_of
from pipeline.engines.fake import MemoryStore
from pipeline.errors import ConfigError, EngineError
from pipeline.ports import TextEngine
from pipeline.storage.cache import CachedText
from pipeline.story.prompt import story_prompt
from pipeline.types import StoryRequest
from tests.engines.contracts.text_contract import PROMPT, QUESTION, TextContract


@pytest.fixture(scope="module")
def llama(smollm2: Path) -> LlamaText:
    return LlamaText("smollm2-135m", lambda: smollm2)


class TestLlamaText(TextContract):
    @pytest.fixture
    def engine(self, llama: LlamaText) -> TextEngine:
        return llama


class TestCachedLlamaText(TextContract):
    @pytest.fixture
    def engine(self, llama: LlamaText) -> TextEngine:
        return CachedText(llama, MemoryStore())


def test_weights_are_not_asked_for_before_the_first_prompt() -> None:
    def weights() -> Path:
        raise AssertionError("too early")

    engine = LlamaText("smollm2-135m", weights, parallel=2)
    assert engine.fingerprint == "llama.cpp/smollm2-135m/1"
    assert engine.parallel == 2


def test_an_answer_cut_by_max_tokens_says_so(llama: LlamaText) -> None:
    told = llama.complete(replace(PROMPT, max_tokens=3))
    assert (told.stop_reason, told.completion_tokens) == ("length", 3)


def test_an_answer_that_the_model_ended_says_so(llama: LlamaText) -> None:
    told = llama.complete(replace(PROMPT, grammar='root ::= "Good night."'))
    assert (told.stop_reason, told.text) == ("end", "Good night.")


def test_it_streams_rather_than_waits(llama: LlamaText) -> None:
    pieces: list[str] = []
    told = llama.complete(PROMPT, pieces.append)
    assert told.completion_tokens - 2 <= len(pieces) <= told.completion_tokens


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_grammar_is_held(llama: LlamaText, seed: int) -> None:
    grammar = 'root ::= "1. " word "\\n2. " word\nword ::= [a-z]{3,8}'
    told = llama.complete(replace(PROMPT, grammar=grammar, seed=seed, temperature=1.5))
    first, second = told.text.split("\n")
    assert first.startswith("1. ")
    assert second.startswith("2. ")
    assert all(3 <= len(line[3:]) <= 8 and line[3:].isalpha() for line in (first, second))


def test_the_shipped_story_prompt_is_held_by_the_small_model_too(llama: LlamaText) -> None:
    """Whatever it rambles: a plan, a title and numbered lines, as the grammar says, until max_tokens."""
    prompt = story_prompt()
    told = llama.complete(
        replace(prompt.prompt(StoryRequest("a shy snail"), "a shy snail", 0), max_tokens=200)
    )
    assert 600 < told.prompt_tokens < 1600
    labels = [line.split(":")[0].split(".")[0] for line in told.text.splitlines()]
    wanted = [*prompt.spec["plan"], "Title", *map(str, range(1, 11))]
    assert len(labels) > 5
    assert labels == wanted[: len(labels)]
    assert prompt.parse(told, 120).title


_LINE = "On Monday the silver fox mended the old kettle under the crooked bridge by the river."


@pytest.mark.parametrize(("dry", "copied"), [(0.0, True), (4.0, False)])
def test_dry_sampling_keeps_it_from_copying_a_worked_example(
    llama: LlamaText, dry: float, copied: bool
) -> None:
    """What the grammar makes it write first is a line of the example; how it goes on is its own choice."""
    told = llama.complete(
        replace(
            PROMPT,
            examples=(("Tell the line.", _LINE),) * 3,
            user="Tell the line.",
            grammar='root ::= "On Monday the silver fox mended" [^\\n]+ "."',
            temperature=0.0,
            max_tokens=40,
            dry=dry,
        )
    )
    assert (told.text == _LINE) is copied


def test_another_seed_tells_another_story(llama: LlamaText) -> None:
    """And the same one need not tell the same: sampling is not bit-stable across batch shapes."""
    hot = replace(PROMPT, temperature=1.2, max_tokens=24)
    assert len({llama.complete(replace(hot, seed=seed)).text for seed in (1, 2, 3)}) == 3


def test_odds_of_the_choices_add_up(llama: LlamaText) -> None:
    """The same question with the choices the other way round: same winner, same confidence."""
    one = llama.complete(QUESTION)
    other = llama.complete(replace(QUESTION, choices=("no", "yes")))
    assert one.text == other.text
    assert one.confidence == pytest.approx(other.confidence, abs=0.01)
    assert 0.5 <= one.confidence <= 1.0


def test_where_no_choice_is_likely_the_answer_is_none_without_confidence(llama: LlamaText) -> None:
    answer = llama.complete(replace(PROMPT, choices=("zebra", "quokka")))
    assert (answer.text, answer.confidence) == ("", 0.0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"user": "a snail and " * 1500}, "exceeds the available context"),
        ({"grammar": "root ::= ((("}, "grammar"),
    ],
)
def test_what_the_model_cannot_take_is_one_plain_line_and_it_goes_on(
    llama: LlamaText, change: dict[str, str], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EngineError, match=told) as caught:
        llama.complete(replace(PROMPT, **change))
    assert "\n" not in str(caught.value)
    assert "{" not in str(caught.value)
    assert caught.value.engine == "smollm2-135m"
    assert llama.complete(replace(PROMPT, max_tokens=2)).text


def _empty(_: bytes) -> bytes:
    return b""


def _only_magic(_: bytes) -> bytes:
    return b"GGUF"


def _noise(_: bytes) -> bytes:
    return b"GGUF" + bytes(range(256)) * 400


def _cut(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


@pytest.mark.parametrize("damage", [_empty, _only_magic, _noise, _cut])
def test_a_corrupt_gguf_is_one_plain_line(
    smollm2: Path, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(damage(smollm2.read_bytes()))
    with pytest.raises(ConfigError, match=r"mine\.gguf") as caught:
        LlamaText("mine", lambda: path_of(str(path), tmp_path)).complete(PROMPT)
    assert caught.value.problem == "corrupt-weights"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["/nowhere.gguf", "smollm2-135m"])
def test_missing_weights_say_what_to_do(tmp_path: Path, name: str) -> None:
    engine = LlamaText("x", lambda: path_of(name, tmp_path))
    for _ in range(2):
        with pytest.raises(ConfigError) as caught:
            engine.complete(PROMPT)
        assert caught.value.problem == "missing-weights"


class EnoughError(Exception):
    """What a listener may raise."""


def test_what_a_listener_raises_stops_the_answer_and_comes_out(llama: LlamaText) -> None:
    pieces: list[str] = []

    def listen(piece: str) -> None:
        pieces.append(piece)
        if len(pieces) == 3:
            raise EnoughError

    with pytest.raises(EnoughError):
        llama.complete(PROMPT, listen)
    assert len(pieces) == 3
    assert llama.complete(replace(PROMPT, max_tokens=2)).text


_INTERRUPTED = """
import sys
from pathlib import Path
from pipeline.engines.embedded.llama import LlamaText
from pipeline.types import Prompt

def told(piece):
    print("heard", flush=True)

try:
    LlamaText("smollm2-135m", lambda: Path(sys.argv[1])).complete(
        Prompt("t@1", "", "Count.", max_tokens=1500, grammar="root ::= [a-z ]+ [.]"), told)
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_ctrl_c_in_mid_answer_is_a_keyboard_interrupt_at_once(smollm2: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTED, str(smollm2)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout
    assert child.stdout.readline() == b"heard\n"
    os.kill(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=10)
    assert (child.returncode, said) == (130, b"")
