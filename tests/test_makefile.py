"""The two commands as a newcomer types them: `make` alone teaches, and an idea arrives word for word."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def make(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    assert shutil.which("make"), "make is one of the four things a machine needs"
    # The environment that runs this test stands in for .venv, so that nothing is installed here.
    own = Path(sys.executable).parent
    return subprocess.run(
        ["make", "--no-print-directory", "-o", f"{own.parent}/.story", f"VENV={own.parent}", *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_make_alone_prints_the_targets() -> None:
    told = make().stdout
    assert all(
        f"make {target}" in told for target in ("story", "test", "setup", "lint", "lock", "bench-quick")
    )


@pytest.mark.parametrize(
    "idea",
    [
        'a dog called O\'Neil who says "woof"',
        "a cat; touch pwned",
        "the $HOME of a snail",
        "a pig named $(shell id) or `id`",
        "a 100% sleepy owl",
        "--help for a lost kite",
        "back\\slash the whale",
        "# the mouse under the floor",
    ],
)
def test_an_idea_reaches_the_story_word_for_word(idea: str, tmp_path: Path) -> None:
    done = make("story", "PROFILE=fake", "ARGS=--json", f"CONTEXT={idea}", STORIES_OUT=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["context"] == idea
    assert not (ROOT / "pwned").exists()


def test_an_error_in_the_idea_keeps_its_words_and_no_traceback(tmp_path: Path) -> None:
    done = make("story", "PROFILE=fake", "CONTEXT=<b>a cat</b>", STORIES_OUT=str(tmp_path))
    assert done.returncode != 0
    assert "markup" in done.stderr
    assert "Traceback" not in done.stderr
    assert not any(tmp_path.rglob("*.json"))


def test_the_local_aws_takes_arguments_of_its_own() -> None:
    told = make("-n", "aws-local", "ARGS=--hostnames --endpoint-delay 20").stdout
    assert "-m infra.local_aws --backing draft --env .aws-local.env --hostnames --endpoint-delay 20" in told
