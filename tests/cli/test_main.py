"""The command as a process: its start, its help, Ctrl-C, two at once, pipes, arguments that are not UTF-8."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys

import pytest

from tests.command import Done, Stories

IDEA = "a shy snail"


def test_help_names_every_command(stories: Stories) -> None:
    done = stories.process("--help")
    assert done.status == 0
    for command in (
        "make",
        "list",
        "show",
        "play",
        "locales",
        "publish",
        "serve",
        "models",
        "doctor",
        "cost",
    ):
        assert re.search(rf"^ +{command} ", done.out, re.MULTILINE)


def test_start_imports_no_heavy_package() -> None:
    heavy = {"numpy", "xllamacpp", "tqdm", "lingua", "onnxruntime", "mutagen", "urllib3", "kokoro_onnx"}
    heavy |= {"tomlkit", "dotenv", "boto3", "pandas", "matplotlib", "pydantic", "aws_lambda_powertools"}
    script = "import sys, pipeline.cli.__main__; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert heavy & set(done.stdout.split()) == set()


@pytest.mark.parametrize(
    "arguments", [["make", IDEA, "--variant", "x"], ["make", IDEA, "--new", "--variant", "1"], ["sing"], []]
)
def test_a_command_line_that_cannot_be_parsed_ends_with_2(stories: Stories, arguments: list[str]) -> None:
    done = stories(*arguments)
    assert done.status == 2
    assert "usage: " in done.err
    assert "Traceback" not in done.err


def test_debug_shows_the_traceback(stories: Stories) -> None:
    done = stories("make", "!!!", "--debug")
    assert done.status == 1
    assert "RequestError: the idea holds no words" in done.err


def test_a_missing_package_is_named(stories: Stories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    done = stories("make", IDEA)
    assert (done.problem, "'tqdm'" in done.err) == ("missing-package", True)


def test_a_missing_module_of_ours_is_a_bug(stories: Stories, monkeypatch: pytest.MonkeyPatch) -> None:
    def build_store(_: object) -> None:
        raise ModuleNotFoundError(name="pipeline.nowhere")

    monkeypatch.setattr("pipeline.cli.stories.build_store", build_store)
    done = stories("list")
    assert (done.status, "Traceback" in done.err) == (1, True)


def test_arguments_that_are_not_utf8(stories: Stories) -> None:
    assert stories.process("make", b"a c\xe2t").problem == "control-characters"
    assert stories.process("make", IDEA, "--model", b"/n\xf6where.gguf").problem == "missing-weights"
    assert stories.process("make", IDEA, "--model", b"n\xf6where").problem == "unknown-weights"


def test_an_ascii_terminal_still_prints_the_story(stories: Stories) -> None:
    ascii_only = stories.environment(PYTHONIOENCODING="ascii")
    for arguments in (["make", "l'été"], ["make", "l'été", "--json"]):
        done = stories.process(*arguments, env=ascii_only)
        assert (done.status, "Traceback" in done.err) == (0, False), done.err
    assert done.manifests[0]["context"] == "l'été"


@pytest.mark.parametrize("command", ["locales", "make --help"])
def test_a_reader_that_closes_the_pipe_is_no_failure(stories: Stories, command: str) -> None:
    line = f"{shlex.quote(sys.executable)} -m pipeline.cli {command} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], **stories.settings())
    assert (done.stdout, done.stderr) == ("0\n", "")


@pytest.mark.parametrize("hold", ["complete 1", "translate 1", "synthesize 4"])
def test_ctrl_c_stops_at_once_and_the_same_command_continues(stories: Stories, hold: str) -> None:
    complete = Stories(stories.directory / "complete")
    complete.directory.mkdir()
    command = ("make", IDEA, "--locale", "fr", "--json")
    expected = complete(*command).out
    (process,) = stories.paced(*command, hold=hold)
    assert process.stderr
    name, number = hold.split()
    calls = 0
    while calls < int(number):
        line = process.stderr.readline()
        assert line, "it ended before it was stopped"
        calls += f"calling {name}" in line
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, "")
    assert Done(130, out, err).complaints == ["stories: stopped; the same command goes on where it stopped"]
    assert "Traceback" not in err
    assert not [name for name in stories.files() if "manifest" in name or ".tmp-" in name]
    cached = len([name for name in stories.files() if name.startswith("cache/")])
    (process,) = stories.paced(*command)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (0, expected)
    assert err.count("calling ") == 5 + 1 + 10 - cached


def test_two_processes_with_the_same_story_make_one_manifest(stories: Stories) -> None:
    command = ("make", IDEA, "--locale", "en", "--locale", "fr", "--json")
    processes = stories.paced(*command, seconds=0.02, count=2)
    done = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert done[0][0] == done[1][0]
    # The second waited for the first: together they made the calls that one alone needs.
    assert sum(err.count("calling ") for _, err in done) == 5 + 1 + 20
    names = stories.files()
    for locale in ("en", "fr"):
        assert len([name for name in names if name.endswith(f"/{locale}/manifest.json")]) == 1
        assert len([name for name in names if f"/{locale}/" in name and name.endswith(".mp3")]) == 1
    assert not [name for name in names if ".tmp-" in name]
    assert stories(*command).out == done[0][0]
