"""What notebooks keep in MLflow, against MLflow's own server over HTTP."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ConfigError
from pipeline.notebooks import tracking
from pipeline.notebooks.experiment import measures, promotion, tracked
from pipeline.notebooks.experiment.candidates import Arm
from pipeline.notebooks.experiment.decision import Decision
from pipeline.notebooks.experiment.intervals import Interval
from pipeline.notebooks.tracking import Record
from pipeline.story.prompt import story_prompt
from tests.notebooks.experiment.frames import rows, table

ARMS = (Arm(story_prompt("story@1"), "today's"), Arm(story_prompt("falcon@1"), "short"))
# MLflow and what it imports.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


# MLflow's own server, on a free port, which it prints. Its database is not synced to the disk: creating it
# then takes a second instead of twelve.
SERVE = """
from mlflow.server import app
from sqlalchemy import Engine, event
from werkzeug.serving import make_server
event.listen(Engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
server = make_server("127.0.0.1", 0, app, threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address."""
    folder = tmp_path_factory.mktemp("mlflow")
    settings = {
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{folder}/server.db",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(folder),
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
    }
    command = [sys.executable, "-W", "ignore", "-c", SERVE]
    environ = {**os.environ, **settings}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        import mlflow  # noqa: F401 - meanwhile: it takes seconds

        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.terminate()


def compared() -> Any:
    frame = table(
        rows("story@1", [0.0] * 10 + [1.0] * 10),
        rows("falcon@1", [1.0] * 20, title="The <b>Snail</b>"),
    )
    return frame.assign(repetition=0.0)


def test_each_arm_is_a_run_with_its_intervals_and_stories(
    server: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import mlflow
    from matplotlib.figure import Figure

    logging.getLogger("mlflow.tracking").addHandler(caplog.handler)  # MLflow's do not reach the root
    frame = compared()
    whole = tracked.comparison(
        "fake", "fake/1", "story@1", "falcon@1", Decision(True, ("better",)), {"rates": Figure()}
    )
    parts = tracked.arms(frame, ARMS, "search", "story@1")
    sentence = tracking.keep(tracked.EXPERIMENT, whole, parts, tmp_path, server)
    assert server in sentence
    assert caplog.messages == []  # sagemaker-mlflow would warn at each request
    logging.getLogger("mlflow.tracking").removeHandler(caplog.handler)
    client = mlflow.MlflowClient(server)
    experiment = client.get_experiment_by_name("story prompts")
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert set(runs) == {"fake: falcon@1 against story@1", "story@1, search", "falcon@1, search"}
    expected = measures.level(frame, "story@1", "accepted")
    metrics = runs["story@1, search"].data.metrics
    assert metrics["accepted"] == 0.5
    assert (metrics["accepted_low"], metrics["accepted_high"]) == (expected.low, expected.high)
    assert runs["falcon@1, search"].data.params["temperature"] == "0.4"
    parent = runs["fake: falcon@1 against story@1"]
    assert parent.data.tags["decision"] == "promote"
    assert [file.path for file in client.list_artifacts(parent.info.run_id)] == ["rates.png"]
    run_id = runs["falcon@1, search"].info.run_id
    stories = json.loads(Path(client.download_artifacts(run_id, "stories.json", str(tmp_path))).read_bytes())
    assert len(stories["data"]) == 20
    assert "The <b>Snail</b>" in stories["data"][0]


def test_prompt_registry_mirrors_the_files(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    used = [("story@1",), ("story@1", "falcon@1"), ("story@1",)]
    versions = []
    for ids in used:
        monkeypatch.setattr(promotion, "used_by", lambda _, ids=ids: ids)
        tracked.mirror("a model", tmp_path, server)
        with tracking.server(tmp_path, server):
            current = mlflow.genai.load_prompt("prompts:/story-prompt.a-model@current")
        versions.append((current.version, current.tags["prompt"]))
    # The second promotion is undone: the alias goes back, and nothing is registered twice.
    assert versions == [(1, "story@1"), (2, "falcon@1"), (1, "story@1")]
    with tracking.server(tmp_path, server):
        messages = mlflow.genai.load_prompt("story-prompt.a-model", version=1).template
    assert [message["role"] for message in messages[:2]] == ["system", "user"]
    assert "{{idea}}" in messages[-1]["content"]


def test_server_that_does_not_answer_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(ConfigError, match=r"MLflow at http://127\.0\.0\.1:9 .*MLFLOW_TRACKING_URI"):
        tracking.keep("x", Record("x", {}, {}), (), tmp_path, "http://127.0.0.1:9")


def test_nothing_is_kept_where_it_is_off(tmp_path: Path) -> None:
    assert tracking.keep("x", Record("x", {}, {}), (), tmp_path, "off") == "Nothing is kept in MLflow."
    tracked.mirror("fake", tmp_path, "off")
    assert list(tmp_path.iterdir()) == []


def test_unknown_figures_are_left_out() -> None:
    figures = {"rate": Interval(0.5, 0.25, 0.75, 4), "wait": float("inf"), "made": 3, "speed": None}
    assert tracking.numbers(figures) == {"rate": 0.5, "rate_low": 0.25, "rate_high": 0.75, "made": 3.0}
