"""01_deploy_falcon, unpatched, against the local AWS: deployed, used, run again, taken down."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter

from infra.local_aws import LocalAws, jumpstart
from infra.local_aws.hostnames import hostnames
from pipeline.config import env_file
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoint.status import find_endpoint
from pipeline.engines.aws.endpoint.takedown import take_down
from tests.command import ROOT, Stories
from tests.engines.aws.standing import G5, names, stand
from tests.notebooks.running import NotebookFailed, execute

NOTEBOOK = "01_deploy_falcon"
NAME = "mvp-stories-falcon"
PARAMETER = "/test/falcon"
RESOURCE = f"endpoint/{NAME}/variant/AllTraffic"


@dataclass(frozen=True)
class Place:
    """folder: where the notebook runs and writes its .env. environment: the whole of its process's."""

    aws: LocalAws
    folder: Path
    environment: dict[str, str]

    def run(self, **parameters: Any) -> nbformat.NotebookNode:
        usual = {
            "role": jumpstart.role_of(self.aws.account),
            "env_file": str(self.folder / ".env"),
            "look_seconds": 0.2,
            "stories": 2,
        }
        self.aws.reset()
        return execute(NOTEBOOK, usual | parameters, self.folder, self.environment)


@dataclass(frozen=True)
class Run:
    """text: what each cell printed or showed, by its id. created: how often CreateEndpoint was asked for."""

    text: dict[str, str]
    created: int
    standing: dict[str, set[str]]


@pytest.fixture(scope="module")
def place(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Nothing of the notebook's stands; endpoints take two seconds."""
    with pytest.MonkeyPatch.context() as patch, hostnames(local_aws.account) as more:
        patch.setattr(local_aws.options, "endpoint_delay", 2.0)
        patch.setattr(local_aws.options, "quotas", {})
        environment = {**os.environ, **local_aws.environment, **more}
        for name in ("STORIES_ENDPOINT", "AWS_DEFAULT_REGION", env_file.VARIABLE):
            environment.pop(name, None)
        yield Place(local_aws, tmp_path_factory.mktemp("falcon"), environment)


@pytest.fixture(scope="module")
def before(place: Place) -> dict[str, set[str]]:
    return names(place.aws)


@pytest.fixture(scope="module")
def deployed(place: Place, before: dict[str, set[str]]) -> Run:
    (place.folder / ".env").write_text("# mine\nSTORIES_FORMALITY=FORMAL\nSTORIES_ENDPOINT=an-old-one\n")
    return ran(place, autoscale=2, ssm_parameter=PARAMETER)


@pytest.fixture(scope="module")
def cleaned(place: Place, deployed: Run) -> Run:
    """The same notebook again, this time to the end of the endpoint."""
    return ran(place, clean_up=True)


def ran(place: Place, **parameters: Any) -> Run:
    text = texts(place.run(**parameters))
    return Run(text, place.aws.requests("CreateEndpoint"), names(place.aws))


def texts(executed: nbformat.NotebookNode) -> dict[str, str]:
    return {cell.id: shown(cell) for cell in executed.cells if cell.cell_type == "code"}


def shown(cell: nbformat.NotebookNode) -> str:
    """What it printed, and its value as a page or as text."""
    told = []
    for output in cell.outputs:
        data = output.get("data", {})
        told.append(output.get("text") or data.get("text/html") or data.get("text/markdown") or "".join(data))
    return "\n".join(told)


def test_a_bad_parameter_fails_with_its_name_and_what_it_may_be(place: Place) -> None:
    with pytest.raises(NotebookFailed) as raised:
        place.run(endpoint_name="My_Falcon")
    assert raised.value.first_line.startswith("RequestError: endpoint_name = 'My_Falcon': it may be small")
    assert place.aws.requests("*") == 0


def test_a_failure_of_a_hostile_wording_is_only_text(aws: LocalAws, place: Place) -> None:
    place.aws.options.endpoint_failures[NAME] = "<img src=x onerror=alert(1)>"
    try:
        stand(place.aws, NAME)
        with pytest.raises(NotebookFailed) as raised:
            place.run(look_seconds=0.1)
    finally:
        place.aws.options.endpoint_failures.clear()
        take_down(Clients(), NAME, every=0.05)
    assert "has failed: <img" in raised.value.first_line
    executed = nbformat.read(place.folder / f"{NOTEBOOK}.ipynb", as_version=4)
    page, _ = HTMLExporter().from_notebook_node(executed)
    assert "&lt;img src=x" in texts(executed)["looking"]
    assert "<img src=x" not in page


def test_the_deploying_cell_run_alone_and_again_leaves_what_it_made(aws: LocalAws, place: Place) -> None:
    alone = "test-alone"
    cells = nbformat.read(ROOT / "notebooks" / f"{NOTEBOOK}.ipynb", as_version=4).cells
    (source,) = [cell.source for cell in cells if cell.id == "deploy"]
    stand(aws, alone)
    try:
        before = names(aws)
        # What the cells above left when nothing stood; a deployment would need more of the plan.
        known = {
            "find_endpoint": find_endpoint,
            "clients": Clients(),
            "there": None,
            "plan": SimpleNamespace(endpoint_name=alone),
        }
        exec(source, known)
        assert names(aws) == before
    finally:
        take_down(Clients(), alone, every=0.05)


def test_a_quota_of_none_ends_it_before_anything_is_made(place: Place, before: dict[str, set[str]]) -> None:
    place.aws.options.quotas[G5] = 0
    try:
        with pytest.raises(NotebookFailed) as raised:
            place.run()
    finally:
        place.aws.options.quotas.clear()
    told = raised.value.first_line
    assert told.startswith("ConfigError: the quota does not suffice: 0 of 0 instances of ml.g5.2xlarge")
    assert "servicequotas/home/services/sagemaker/quotas/L-9614C779" in told
    assert names(place.aws) == before


def test_falcon_is_deployed_waited_for_and_asked(deployed: Run) -> None:
    assert deployed.created == 1
    assert "1.515 US$ an hour" in deployed.text["looking"]
    assert "0 of 2 instances" in deployed.text["looking"]
    assert "is being created" in deployed.text["wait"]
    assert f":endpoint/{NAME}" in deployed.text["wait"]
    assert "MADE UP" in deployed.text["deploy"]  # what JumpStart says of a model is heard
    assert deployed.text["story"].count("<b>") == 1
    assert "US$ a thousand drafts, us-east-1" in deployed.text["figures"]
    assert "image/png" in deployed.text["plot"]
    assert NAME in deployed.text["running"]
    assert "NOTHING WAS TAKEN DOWN" in deployed.text["take-down"]


def test_all_that_it_makes_has_its_name(deployed: Run, before: dict[str, set[str]]) -> None:
    made = {kind: found - before[kind] for kind, found in deployed.standing.items()}
    assert made == {"endpoints": {NAME}, "configs": {NAME}, "models": {NAME}, "targets": {RESOURCE}}


def test_the_env_file_has_its_name_and_keeps_its_other_lines(deployed: Run, place: Place) -> None:
    assert (place.folder / ".env").read_text().startswith("# mine\nSTORIES_FORMALITY=FORMAL\n")
    assert env_file.read(place.folder / ".env") == {
        "STORIES_FORMALITY": "FORMAL",
        "STORIES_ENDPOINT": NAME,
        "AWS_REGION": "us-east-1",
    }


@pytest.mark.parametrize("more", [{}, {"STORIES_ENDPOINT": f"ssm:{PARAMETER}"}], ids=["env-file", "ssm"])
def test_the_command_writes_with_the_endpoint_that_was_deployed(
    deployed: Run, place: Place, more: dict[str, str]
) -> None:
    bucket = place.aws.make_bucket()
    environment = {**place.environment, **more, "STORIES_BUCKET": bucket, "PYTHONPATH": str(ROOT)}
    place.aws.reset()
    made = Stories(place.folder)("make", "a shy snail", "--profile", "aws", "--json", env=environment)
    assert made.status == 0, made.err
    assert made.manifests[0]["title"]
    assert place.aws.requests("InvokeEndpointWithResponseStream") >= 1


def test_run_again_it_uses_what_is_there(cleaned: Run) -> None:
    assert cleaned.created == 0
    assert "is in service, on 1 x ml.g5.2xlarge" in cleaned.text["looking"]
    assert not cleaned.text["deploy"]


def test_run_again_without_scaling_it_takes_away_what_the_last_run_set(cleaned: Run) -> None:
    assert f"an earlier run let {RESOURCE} have up to 2 instances: no more" in cleaned.text["scale"]
    assert "scaling of" not in cleaned.text["take-down"]


def test_the_clean_up_leaves_nothing_of_it_standing(cleaned: Run, before: dict[str, set[str]]) -> None:
    assert f"deleted: endpoint {NAME}" in cleaned.text["take-down"]
    assert cleaned.standing == before
    assert NAME not in cleaned.text["left"]
