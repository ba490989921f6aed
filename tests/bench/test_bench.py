"""The harness itself, on numbers worked out by hand. No time is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import tomllib
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from bench import bare, machine, narration, report, voices
from bench.figures import Finding, Result, Spread, Target, interleaved, ratios, spread
from bench.listener import lateness_ms
from bench.processes import Worker
from bench.tape import Tape
from pipeline.config.profiles import profile
from pipeline.engines.embedded.models import find
from pipeline.story.text import sentences, words

TEXTS = tomllib.loads((Path(report.__file__).parent / "narration.toml").read_text("utf-8"))


def test_spread_is_median_lowest_and_highest() -> None:
    assert spread([3.0, 1.0, 10.0]) == Spread(3.0, 1.0, 10.0, 3)
    assert spread([4.0, 1.0, 2.0, 9.0]) == Spread(3.0, 1.0, 9.0, 4)


def test_spread_of_no_figures_is_an_error() -> None:
    with pytest.raises(ValueError, match="no figures"):
        spread([])


def test_ratios_are_taken_within_each_pair() -> None:
    """Not of the medians: 4 / 3 would be their ratio here."""
    assert ratios([(2.0, 1.0), (9.0, 3.0), (4.0, 8.0)]) == Spread(2.0, 0.5, 3.0, 3)


def test_pairs_run_in_turn() -> None:
    ran: list[str] = []

    def side(name: str) -> Any:
        return lambda number: ran.append(f"{name}{number}") or len(ran)

    assert interleaved(side("a"), side("b"), 3) == [(1, 2), (3, 4), (5, 6)]
    assert ran == ["a0", "b0", "a1", "b1", "a2", "b2"]


@pytest.mark.parametrize(
    ("target", "figure", "met"),
    [
        (Target(1.05), 1.05, True),
        (Target(1.05), 1.051, False),
        (Target(2, at_least=True), 2.0, True),
        (Target(2, at_least=True), 1.99, False),
        (Target(0), 0, True),
        (Target(0), 1, False),
    ],
)
def test_target_is_met_at_its_bound_and_missed_beyond(target: Target, figure: float, met: bool) -> None:
    assert target.met(figure) is met


FINDINGS = [
    Finding("overhead", "one story", Spread(1.023, 1.01, 1.2, 3), "", Target(1.05)),
    Finding("batch", "8 stories", Spread(1.1, 1.0, 1.3, 3), "×", Target(2, at_least=True), "why it is so"),
    Finding("memory", "peak", Spread(2.5, 2.5, 2.5, 1), "GB"),
]


MACHINE = {"cpu": "a slow processor", "packages": {"x": "1"}}


def test_missed_target_is_in_the_table() -> None:
    _, overhead, batch, memory, note = report.table([report.record("", 0, Result(FINDINGS))]).splitlines()
    assert overhead.split() == "overhead: one story 1.02 1.01 to 1.2 3 ≤ 1.05 met".split()
    assert batch.split() == "batch: 8 stories 1.1 × 1 to 1.3 3 ≥ 2 MISSED".split()
    assert memory.split() == "memory: peak 2.5 GB 2.5 to 2.5 1".split()
    assert note == "  batch: why it is so"


def test_saved_results_have_machine_command_verdicts_and_notes(tmp_path: Path) -> None:
    records = {"a": report.record("python -m bench a", 0.5, Result(FINDINGS, {"a": [1]}))}
    report.save(records, MACHINE, tmp_path)
    saved = json.loads((tmp_path / "results.json").read_text())["records"]["a"]
    assert [finding["verdict"] for finding in saved["findings"]] == ["met", "MISSED", ""]
    assert saved["details"] == {"a": [1]}
    page = (tmp_path / "results.md").read_text()
    for part in (
        "python -m bench a",
        "cpu: a slow processor",
        "packages: x 1",
        "| **MISSED** |",
        "why it is so",
    ):
        assert part in page


def test_saved_results_are_kept_on_the_same_machine_only(tmp_path: Path) -> None:
    records = {"a": report.record("python -m bench a", 0.5, Result(FINDINGS, {"a": [1]}))}
    assert report.kept(MACHINE, tmp_path) == {}
    report.save(records, MACHINE, tmp_path)
    again = report.kept(MACHINE, tmp_path)
    assert report.markdown(again, MACHINE) == report.markdown(records, MACHINE)
    assert report.kept({**MACHINE, "packages": {"x": "2"}}, tmp_path) == {}


def test_machine_is_described() -> None:
    description = machine.describe()
    assert description["cpu"]
    assert description["cores"] >= 1
    assert description["memory"] > 1e8
    assert description["packages"]["numpy"][0].isdigit()


def call(verb: str, began: float, ended: float) -> dict[str, Any]:
    return {"verb": verb, "began": began, "ended": ended}


def test_overlapping_calls_are_replayed_overlapping() -> None:
    """The first two wait for each other: one after the other they would break the barrier."""
    both = threading.Barrier(2, timeout=20)
    over: list[str] = []

    def beside(_: Any) -> str:
        both.wait()
        over.append("beside")
        return "beside"

    def after(_: Any) -> str:
        over.append("after")
        return "after"

    calls = [call("beside", 0, 5), call("beside", 1, 4), call("after", 5, 6), call("after", 6, 7)]
    wall, seconds, answers = bare.replay(calls, {"beside": beside, "after": after})
    assert over == answers == ["beside", "beside", "after", "after"]
    assert len(seconds) == 4
    assert wall > 0


def test_sequential_calls_are_replayed_in_sequence() -> None:
    running = threading.Semaphore(1)

    def alone(_: Any) -> None:
        assert running.acquire(blocking=False)
        running.release()

    bare.replay([call("alone", n, n + 1) for n in range(50)], {"alone": alone})


def test_failed_replay_raises() -> None:
    def broken(_: Any) -> None:
        raise RuntimeError("no model")

    with pytest.raises(RuntimeError, match="no model"):
        bare.replay([call("broken", 0, 1)], {"broken": broken})


def test_tape_is_read_back_in_order_with_its_bytes(tmp_path: Path) -> None:
    tape = Tape()
    steps = [("set_bit_rate", (64,)), ("encode", (b"\x00\xff",)), ("flush", ())]
    with tape.call("encode", steps=steps), tape.call("speak", symbols="həlˈoʊ"):
        pass
    tape.save(tmp_path / "tape.json")
    first, second = bare.read(tmp_path / "tape.json")["calls"]
    assert first["steps"] == [["set_bit_rate", [64]], ["encode", [b"\x00\xff"]], ["flush", []]]
    assert (second["verb"], second["symbols"]) == ("speak", "həlˈoʊ")
    assert first["ended"] >= second["ended"]


def test_failed_call_is_recorded() -> None:
    tape = Tape()
    with pytest.raises(RuntimeError), tape.call("complete", body="{}"):
        raise RuntimeError
    assert [entry["verb"] for entry in tape.calls] == ["complete"]


def test_tokens_come_from_the_usage_event() -> None:
    events = [
        {"choices": [{"delta": {"content": "Once"}}]},
        json.dumps([{"choices": []}, {"choices": [], "usage": {"completion_tokens": 7}}]),
    ]
    assert bare.tokens(events) == 7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“Hello?” she called: it's Ruby-Rose!", "hello she called it s ruby rose"),
        ("L'île — où ? Là…", "l île où là"),
        ("Straße", "strasse"),
        ("e\u0301te\u0301", "été"),
        ("في جزيرةٍ، بعيدة؟", "في جزيرةٍ بعيدة"),
    ],
)
def test_only_words_are_compared(text: str, expected: str) -> None:
    assert narration.plain(text) == expected


@pytest.mark.parametrize(
    ("text", "transcript", "rate"),
    [
        ("The cat, the ship.", "the cat the ship", 0.0),
        ("one two three four", "one two tree four", 0.25),
        ("one two three four", "one two four", 0.25),
        ("one two three four", "one and two and three four", 0.5),
        ("one two three four", "", 1.0),
    ],
)
def test_error_rate_counts_substituted_deleted_and_inserted_words(
    text: str, transcript: str, rate: float
) -> None:
    assert narration.error_rate(text, transcript) == rate


def test_sizes_of_the_recognizers_files_add_up() -> None:
    assert sum(size for _, size in narration.FILES) == find(narration.WEIGHTS).size


def test_each_locale_of_the_default_profile_has_a_text() -> None:
    assert TEXTS.keys() == profile("embedded")["locales"].keys()


@pytest.mark.parametrize("locale", TEXTS)
def test_text_is_as_long_as_a_story(locale: str) -> None:
    text = " ".join(TEXTS[locale]["text"].split())
    assert 65 <= len(words(text)) <= 120
    assert len(sentences(text)) == 8
    assert unicodedata.is_normalized("NFC", text)
    assert not any(char.isdigit() for char in text), "a figure may be heard as a word"


def test_output_of_libraries_does_not_disturb_a_workers_replies() -> None:
    with Worker("tests.bench.echo") as worker:
        assert worker.request(text="a snail")["text"] == "a snail"
        assert worker.request(text="Übung")["text"] == "Übung"


def test_dead_worker_is_an_error() -> None:
    with Worker("tests.bench.echo") as worker, pytest.raises(RuntimeError, match="died"):
        worker.request(text="die")


PATCHED = """
import sys
from bench.tape import Tape, tap
tape = Tape()
tap(tape)
assert not {"xllamacpp", "kokoro_onnx", "hibari", "lameenc", "fxtranslate"} & sys.modules.keys()
import lameenc
encoder = lameenc.Encoder()
encoder.set_bit_rate(64)
encoder.set_in_sample_rate(24000)
encoder.set_channels(1)
encoder.silence()
mp3 = encoder.encode(bytes(48000)) + encoder.flush()
(call,) = tape.calls
assert [name for name, _ in call["steps"]][-2:] == ["encode", "flush"]
from bench.bare import Libraries
assert Libraries().encode(call) == bytes(mp3)
"""


def test_recorded_library_is_loaded_when_used_and_replays_alike() -> None:
    subprocess.run([sys.executable, "-c", PATCHED], check=True, cwd=Path(report.__file__).parents[1])


def test_the_bench_of_voices_reads_twenty_stories_and_sentences_of_each_kind() -> None:
    texts = voices.stories()
    assert len(texts) == len(set(texts)) == 20
    assert all(80 <= len(words(text)) <= 120 for text in texts)
    hard = voices.hard_sentences()
    assert all(row.keys() in ({"text"}, {"text", "read"}) for rows in hard.values() for row in rows)
    assert all(55 <= len(words(row["text"])) <= 65 for row in hard["60 words"])


def test_marks_are_compared_with_the_words_that_were_heard_right() -> None:
    marks = [("One", 50.0), ("small", 300.0), ("Mouse", 600.0)]
    assert lateness_ms(marks, [("one", 20.0), ("tall", 320.0), ("mouse.", 650.0)]) == [30.0, -50.0]


SPOKEN = """
import numpy as np
from bench.bare import Libraries
from bench.tape import Tape, tap
tape = Tape()
tap(tape)
from pipeline.engines.registry import create
from pipeline.types import Voice
create("hibari").synthesize("A snail. A cat.", Voice("heart", "en", "hibari"))
first, second = tape.calls
assert first["verb"] == "speak_english" and first["ended"] <= second["began"]
libraries = Libraries()
libraries.load([first])
assert np.abs(libraries.speak_english(first)).max() > 0.1
"""


def test_each_sentence_that_the_english_voice_speaks_is_recorded_and_replays() -> None:
    subprocess.run([sys.executable, "-c", SPOKEN], check=True, cwd=Path(report.__file__).parents[1])
