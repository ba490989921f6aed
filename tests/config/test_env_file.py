"""`.env`: our settings are read, others are not, and the environment takes precedence."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config import env_file
from pipeline.errors import ConfigError
from tests.command import Stories


def filled(folder: Path, text: str, **environ: str) -> dict[str, str]:
    """The environment after its folder's file was read."""
    (folder / ".env").write_text(text)
    env_file.fill(environ, folder)
    return environ


def test_only_our_names_and_the_aws_region_are_read(tmp_path: Path) -> None:
    ours = "# mine\nSTORIES_ENDPOINT='my-falcon'\nAWS_REGION=eu-west-1\n"
    environ = filled(tmp_path, ours + "AWS_SECRET_ACCESS_KEY=s3cret\nPATH=/tmp\n")
    assert environ == {"STORIES_ENDPOINT": "my-falcon", "AWS_REGION": "eu-west-1"}


def test_the_environment_takes_precedence(tmp_path: Path) -> None:
    environ = filled(tmp_path, "STORIES_ENDPOINT=file\nSTORIES_BUCKET=b\n", STORIES_ENDPOINT="shell")
    assert environ == {"STORIES_ENDPOINT": "shell", "STORIES_BUCKET": "b"}


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_a_region_of_the_environment_takes_precedence_under_either_name(name: str, tmp_path: Path) -> None:
    text = "AWS_REGION=eu-west-1\nAWS_DEFAULT_REGION=eu-west-1\nAWS_PROFILE=mine\n"
    assert filled(tmp_path, text, **{name: "us-west-2"}) == {name: "us-west-2", "AWS_PROFILE": "mine"}


def test_a_variable_names_another_file_or_none(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("STORIES_BUCKET=other\n")
    text = "STORIES_BUCKET=usual\n"
    assert filled(tmp_path, text, STORIES_ENV_FILE=str(tmp_path / "other"))["STORIES_BUCKET"] == "other"
    assert filled(tmp_path, text, STORIES_ENV_FILE="") == {"STORIES_ENV_FILE": ""}


def test_without_a_file_nothing_changes(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    env_file.fill(environ, tmp_path)
    assert environ == {}


def test_write_keeps_the_other_lines_and_reads_back(tmp_path: Path) -> None:
    file = tmp_path / "new" / ".env"
    env_file.write(file, {"STORIES_ENDPOINT": "old"})
    file.write_text(f"# mine\nTOKEN='it''s'\n{file.read_text()}LAST=1")
    env_file.write(file, {"STORIES_ENDPOINT": "a-falcon", "STORIES_OUT": "a b's $HOME"})
    lines = file.read_text().splitlines()
    assert lines[:2] == ["# mine", "TOKEN='it''s'"]
    assert "LAST=1" in lines
    assert sum("STORIES_ENDPOINT" in line for line in lines) == 1
    assert env_file.read(file) == {"STORIES_ENDPOINT": "a-falcon", "STORIES_OUT": "a b's $HOME"}


def test_a_file_that_cannot_be_read_or_written_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"STORIES_BUCKET=\xff\xfe\n")
    with pytest.raises(ConfigError, match=f"set {env_file.VARIABLE} to another"):
        env_file.read(file)
    (tmp_path / "folder").write_text("")
    with pytest.raises(ConfigError, match="choose another env_file"):
        env_file.write(tmp_path / "folder" / ".env", {"STORIES_BUCKET": "b"})


def test_check_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "strange").write_bytes(b"\xff\xfe\n")
    for bad in (tmp_path, tmp_path / "file" / ".env", tmp_path / "strange"):
        with pytest.raises(ConfigError, match="choose another env_file"):
            env_file.check(bad)
    for good in (tmp_path / "file", tmp_path / ".env", tmp_path / "new" / "folder" / ".env"):
        env_file.check(good)
    assert {each.name for each in tmp_path.iterdir()} == {"file", "strange"}


def test_the_command_reads_the_file_of_its_working_directory(stories: Stories) -> None:
    (stories.directory / ".env").write_text("STORIES_PROFILE=no-such-profile\n")
    environ = stories.environment()
    for name in ("STORIES_PROFILE", env_file.VARIABLE):
        environ.pop(name, None)
    done = stories("list", env=environ)
    assert done.problem == "unknown-profile"
    assert "no-such-profile" in done.err
