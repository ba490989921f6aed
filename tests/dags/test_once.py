"""`make catalog`: the DAG without a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from pipeline.bootstrap import build_store
from pipeline.config.settings import Settings
from pipeline.errors import RequestError
from tests.dags.airflows import Airflow, listed
from tests.dags.conftest import DAGS

# The same program with fakes that log each call, and a start that waits for the other process.
_SLOW = """
import os, runpy, sys, time
from pathlib import Path
from pipeline import bootstrap
from pipeline.engines import fake

folder = Path(sys.argv.pop(1))

def logged(name, method):
    def call(self, request, *others, **more):
        with (folder / "calls").open("a") as file:
            file.write(f"{name} {request!r} {others if name == 'translate' else ''}\\n")
        time.sleep(0.01)
        return method(self, request, *others, **more)
    return call

methods = {fake.FakeText: "complete", fake.FakeTranslation: "translate", fake.FakeSpeech: "synthesize"}
for kind, name in methods.items():
    setattr(kind, name, logged(name, getattr(kind, name)))

build = bootstrap.build_batch

def together(settings):
    (folder / f"here-{os.getpid()}").touch()
    until = time.monotonic() + 250
    while len(list(folder.glob("here-*"))) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    return build(settings)

bootstrap.build_batch = together
sys.argv[0] = str(Path(sys.argv[1]))
del sys.argv[1]
sys.path.insert(0, str(Path(sys.argv[0]).parent))
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def program(*arguments: str, folder: Path, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("STORIES_", "AIRFLOW"))
    }
    environ |= {"STORIES_OUT": str(folder / "out"), "PYTHONPATH": str(DAGS.parent)}
    command = [sys.executable, *before, str(DAGS / "story_catalog_once.py"), *arguments]
    return subprocess.Popen(
        command, cwd=folder, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_two_simultaneous_runs_of_one_catalog_pay_for_each_call_once(tmp_path: Path) -> None:
    catalog = tmp_path / "twice.yaml"
    catalog.write_text("locales: [en, fr, it]\npublish: {review: none}\nentries:\n- a shy snail\n", "utf-8")
    slow = ("-c", _SLOW, str(tmp_path))
    arguments = ("--profile", "fake", "--", str(catalog))
    running = [program(*arguments, folder=tmp_path, before=slow) for _ in range(2)]
    messages = [process.communicate(timeout=300)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], messages
    calls = (tmp_path / "calls").read_text("utf-8").splitlines()
    assert len(calls) == len(set(calls)) > 30
    store = build_store(Settings(profile="fake", out=tmp_path / "out"))
    assert len(listed(store)) == 3
    reports = [json.loads(store.get(key)) for key in store.list("runs/") if key.endswith("/report.json")]
    assert [report["verdict"] for report in reports] == ["green", "green"]
    # The terminal shows what was done and where the report is, without Airflow's own log.
    for text in messages:
        assert "publish: 3 stories" in text
        assert "report.html" in text
        assert len(text.splitlines()) < 12


def test_missing_catalog_is_reported_before_airflow_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], airflow_home: Path
) -> None:
    import story_catalog_once

    missing = tmp_path / "gone.yaml"
    status = story_catalog_once.main(["--profile", "fake", "--", str(missing)])
    assert status == RequestError.exit_status
    cause = f"cannot read {missing}: No such file or directory [bad-catalog]"
    assert capsys.readouterr().err == f"make catalog: {cause}\n"


def test_red_run_ends_with_status_1_and_tells_where_the_log_is(
    tmp_path: Path, airflow: Airflow, capfd: pytest.CaptureFixture[str]
) -> None:
    import story_catalog_once

    out = tmp_path / "file"
    out.write_text("a file in place of a folder")
    airflow.patch.setattr(story_catalog_once, "_HOMES", tmp_path)
    airflow.patch.chdir(tmp_path)
    with patch.dict(os.environ, {"STORIES_OUT": str(out)}):
        status = story_catalog_once.main(["--profile", "fake", "--", str(airflow.catalog("a shy snail"))])
    err = capfd.readouterr().err
    assert status == 1
    assert "choose another folder" in err
    assert (tmp_path / err.splitlines()[-1].rpartition("log: ")[2]).name == "airflow.log"
    assert list(tmp_path.glob("once-*/airflow.log"))
