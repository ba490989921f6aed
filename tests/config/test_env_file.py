"""`.env`: our settings are read, others are not, and the environment takes precedence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.config import env_file, project
from pipeline.errors import ConfigError
from tests.command import ROOT, Stories


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


def in_folder(stories: Stories) -> dict[str, str]:
    """The command's environment as a person has it, with its folder's .env."""
    environ = stories.environment()
    for name in ("STORIES_PROFILE", env_file.VARIABLE):
        environ.pop(name, None)
    (stories.directory / ".env").write_text(
        "STORIES_PROFILE=no-such-profile\nSTORIES_ORIGIN=https://else.test\n"
    )
    return environ


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for the project's folder."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    monkeypatch.setattr(project, "folder", lambda: folder)
    return folder


def test_the_project_s_folder_is_the_checkout_and_an_installed_wheel_has_none(tmp_path: Path) -> None:
    assert project.folder() == ROOT
    target = tmp_path / "site-packages" / "pipeline" / "config"
    target.mkdir(parents=True)
    (target / "project.py").write_text(Path(project.__file__).read_text("utf-8"), "utf-8")
    program = "import runpy, sys; print(runpy.run_path(sys.argv[1])['folder']())"
    command = [sys.executable, "-c", program, str(target / "project.py")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "None\n"


@pytest.mark.usefixtures("checkout")
def test_a_file_in_the_folder_where_a_command_starts_is_named_and_not_read(stories: Stories) -> None:
    done = stories("list", "--profile", "fake", env=in_folder(stories))
    assert done.status == 0
    assert f"{stories.directory / '.env'} is not read" in done.err
    (stories.directory / ".env").write_text("OTHER=1\n")
    assert "not read" not in stories("list", env=in_folder(stories) | {env_file.VARIABLE: ""}).err


def test_the_project_s_file_is_read_in_every_folder_and_what_weighs_is_said(
    stories: Stories, checkout: Path
) -> None:
    environ = in_folder(stories)
    (stories.directory / ".env").unlink()
    secret = "STORIES_WRITER_KEY=s3cret\nSTORIES_CHECKS=report\nSTORIES_OUT=elsewhere\nAWS_REGION=eu-west-1\n"
    (checkout / ".env").write_text(f"{secret}STORIES_PROFILE=fake\nSTORIES_ORIGIN=https://else.test\n")
    done = stories("list", env=environ | {"STORIES_PROFILE": "fake"})
    assert done.err.splitlines()[0] == (
        f"Settings from {checkout / '.env'}: STORIES_CHECKS, STORIES_OUT, STORIES_ORIGIN"
    )
    assert "s3cret" not in done.err
    (checkout / ".env").write_text("STORIES_ENDPOINT=my-falcon\nAWS_REGION=eu-west-1\n")
    assert "Settings from" not in stories("list", env=environ | {"STORIES_PROFILE": "fake"}).err


def test_a_file_is_read_where_an_option_names_it(stories: Stories) -> None:
    environ = in_folder(stories)
    done = stories("list", "--env-file", ".env", env=environ)
    assert done.problem == "unknown-profile"
    assert f"Settings from {stories.directory / '.env'}: STORIES_PROFILE, STORIES_ORIGIN" in done.err
    assert stories("list", "--env-file", "none.env", env=environ).problem == "config"
    assert stories("list", "--env-file", "", env=environ | {"STORIES_PROFILE": "fake"}).err.count(".env") == 0


def test_a_named_file_that_is_not_there_is_said(stories: Stories) -> None:
    done = stories("list", env=stories.environment(STORIES_ENV_FILE="none.env"))
    assert done.status == 0
    assert "none.env is not there: STORIES_ENV_FILE names it" in done.err


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_new_file_is_for_its_owner_alone_and_an_old_one_keeps_its_mode(mask: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        (tmp_path / "old").touch(0o640)
        old = (tmp_path / "old").stat().st_mode
        for name in ("new", "old"):
            env_file.write(tmp_path / name, {"STORIES_ENDPOINT": "x"})
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "old").stat().st_mode == old
