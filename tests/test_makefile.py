"""The commands as a newcomer types them: `make` lists targets, ideas arrive word for word, set-up heals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra import setup

ROOT = Path(__file__).parent.parent


def make(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    assert shutil.which("make"), "make is one of the four things a machine needs"
    # The environment that runs this test stands in for .venv, so that nothing is installed here.
    return subprocess.run(
        ["make", "--no-print-directory", "SETUP=:", f"VENV={Path(sys.executable).parent.parent}", *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_make_alone_prints_the_targets() -> None:
    output = make().stdout
    targets = ("story", "test", "test-quick", "setup", "lint", "lock", "bench-quick")
    assert all(f"make {target}" in output for target in targets)


@pytest.mark.parametrize(
    "idea",
    [
        'a dog called O\'Neil who says "woof"; touch pwned',
        "a 100% sleepy pig named $(shell id) or `id` in the $HOME of back\\slash",
        "--help for a lost kite",
        "# the mouse under the floor",
    ],
)
def test_idea_reaches_the_story_word_for_word(idea: str, tmp_path: Path) -> None:
    done = make("story", "PROFILE=fake", "ARGS=--json", f"CONTEXT={idea}", STORIES_OUT=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["context"] == idea
    assert not (ROOT / "pwned").exists()


def test_refused_idea_gives_a_message_and_no_traceback(tmp_path: Path) -> None:
    done = make("story", "PROFILE=fake", "CONTEXT=<b>a cat</b>", STORIES_OUT=str(tmp_path))
    assert done.returncode != 0
    assert "markup" in done.stderr
    assert "Traceback" not in done.stderr
    assert not any(tmp_path.rglob("*.json"))


def test_local_aws_takes_arguments_of_its_own() -> None:
    commands = make("-n", "aws-local", "ARGS=--hostnames --endpoint-delay 20").stdout
    arguments = "--backing draft --env .aws-local.env --hostnames --endpoint-delay 20"
    assert f"-m infra.local_aws {arguments}" in commands


def test_airflow_has_workers_of_its_own_and_not_those_of_the_tests() -> None:
    command = make("-n", "airflow", "EXECUTOR=celery").stdout
    assert "-m infra.airflow --executor celery --workers 2 " in command
    assert "-m pytest -n 3 " in make("-n", "test", "WORKERS=2").stdout


@pytest.mark.parametrize(
    ("given", "parameters"),
    [
        (
            "BEDROCK=eu.amazon.nova-lite-v1:0",
            "Writer=bedrock BedrockModel=amazon.nova-lite-v1:0 BedrockProfile=eu",
        ),
        (
            "BEDROCK=amazon.nova-lite-v1:0",
            "Writer=bedrock BedrockModel=amazon.nova-lite-v1:0 BedrockProfile=none",
        ),
        ("ENDPOINT=falcon", "Writer=sagemaker EndpointName=falcon"),
    ],
)
def test_a_deployment_has_the_writer_that_is_named(given: str, parameters: str) -> None:
    """All of them each time: what is left out keeps the value of the deployment before."""
    assert f" {parameters} " in make("-n", "deploy-built", "STAGE=dev", given).stdout


def test_every_documented_target_has_all_that_it_depends_on() -> None:
    documented = [line.split()[1] for line in make("help").stdout.splitlines()]
    assert len(documented) > 25
    for target in (*documented, "deploy-built"):
        done = make("-n", "STAGE=dev", "ENDPOINT=falcon", target)
        assert done.returncode == 0, done.stderr


# Stubs that the project's folder holds as venv.py and pip.py, and pip installs as uv: no network, no seconds.
VENV = """
import os, sys
from pathlib import Path

folder, python = Path(sys.argv[1]), os.path.realpath(sys._base_executable)
(folder / "bin").mkdir(parents=True)
(folder / "bin" / "python").symlink_to(python)
(folder / "pyvenv.cfg").write_text(f"home = {os.path.dirname(python)}\\n")
(folder / "lib" / f"python3.{sys.version_info.minor}" / "site-packages").mkdir(parents=True)
"""
PIP = """
import sys
from pathlib import Path

uv = Path(sys.prefix, "bin", "uv")
uv.write_text(f"#!{sys.executable}\\n" + Path("uv.stub").read_text())
uv.chmod(0o755)
"""
UV = """
import os, sys, sysconfig, time
from pathlib import Path

with open("uv.log", "a") as log:
    print(*sys.argv[1:], file=log)
if "-e" in sys.argv:
    Path(sysconfig.get_path("purelib"), "project.pth").write_text(os.getcwd())
if os.environ.get("UV_FAILS"):
    sys.exit("no network")
if os.environ.get("UV_HANGS"):
    Path("hanging").touch()
    time.sleep(600)
"""


class Project:
    """A folder with the set-up script, an empty package, a lock, and stubs of venv, pip and uv."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "infra").mkdir(parents=True)
        shutil.copy(setup.__file__, folder / "infra")
        (folder / "pipeline").mkdir()
        files = {
            "venv.py": VENV,
            "pip.py": PIP,
            "uv.stub": UV,
            "pipeline/__init__.py": "",
            "pyproject.toml": "",
        }
        for name, text in {**files, "requirements-story.txt": "uv==1.0\n"}.items():
            (folder / name).write_text(text)

    def start(self, **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "infra/setup.py", "story"],
            cwd=self.folder,
            env={**os.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def set_up(self) -> str:
        process = self.start()
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        return output

    def installations(self) -> int:
        """How often uv was called: twice a set-up, for the lock and for the project."""
        return len((self.folder / "uv.log").read_text().splitlines())


def test_set_up_survives_a_kill_two_at_once_and_a_move(tmp_path: Path) -> None:
    project = Project(tmp_path / "clone")
    killed = project.start(UV_HANGS="1")
    deadline = time.monotonic() + 60
    while not (project.folder / "hanging").exists():
        assert killed.poll() is None, killed.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=60)
    assert project.installations() == 1

    both = [project.start(), project.start()]
    outputs = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sorted(output for output, _ in outputs) == ["", "Setting up .venv (once)\n"]
    assert project.installations() == 3

    project.folder = project.folder.rename(tmp_path / "moved")
    assert project.set_up() == "Setting up .venv (once)\n"
    assert project.set_up() == ""

    (project.folder / "pyproject.toml").write_text("# changed")
    failing = project.start(UV_FAILS="1")
    assert "could not be set up" in failing.communicate(timeout=60)[1]
    assert project.set_up() == ""  # a failed download does not cost the environment
    assert project.installations() == 7


def test_environment_without_a_working_python_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    setup.write_stamp(venv, {"folder": str(tmp_path), "files": {}})
    assert not setup.is_ready(venv, ())
    (venv / "bin" / "python").symlink_to(sys.executable)
    assert setup.is_ready(venv, ())
    (venv / setup.STAMP).write_text("{")
    assert not setup.is_ready(venv, ())


def test_cache_goes_into_the_project_where_the_home_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.touch()  # a file: not even root writes below it
    for name in ("XDG_CACHE_HOME", "UV_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    assert setup.environment()["UV_CACHE_DIR"] == str(ROOT / "build" / "uv-cache")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "UV_CACHE_DIR" not in setup.environment()


def test_unfit_python_is_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "SUPPORTED", ((4, 0), (4, 1)))
    with pytest.raises(SystemExit, match=r"make PYTHON=python3\.12"):
        setup.create(tmp_path / ".venv", print)


def test_story_is_set_up_before_it_is_made() -> None:
    assert "infra/setup.py story" in make("-n", "SETUP=python3 infra/setup.py", "story").stdout
