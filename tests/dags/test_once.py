"""`make catalog`: the DAG without a server, as a person starts it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from pipeline.bootstrap import build_store
from pipeline.config.settings import Settings
from tests.dags.airflows import listed
from tests.dags.conftest import DAGS

# The same program with slow fakes that write down each call, and a start that waits for the other process.
_SLOW = """
import os, runpy, sys, time
from pathlib import Path
from pipeline import bootstrap
from pipeline.engines import fake

folder = Path(sys.argv.pop(1))

def noted(name, method):
    def call(self, asked, *told, **more):
        with (folder / "calls").open("a") as file:
            file.write(f"{name} {asked!r} {told if name == 'translate' else ''}\\n")
        time.sleep(0.05)
        return method(self, asked, *told, **more)
    return call

methods = {fake.FakeText: "complete", fake.FakeTranslation: "translate", fake.FakeSpeech: "synthesize"}
for kind, name in methods.items():
    setattr(kind, name, noted(name, getattr(kind, name)))

build = bootstrap.build_batch

def together(settings):
    (folder / f"here-{os.getpid()}").touch()
    until = time.monotonic() + 90
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


def test_two_runs_of_one_catalog_at_once_pay_for_each_call_once(tmp_path: Path) -> None:
    catalog = tmp_path / "twice.yaml"
    catalog.write_text("locales: [en, fr, it]\npublish: {review: none}\nentries:\n- a shy snail\n", "utf-8")
    slow = ("-c", _SLOW, str(tmp_path))
    arguments = ("--profile", "fake", "--", str(catalog))
    running = [program(*arguments, folder=tmp_path, before=slow) for _ in range(2)]
    told = [one.communicate(timeout=150)[1] for one in running]
    assert [one.returncode for one in running] == [0, 0], told
    calls = (tmp_path / "calls").read_text("utf-8").splitlines()
    assert len(calls) == len(set(calls)) > 30
    store = build_store(Settings(profile="fake", out=tmp_path / "out"))
    assert len(listed(store)) == 3
    reports = [json.loads(store.get(key)) for key in store.list("runs/") if key.endswith("/report.json")]
    assert [one["verdict"] for one in reports] == ["green", "green"]
    # A person sees what was done, and where to look; Airflow's thousand lines are elsewhere.
    assert all(
        "publish: 3 stories" in one and "report.html" in one and len(one.splitlines()) < 12 for one in told
    )


def test_a_catalog_that_is_none_is_told_before_airflow_starts(tmp_path: Path) -> None:
    running = program("--profile", "fake", "--", str(tmp_path / "gone.yaml"), folder=tmp_path)
    _, told = running.communicate(timeout=30)
    assert running.returncode > 0
    assert told.splitlines() == [
        f"make catalog: cannot read {tmp_path / 'gone.yaml'}: No such file or directory"
    ]


def test_a_red_run_ends_with_a_status_and_says_where_airflow_s_log_lies(tmp_path: Path) -> None:
    catalog = tmp_path / "one.yaml"
    catalog.write_text("entries:\n- a shy snail\n", "utf-8")
    (tmp_path / "out").write_text("a file where a folder is to be")
    running = program("--profile", "fake", "--", str(catalog), folder=tmp_path)
    _, told = running.communicate(timeout=150)
    assert running.returncode == 1
    assert "choose another folder" in told
    log = (tmp_path / told.splitlines()[-1].rpartition("log: ")[2]).resolve()
    assert "Task failed with exception" in log.read_text("utf-8")
    shutil.rmtree(log.parent)
