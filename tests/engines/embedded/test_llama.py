"""The local writer on real weights: SmolLM2-135M, the draft profile's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.engines.embedded.llama import LlamaText
from pipeline.engines.embedded.models import path_of
from pipeline.errors import ConfigError, EngineError
from pipeline.ports import TextEngine
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


def test_weights_are_not_needed_before_the_first_prompt() -> None:
    def weights() -> Path:
        raise AssertionError("called too early")

    engine = LlamaText("smollm2-135m", weights, parallel=2)
    assert engine.fingerprint == "llama.cpp/smollm2-135m/1"
    assert engine.parallel == 2


def test_a_completion_cut_by_max_tokens_has_the_stop_reason_length(llama: LlamaText) -> None:
    completion = llama.complete(replace(PROMPT, max_tokens=3))
    assert (completion.stop_reason, completion.completion_tokens) == ("length", 3)


def test_a_completion_that_the_model_ended_has_the_stop_reason_end(llama: LlamaText) -> None:
    completion = llama.complete(replace(PROMPT, grammar='root ::= "Good night."'))
    assert (completion.stop_reason, completion.text) == ("end", "Good night.")


def test_it_streams_rather_than_waits(llama: LlamaText) -> None:
    pieces: list[str] = []
    completion = llama.complete(PROMPT, pieces.append)
    assert completion.completion_tokens - 2 <= len(pieces) <= completion.completion_tokens


def test_a_grammar_is_held(llama: LlamaText) -> None:
    grammar = 'root ::= "1. " word "\\n2. " word\nword ::= [a-z]{3,8}'
    completion = llama.complete(replace(PROMPT, grammar=grammar, temperature=1.5))
    first, second = completion.text.split("\n")
    assert first.startswith("1. ")
    assert second.startswith("2. ")
    assert all(3 <= len(line[3:]) <= 8 and line[3:].isalpha() for line in (first, second))


def test_the_shipped_story_prompt_is_held_by_the_small_model_too(llama: LlamaText) -> None:
    """A plan, a title and numbered lines, as the grammar says, until max_tokens. One worked example of it:
    reading them all takes seconds."""
    prompt = story_prompt()
    request = prompt.prompt(StoryRequest("a shy snail"), "a shy snail", 0)
    completion = llama.complete(replace(request, examples=request.examples[:1], max_tokens=70))
    labels = [line.split(":")[0].split(".")[0] for line in completion.text.splitlines()]
    expected = [*prompt.spec["plan"], "Title", *map(str, range(1, 11))]
    assert len(labels) >= 5
    assert labels == expected[: len(labels)]
    assert prompt.parse(completion, 120).title


_LINE = "On Monday the silver fox mended the old kettle under the crooked bridge by the river."


@pytest.mark.parametrize(("dry", "copied"), [(0.0, True), (4.0, False)])
def test_dry_sampling_keeps_it_from_copying_a_worked_example(
    llama: LlamaText, dry: float, copied: bool
) -> None:
    """The grammar makes it begin with a line of the example; how it continues is its own choice."""
    completion = llama.complete(
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
    assert (completion.text == _LINE) is copied


def test_another_seed_gives_another_text(llama: LlamaText) -> None:
    """The same seed need not give the same text: sampling is not bit-stable across batch shapes."""
    hot = replace(PROMPT, temperature=1.2, max_tokens=24)
    assert len({llama.complete(replace(hot, seed=seed)).text for seed in (1, 2, 3)}) == 3


def test_odds_of_the_choices_add_up(llama: LlamaText) -> None:
    """The same question with the choices in another order: same choice, same confidence."""
    completion = llama.complete(QUESTION)
    reordered = llama.complete(replace(QUESTION, choices=("no", "yes")))
    assert completion.text == reordered.text
    assert completion.confidence == pytest.approx(reordered.confidence, abs=0.01)
    assert 0.5 <= completion.confidence <= 1.0


def test_where_no_choice_is_likely_there_is_neither_text_nor_confidence(llama: LlamaText) -> None:
    completion = llama.complete(replace(PROMPT, choices=("zebra", "quokka")))
    assert (completion.text, completion.confidence) == ("", 0.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"user": "a snail and " * 1500}, "exceeds the available context"),
        ({"grammar": "root ::= ((("}, "grammar"),
    ],
)
def test_a_prompt_that_the_model_rejects_is_one_plain_line_and_the_next_works(
    llama: LlamaText, change: dict[str, str], message: str
) -> None:
    with pytest.raises(EngineError, match=message) as caught:
        llama.complete(replace(PROMPT, **change))
    assert "\n" not in str(caught.value)
    assert "{" not in str(caught.value)
    assert caught.value.engine == "smollm2-135m"
    assert llama.complete(replace(PROMPT, max_tokens=2)).text


@pytest.mark.parametrize("damage", ["empty", "magic only", "noise", "cut"])
def test_a_corrupt_gguf_is_one_plain_line(smollm2: Path, tmp_path: Path, damage: str) -> None:
    with smollm2.open("rb") as file:
        beginning = file.read(5_000_000)
    contents = {"magic only": b"GGUF", "noise": b"GGUF" + bytes(range(256)) * 400, "cut": beginning}
    path = tmp_path / "mine.gguf"
    path.write_bytes(contents.get(damage, b""))
    with pytest.raises(ConfigError, match=r"mine\.gguf") as caught:
        LlamaText("mine", lambda: path_of(str(path), tmp_path)).complete(PROMPT)
    assert caught.value.problem == "corrupt-weights"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["/nowhere.gguf", "smollm2-135m"])
def test_missing_weights_are_an_error_in_every_call(tmp_path: Path, name: str) -> None:
    engine = LlamaText("x", lambda: path_of(name, tmp_path))
    for _ in range(2):
        with pytest.raises(ConfigError) as caught:
            engine.complete(PROMPT)
        assert caught.value.problem == "missing-weights"


class EnoughError(Exception):
    """Raised by a listener."""


def test_an_error_of_a_listener_stops_the_completion_and_is_raised(llama: LlamaText) -> None:
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

def report(piece):
    print("piece", flush=True)

try:
    LlamaText("smollm2-135m", lambda: Path(sys.argv[1])).complete(
        Prompt("t@1", "", "Count.", max_tokens=1500, grammar="root ::= [a-z ]+ [.]"), report)
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_ctrl_c_during_a_completion_is_a_keyboard_interrupt(smollm2: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTED, str(smollm2)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout
    assert child.stdout.readline() == b"piece\n"
    os.kill(child.pid, signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert (child.returncode, errors) == (130, b"")
