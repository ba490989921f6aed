"""What was read is kept for the next process: whole, or not at all. On the draft profile's real writer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.engines.embedded.llama import LlamaText
from pipeline.story.prompt import story_prompt
from pipeline.types import Prompt, StoryRequest


@pytest.fixture
def prompt() -> Prompt:
    asked = story_prompt().prompt(StoryRequest("a shy snail"), "a shy snail", 0)
    # As the worked examples begin: sampling is not bit-stable across batch shapes, but of this it is sure.
    return replace(asked, examples=asked.examples[:1], grammar="", temperature=0.0, max_tokens=2)


def writer(weights: Path, folder: Path) -> LlamaText:
    return LlamaText("smollm2-135m", lambda: weights, parallel=2, readings=folder)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_writer_goes_on_from_what_another_has_read(
    smollm2: Path, tmp_path: Path, prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "readings"
    first = writer(smollm2, folder).complete(prompt)
    (kept,) = names(folder)
    read = count_reading(monkeypatch)
    again = writer(smollm2, folder).complete(prompt)
    assert again.text == first.text
    assert read == [1]  # of about 600 tokens: llama.cpp reads the last one always
    assert names(folder) == [kept]


def test_a_damaged_file_is_made_again(
    smollm2: Path, tmp_path: Path, prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = writer(smollm2, tmp_path).complete(prompt)
    (kept,) = tmp_path.iterdir()
    data = bytearray(kept.read_bytes())
    data[len(data) // 2] ^= 0xFF
    kept.write_bytes(data)
    read = count_reading(monkeypatch)
    assert writer(smollm2, tmp_path).complete(prompt).text == first.text
    assert read == [first.prompt_tokens]
    assert len(names(tmp_path)) == 1


def test_a_file_that_llama_cpp_does_not_take_is_no_fault(
    smollm2: Path, tmp_path: Path, prompt: Prompt, caplog: pytest.LogCaptureFixture
) -> None:
    first = writer(smollm2, tmp_path).complete(prompt)
    (kept,) = tmp_path.iterdir()
    system = kept.name.split("-")[0]
    kept.unlink()
    # SHA-256 of nothing: a file that is what its name says, and no state.
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    (tmp_path / f"{system}-{empty}.bin").touch()
    assert writer(smollm2, tmp_path).complete(prompt).text == first.text
    assert "cannot restore" in caplog.text


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_where_nothing_can_be_kept_it_writes_all_the_same(
    smollm2: Path, tmp_path: Path, prompt: Prompt, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    assert writer(smollm2, tmp_path / where).complete(replace(prompt, examples=())).text
    assert "is not kept" in caplog.text


def test_the_newest_twelve_are_kept(smollm2: Path, tmp_path: Path, prompt: Prompt) -> None:
    for number in range(12):
        (tmp_path / f"old{number}-0.bin").touch()
    engine = writer(smollm2, tmp_path)
    engine.complete(prompt)
    engine.complete(replace(prompt, system=f"{prompt.system} Be brief."))
    assert len(names(tmp_path)) == 12
    assert sum(not name.startswith("old") for name in names(tmp_path)) == 2


def count_reading(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tokens of each prompt llama.cpp says that it read anew, from here on."""
    from pipeline.engines.embedded.completions import StreamedCompletion

    read: list[int] = []
    take = StreamedCompletion._add

    def noted(self: StreamedCompletion, event: dict[str, object]) -> None:
        timings = event.get("timings")
        if isinstance(timings, dict):
            read.append(timings["prompt_n"])
        take(self, event)

    monkeypatch.setattr(StreamedCompletion, "_add", noted)
    return read
