"""`stories catalog` as a person runs it, on the fake profile."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli.__main__ import main
from pipeline.engines.fake import FakeSpeech
from pipeline.errors import DamagedError, EngineError
from tests.command import ROOT, Done, Stories

CATALOG = """name: tales
locales: [en, fr]
publish: {review: none}
entries:
- a shy snail
- context: a brave teapot
  tags: [kitchen]
"""


class Command:
    """In this process: a new one for each call would take a second."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def __call__(self, *arguments: str) -> Done:
        files = (".yaml", ".csv", ".jsonl")
        verb, *rest = [str(self.folder / word) if word.endswith(files) else word for word in arguments]
        self._capsys.readouterr()
        place = ["--profile", "fake", "--out", str(self.folder / "out")]
        status = main(["catalog", verb, *place, *rest])
        return Done(status, *self._capsys.readouterr())

    def listed(self) -> set[tuple[str, str]]:
        cards = (self.folder / "out" / "catalogs" / "published" / "cards").glob("*/*.json")
        assert (self.folder / "out" / "catalogs" / "published" / "editions").is_dir()
        return {(path.stem, path.parent.name) for path in cards}


@pytest.fixture
def catalog(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    (tmp_path / "tales.yaml").write_text(CATALOG, "utf-8")
    return Command(tmp_path, capsys)


def run_id(done: Done) -> str:
    match = re.search(r"run (tales-\d{8}-\d{6}-[0-9a-f]{6})", done.err + done.out)
    assert match
    return match[1]


def test_check_summarises_a_catalog(catalog: Command) -> None:
    done = catalog("check", "tales.yaml")
    assert done.status == 0
    assert "tales: 2 entries, 2 stories; review: none; no budget; at most 0 may fail" in done.out
    assert [line.split() for line in done.out.splitlines()[-2:]] == [
        ["en", "2", "0", "2"],
        ["fr", "2", "0", "2"],
    ]
    assert not (catalog.folder / "out").exists()


def test_check_lists_every_fault_with_its_line(catalog: Command) -> None:
    faults = "".join(f"- {{context: idea {number}, colour: red}}\n" for number in range(60))
    (catalog.folder / "tales.yaml").write_text(f"{CATALOG}- a shy snail\n{faults}", "utf-8")
    done = catalog("check", "tales.yaml")
    assert done.problem == "bad-catalog"
    lines = done.out.splitlines()
    assert lines[0].startswith("tales.yaml:8: the same story as line 5")
    assert [line.split(":")[1] for line in lines] == [str(number) for number in range(8, 69)]
    assert "has 61 faults" in done.err


@pytest.mark.parametrize("verb", ["estimate", "run"])
def test_faulty_catalog_is_neither_estimated_nor_run(catalog: Command, verb: str) -> None:
    (catalog.folder / "tales.yaml").write_text(CATALOG + "- {context: x, colour: red}\n", "utf-8")
    done = catalog(verb, "tales.yaml")
    assert (done.problem, done.out) == ("bad-catalog", "")
    assert "line 8: colour: not known here" in done.err
    assert not (catalog.folder / "out").exists()


def test_missing_file_is_reported(catalog: Command) -> None:
    done = catalog("check", "none.yaml")
    assert done.problem == "bad-catalog"
    assert "No such file" in done.err


def test_estimate_prints_calls_time_money_and_its_limits(catalog: Command) -> None:
    done = catalog("estimate", "tales.yaml")
    assert done.status == 0
    assert re.search(r"^speak +fake/speech/1 +36 ", done.out, re.MULTILINE)
    assert "2 stories, 4 with their languages" in done.out
    assert "it does not know your machine" in done.err
    assert not (catalog.folder / "out").exists()


def test_run_publishes_only_with_the_option(catalog: Command) -> None:
    done = catalog("run", "tales.yaml")
    assert done.status == 0
    assert f"tales, run {run_id(done)}: green\n4 made\n" in done.out
    page = Path(re.search(r"^report: (.+)$", done.err, re.MULTILINE)[1])  # type: ignore[index]
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert f"not published; to do so: stories catalog publish {run_id(done)}" in done.err
    assert not (catalog.folder / "out" / "catalogs").exists()
    again = catalog("run", "tales.yaml", "--publish")
    assert "4 made before" in again.out
    assert "4 stories × languages are listed" in again.err
    assert len(catalog.listed()) == 4


def test_due_review_comes_before_publishing(catalog: Command) -> None:
    (catalog.folder / "tales.yaml").write_text(CATALOG.replace("none", "all"), "utf-8")
    done = catalog("run", "tales.yaml", "--publish")
    run = run_id(done)
    assert done.status == 0
    assert f"`stories catalog publish {run} --except ID`" in done.out
    assert "review.html" in done.err
    assert not (catalog.folder / "out" / "catalogs").exists()
    (story_id, *_) = re.findall(r"\(en, `([0-9a-f]{12})`\)", done.out)
    published = catalog("publish", run, "--except", f"{story_id}/en")
    assert published.err == "3 stories × languages are listed, 1 withheld\n"
    assert len(catalog.listed()) == 3


def test_unknown_id_after_except_publishes_nothing(catalog: Command) -> None:
    run = run_id(catalog("run", "tales.yaml"))
    done = catalog("publish", run, "--except", "deadbeef")
    assert done.problem == "bad-id"
    assert "nothing was published" in done.err
    assert not (catalog.folder / "out" / "catalogs").exists()


def test_withdraw_unlists_a_published_run(catalog: Command) -> None:
    run = run_id(catalog("run", "tales.yaml", "--publish"))
    assert catalog("withdraw", run).status == 0
    assert catalog("withdraw", "another").problem == "not-found"
    done = catalog("publish", run)
    assert done.problem == "bad-request"
    assert "was withdrawn" in done.err


def test_red_run_has_its_own_status_and_lists_each_failure(
    catalog: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mute(self: FakeSpeech, text: str, voice: object) -> object:
        if "teapot" in text.lower():
            raise EngineError("no voice\x1b[2J for\nthis")
        return synthesize(self, text, voice)  # type: ignore[arg-type]

    synthesize = FakeSpeech.synthesize
    monkeypatch.setattr(FakeSpeech, "synthesize", mute)
    done = catalog("run", "tales.yaml")
    assert done.problem == "red-run"
    assert "2 made, 2 failed" in done.out
    failed = [line.split() for line in done.out.splitlines() if " speak " in line]
    assert [(line[0], line[2], line[4], line[5]) for line in failed] == [
        ("6", "en", "engine", "1"),
        ("6", "fr", "engine", "1"),
    ]
    assert "\x1b" not in done.out
    monkeypatch.setattr(FakeSpeech, "synthesize", synthesize)
    again = catalog("run", "tales.yaml")
    assert (again.status, "2 made, 2 made before" in again.out) == (0, True)


def test_budget_stops_a_run_cleanly(catalog: Command) -> None:
    done = catalog("run", "tales.yaml", "--budget", "0")
    assert done.status == 0
    assert "stopped by its budget\n4 left by the budget" in done.out


def test_report_is_of_the_newest_run_or_of_the_given_run(catalog: Command) -> None:
    assert "no runs yet" in catalog("runs").err
    assert catalog("report").problem == "not-found"
    first = run_id(catalog("run", "tales.yaml", "--budget", "0"))
    second = run_id(catalog("run", "tales.yaml", "--chunk-size", "1"))
    rows = [re.split(r"  +", line) for line in catalog("runs").out.splitlines()]
    assert [(row[0], row[1], row[-1]) for row in rows[1:]] == [
        (second, "tales", "green"),
        (first, "tales", "stopped by budget"),
    ]
    assert f"run {second}: green" in catalog("report").out
    # Everything of the first run's catalog is there by now, whoever made it.
    assert f"run {first}: green\n4 made" in catalog("report", first).out


@pytest.mark.parametrize(
    "options", [["--chunk-size", "0"], ["--budget", "-1"], ["--budget", "nan"], ["--budget", "x"]]
)
def test_invalid_amounts_are_refused(catalog: Command, options: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        catalog("run", "tales.yaml", *options)
    assert caught.value.code == 2


def test_ctrl_c_reports_what_is_made_and_the_same_command_goes_on(stories: Stories) -> None:
    (stories.directory / "tales.yaml").write_text(CATALOG, "utf-8")
    command = ("catalog", "run", "tales.yaml", "--chunk-size", "1")
    (running,) = stories.paced(*command, seconds=0.05)
    assert running.stderr
    while "chunk 1 of 2: 2 made" not in (line := running.stderr.readline()):
        assert line, "it ended before it was stopped"
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert re.search(r"^report: .+report\.html$", err, re.MULTILINE)
    assert "the same command goes on" in err
    assert "Traceback" not in err
    done = stories(*command)
    assert done.status == 0
    assert "2 made, 2 made before" in done.out


def test_two_runs_of_a_catalog_at_once_pay_for_each_call_once(stories: Stories) -> None:
    """Of one story: the fake's stories share sentences, and no lock is held across stories."""
    text = "name: tales\nlocales: [en, fr, it]\npublish: {review: none}\nentries:\n- a shy snail\n"
    alone = Stories(stories.directory / "alone")
    alone.directory.mkdir()
    calls = []
    for place, count in ((alone, 1), (stories, 2)):
        (place.directory / "tales.yaml").write_text(text, "utf-8")
        running = place.paced("catalog", "run", "tales.yaml", "--publish", seconds=0.01, count=count)
        ended = [process.communicate(timeout=120)[1] for process in running]
        assert [process.returncode for process in running] == [0] * count
        calls.append(sum(err.count("calling ") for err in ended))
    assert calls[0] == calls[1] > 30
    reports = [*stories.out.glob("runs/*/report.json")]
    assert [json.loads(path.read_text("utf-8"))["verdict"] for path in reports] == ["green", "green"]
    for name in ("stories", "catalogs/published/cards"):
        paths = (
            {path.relative_to(out / name) for path in (out / name).rglob("*")}
            for out in (alone.out, stories.out)
        )
        assert next(paths) == next(paths)


def test_help_lists_commands_and_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["catalog", "--help"])
    text = capsys.readouterr().out
    for verb in ("check", "estimate", "run", "report", "publish", "withdraw", "runs"):
        assert re.search(rf"^ +{verb} ", text, re.MULTILINE)
    assert "stories catalog estimate catalogs/bedtime.yaml" in text


def test_example_catalogs_of_the_repository_are_valid(catalog: Command) -> None:
    files = sorted((ROOT / "catalogs").iterdir())
    assert {file.suffix for file in files} == {".yaml", ".csv", ".jsonl"}
    for file in files:
        assert catalog("check", str(file)).status == 0, file.name


def test_start_imports_nothing_that_only_a_catalog_needs() -> None:
    script = "import sys, pipeline.cli.__main__; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    heavy = {"pydantic", "yaml", "jinja2", "matplotlib", "pipeline.batch.survey", "pipeline.batch.runs"}
    assert heavy & set(done.stdout.split()) == set()


def test_each_story_of_a_run_is_a_file_and_what_is_there_stays(catalog: Command) -> None:
    run = run_id(catalog("run", "tales.yaml"))
    books = catalog.folder / "books"
    books.mkdir()
    arguments = ("export", run, "--format", "vtt", "--folder", str(books))
    assert catalog(*arguments, "--locale", "fr").status == 0
    first = {path.name: path.read_bytes() for path in books.iterdir()}
    assert len(first) == 2
    assert all(name.endswith(".fr.vtt") for name in first)
    (books / min(first)).write_text("mine")
    done = catalog(*arguments)
    assert "2 files written, 2 were there before" in done.err
    assert (books / min(first)).read_text() == "mine"
    assert len(list(books.iterdir())) == 4
    assert catalog(*arguments, "--overwrite").status == 0
    assert {path.name: path.read_bytes() for path in books.glob("*.fr.vtt")} == first


def test_withheld_stories_stay_and_damaged_ones_are_named_beside_the_others(catalog: Command) -> None:
    run = run_id(catalog("run", "tales.yaml"))
    ids = sorted(path.name for path in (catalog.folder / "out" / "stories").iterdir())
    catalog("publish", run, "--except", f"{ids[0]}/en")
    (catalog.folder / "out" / "stories" / ids[1] / "fr" / "manifest.json").write_bytes(b"{")
    done = catalog("export", run, "--format", "vtt", "--folder", str(catalog.folder), "--locale", "en")
    assert done.status == 0
    assert [ids[1][:8] in path.name for path in catalog.folder.glob("*.vtt")] == [True]
    done = catalog("export", run, "--format", "vtt", "--folder", str(catalog.folder), "--locale", "fr")
    assert done.status == DamagedError.exit_status
    assert f"stories/{ids[1]}/fr/manifest.json was damaged" in done.err
    assert len(list(catalog.folder.glob("*.fr.vtt"))) == 1


def test_an_unknown_run_and_a_missing_folder_are_refused(catalog: Command) -> None:
    place = ("--format", "vtt", "--folder")
    assert catalog("export", "another", *place, str(catalog.folder)).problem == "not-found"
    assert catalog("export", "another", *place, str(catalog.folder / "none")).problem == "bad-file"
