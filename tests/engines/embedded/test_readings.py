"""The writer's state after a long prompt is kept for the next process. On real weights: SmolLM2-135M."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipeline.engines.embedded.completions import StreamedCompletion
from pipeline.engines.embedded.llama import LlamaText
from pipeline.types import Completion, Prompt

# Long enough to be worth keeping. Of its continuation the model is sure, so that batch shapes do not matter.
PROMPT = Prompt(
    name="test@1",
    system="You count. " + "One two three four five six seven eight nine ten. " * 26,
    user="Count to ten.",
    examples=(("Count to ten.", "One two three four five six seven eight nine ten."),),
    temperature=0.0,
    max_tokens=2,
)


@dataclass
class Saved:
    """A folder with the one file that a first writer saved there."""

    folder: Path
    completion: Completion

    @property
    def file(self) -> Path:
        (path,) = self.folder.iterdir()
        return path


def writer(weights: Path, folder: Path) -> LlamaText:
    return LlamaText("smollm2-135m", lambda: weights, parallel=2, readings=folder)


@pytest.fixture(scope="module")
def original(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    folder = tmp_path_factory.mktemp("saved") / "readings"
    completion = writer(smollm2, folder).complete(PROMPT)
    assert completion.prompt_tokens > 300
    return Saved(folder, completion)


@pytest.fixture
def saved(original: Saved, tmp_path: Path) -> Saved:
    return Saved(shutil.copytree(original.folder, tmp_path / "readings"), original.completion)


@pytest.fixture
def read_tokens(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tokens of each prompt llama.cpp reports that it read anew."""
    read: list[int] = []
    add = StreamedCompletion._add

    def recorded(self: StreamedCompletion, event: dict[str, object]) -> None:
        timings = event.get("timings")
        if isinstance(timings, dict):
            read.append(timings["prompt_n"])
        add(self, event)

    monkeypatch.setattr(StreamedCompletion, "_add", recorded)
    return read


def test_a_new_writer_does_not_read_what_another_has_read(
    smollm2: Path, saved: Saved, read_tokens: list[int]
) -> None:
    name = saved.file.name
    assert writer(smollm2, saved.folder).complete(PROMPT).text == saved.completion.text
    assert read_tokens == [1]  # llama.cpp always reads the last one
    assert saved.file.name == name


def test_a_damaged_file_is_replaced_and_only_the_newest_twelve_are_kept(
    smollm2: Path, saved: Saved, read_tokens: list[int]
) -> None:
    path = saved.file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    for number in range(12):
        (saved.folder / f"old{number}-0.bin").touch()
    assert writer(smollm2, saved.folder).complete(PROMPT).text == saved.completion.text
    assert read_tokens == [saved.completion.prompt_tokens]
    paths = list(saved.folder.iterdir())
    assert len(paths) == 12
    (new,) = [path for path in paths if not path.name.startswith("old")]
    assert new.read_bytes() != data


def test_a_file_that_llama_cpp_rejects_is_no_fault(
    smollm2: Path, saved: Saved, caplog: pytest.LogCaptureFixture
) -> None:
    prompt = saved.file.name.split("-")[0]
    saved.file.unlink()
    # SHA-256 of nothing: a file whose name is right, and which is no state.
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    (saved.folder / f"{prompt}-{empty}.bin").touch()
    assert writer(smollm2, saved.folder).complete(PROMPT).text == saved.completion.text
    assert "cannot restore" in caplog.text


def test_where_nothing_can_be_kept_it_writes_all_the_same(
    smollm2: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    assert writer(smollm2, tmp_path / "file" / "below").complete(replace(PROMPT, system="")).text
    assert "is not kept" in caplog.text
