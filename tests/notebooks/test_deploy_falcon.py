"""01_deploy_falcon, unpatched, against the local AWS: deployed, used, run again, taken down."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local_aws import LocalAws, jumpstart
from infra.local_aws.hostnames import hostnames
from pipeline.config import env_file
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoint.cost_table import cost_rows
from pipeline.engines.aws.endpoint.prices import read_prices
from pipeline.engines.aws.endpoint.status import find_endpoint
from pipeline.engines.aws.endpoint.takedown import take_down
from tests.command import ROOT, Stories
from tests.engines.aws.standing import names, quick, stand
from tests.notebooks.running import code, execute

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

    def run(self, **parameters: Any) -> Executed:
        usual = {
            "role": jumpstart.role_of(self.aws.account),
            "env_file": str(self.folder / ".env"),
            "look_seconds": 0.2,
            "stories": 2,
        }
        self.aws.reset()
        cells = execute(NOTEBOOK, usual | parameters, self.folder, self.environment)
        return Executed(cells, self.aws.requests("CreateEndpoint"), names(self.aws))


@dataclass(frozen=True)
class Executed:
    """cells: what each printed or showed, by its id. created: calls of CreateEndpoint. resources: of AWS."""

    cells: dict[str, str]
    created: int
    resources: dict[str, set[str]]


@pytest.fixture(scope="module")
def place(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """None of the notebook's resources exist yet; endpoints take a second."""
    with pytest.MonkeyPatch.context() as patch, hostnames(local_aws.account) as more:
        patch.setattr(local_aws.options, "endpoint_delay", 1.0)
        patch.setattr(local_aws.options, "quotas", {})
        environment = {**os.environ, **local_aws.environment, **more}
        for name in ("STORIES_ENDPOINT", "AWS_DEFAULT_REGION", env_file.VARIABLE):
            environment.pop(name, None)
        yield Place(local_aws, tmp_path_factory.mktemp("falcon"), environment)


@pytest.fixture(scope="module")
def before(place: Place) -> dict[str, set[str]]:
    return names(place.aws)


@pytest.fixture(scope="module")
def deployed(place: Place, before: dict[str, set[str]]) -> Executed:
    (place.folder / ".env").write_text("# mine\nSTORIES_FORMALITY=FORMAL\nSTORIES_ENDPOINT=an-old-one\n")
    return place.run(autoscale=2, ssm_parameter=PARAMETER)


@pytest.fixture(scope="module")
def cleaned(place: Place, deployed: Executed) -> Executed:
    """The same notebook again, with the clean-up."""
    return place.run(clean_up=True)


def test_falcon_is_deployed_and_writes_a_story(deployed: Executed) -> None:
    cells = deployed.cells
    assert deployed.created == 1
    assert "1.515 US$ an hour" in cells["looking"]
    assert "0 of 2 instances" in cells["looking"]
    assert "MADE UP" in cells["deploy"]  # what JumpStart says of a model is shown
    assert "is being created" in cells["wait"]
    assert f":endpoint/{NAME}" in cells["wait"]
    assert cells["story"].count("<b>") == 1
    assert "US$ a thousand drafts, us-east-1" in cells["figures"]
    assert "image/png" in cells["plot"]
    assert NAME in cells["running"]
    assert "NOTHING WAS TAKEN DOWN" in cells["take-down"]


def test_every_created_resource_has_its_name(deployed: Executed, before: dict[str, set[str]]) -> None:
    created = {kind: resources - before[kind] for kind, resources in deployed.resources.items()}
    assert created == {"endpoints": {NAME}, "configs": {NAME}, "models": {NAME}, "targets": {RESOURCE}}


def test_the_env_file_has_the_endpoint_and_keeps_its_other_lines(deployed: Executed, place: Place) -> None:
    assert (place.folder / ".env").read_text().startswith("# mine\nSTORIES_FORMALITY=FORMAL\n")
    assert env_file.read(place.folder / ".env") == {
        "STORIES_FORMALITY": "FORMAL",
        "STORIES_ENDPOINT": NAME,
        "AWS_REGION": "us-east-1",
    }


@pytest.mark.parametrize("more", [{}, {"STORIES_ENDPOINT": f"ssm:{PARAMETER}"}], ids=["env-file", "ssm"])
def test_the_command_writes_with_the_deployed_endpoint(
    deployed: Executed, place: Place, more: dict[str, str]
) -> None:
    bucket = place.aws.make_bucket()
    environment = {**place.environment, **more, "STORIES_BUCKET": bucket, "PYTHONPATH": str(ROOT)}
    place.aws.reset()
    command = ("make", "a shy snail", "--profile", "aws", "--json", "--env-file", ".env")
    done = Stories(place.folder)(*command, env=environment)
    assert done.status == 0, done.err
    assert done.manifests[0]["title"]
    assert place.aws.requests("InvokeEndpointWithResponseStream") >= 1


def test_a_second_run_uses_the_endpoint_removes_its_scaling_and_takes_it_down(
    cleaned: Executed, before: dict[str, set[str]]
) -> None:
    cells = cleaned.cells
    assert cleaned.created == 0
    assert "is in service, on 1 x ml.g5.2xlarge" in cells["looking"]
    assert not cells["deploy"]
    assert f"an earlier run let {RESOURCE} have up to 2 instances: no more" in cells["scale"]
    assert f"deleted: endpoint {NAME}" in cells["take-down"]
    assert cleaned.resources == before
    assert NAME not in cells["left"]


@pytest.fixture
def standing(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    quick(aws, monkeypatch, 0.05)
    stand(aws, "test-alone")
    yield "test-alone"
    take_down(Clients(), "test-alone", every=0.05)


def test_the_deploying_cell_run_alone_uses_an_existing_endpoint(standing: str, aws: LocalAws) -> None:
    before = names(aws)
    # `endpoint` is as the cells above left it when none existed; a deployment would need more of the plan.
    scope = {
        "find_endpoint": find_endpoint,
        "clients": Clients(),
        "endpoint": None,
        "plan": SimpleNamespace(endpoint_name=standing),
    }
    exec(code(NOTEBOOK, "deploy"), scope)
    assert names(aws) == before


def endpoint(name: str, per_hour: float | None, so_far: float | None) -> Any:
    figures = {"per_hour": lambda _: per_hour, "so_far": lambda _: so_far}
    since = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    return SimpleNamespace(name=name, status="InService", on="1 x ml.g5.2xlarge", since=since, **figures)


def test_the_table_of_running_endpoints_escapes_html() -> None:
    source = code(NOTEBOOK, "running").removesuffix("running_endpoints()")
    scope: dict[str, Any] = {"clients": None, "prices": read_prices()}
    exec(f"import pandas as pd\n{source}", scope)
    scope["list_endpoints"] = lambda _: [endpoint("<img src=x onerror=alert(1)>", 1.515, 3.0)]
    page = scope["running_endpoints"]().to_html()
    assert "&lt;img src=x" in page
    assert "<img" not in page


def test_the_cost_table_sums_several_endpoints_and_marks_unknown_prices() -> None:
    priced, unpriced = endpoint("a", 1.515, 3.0), endpoint("b", None, None)
    assert cost_rows([priced], read_prices()) == [
        ("a", "InService", "1 x ml.g5.2xlarge", "2026-01-02 03:04", "1.515", "3.00")
    ]
    rows = cost_rows([priced, unpriced], read_prices())
    assert rows[1][-2:] == ("?", "?")
    assert rows[2] == ("together", "", "", "", "1.515 + ?", "3.00 + ?")
