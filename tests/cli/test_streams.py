"""Output streams that are closed, full, or left by their reader: a sentence, a status, no traceback."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from pipeline.errors import OutputError
from tests.command import Done, Stories

IDEA = "'a shy snail'"
FULL = "/dev/full"  # every write fails with ENOSPC: full(4) of the Linux manual


def shell(stories: Stories, line: str) -> Done:
    """`stories` in a line of bash; the status is that of the first command of a pipe."""
    command = f"{shlex.quote(sys.executable)} -m pipeline.cli {line}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], **stories.settings())
    assert "Traceback" not in done.stdout + done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "line",
    [
        "list >&-",
        f"make {IDEA} --json >&-",
        f"make {IDEA} > {FULL}",
        f"make {IDEA} --json > {FULL}",
        f"locales > {FULL}",
        f"--help > {FULL}",
        f"catalog --help > {FULL}",
        f"doctor > {FULL}",
    ],
)
def test_lost_output_is_said_on_stderr_with_its_own_status(stories: Stories, line: str) -> None:
    done = shell(stories, line)
    assert (done.status, done.out) == (OutputError.exit_status, "")
    assert "stdout" in done.complaints[-1]
    assert done.complaints[-1].endswith("[output]")


@pytest.mark.parametrize(
    "line",
    [
        f"make {IDEA} --json 2>&-",
        f"make {IDEA} --json 2> {FULL}",
        f"show dead 2> {FULL}",
        f"sing 2> {FULL}",
        "list 2>&-",
    ],
)
def test_lost_messages_are_said_on_stdout_with_the_same_status(stories: Stories, line: str) -> None:
    done = shell(stories, line)
    assert (done.status, done.err) == (OutputError.exit_status, "")
    (sentence,) = done.out.splitlines()
    assert sentence.startswith("stories: ")
    assert "stderr" in sentence


@pytest.mark.parametrize("line", ["list >&- 2>&-", f"--help > {FULL} 2> {FULL}"])
def test_the_status_remains_where_both_streams_are_lost(stories: Stories, line: str) -> None:
    assert shell(stories, line) == Done(OutputError.exit_status, "", "")


def test_a_closed_stream_starts_nothing_and_a_full_one_loses_no_story(stories: Stories) -> None:
    shell(stories, f"make {IDEA} >&-")
    assert not stories.out.exists()
    shell(stories, f"make {IDEA} > {FULL}")
    assert "stories: " not in shell(stories, f"make {IDEA}").err
    assert len([name for name in stories.files() if name.endswith("manifest.json")]) == 1


@pytest.mark.parametrize("pipe", ["| true", "2>&1 | true"])
def test_work_goes_on_when_the_reader_of_a_pipe_leaves(stories: Stories, pipe: str) -> None:
    done = shell(stories, f"make {IDEA} --locale en --locale fr {pipe}")
    assert (done.status, done.complaints) == (0, [])
    assert len([name for name in stories.files() if name.endswith("manifest.json")]) == 2
