"""What `make test-mwaa` installs by: its files fit the project, and the wheel is whole."""

from __future__ import annotations

import re
import tarfile
import zipfile
from pathlib import Path

import pytest
from flit_core.sdist import SdistBuilder
from flit_core.wheel import WheelBuilder

import pipeline
from infra.mwaa.__main__ import HERE, MWAA_HOME, VERSIONS
from tests.infra.cloudformation import ROOT

NOTEBOOK = "pipeline/notebooks/03_review_catalog.ipynb"


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ \\;\n]+)", path.read_text("utf-8"), re.MULTILINE))


def requirements() -> list[str]:
    lines = (HERE / "requirements.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_requirements_name_the_wheel_of_this_version() -> None:
    """MWAA installs a wheel of plugins.zip only where requirements.txt names it."""
    wheel = f"{MWAA_HOME}/plugins/mvp_stories-{pipeline.__version__}-py3-none-any.whl"
    assert [line for line in requirements() if line.endswith(".whl")] == [wheel]


@pytest.mark.parametrize("version", VERSIONS)
def test_each_requirement_has_a_version_by_the_constraints_or_by_our_lock(version: str) -> None:
    constraints = pins(HERE / f"constraints-{version}.txt")
    pinned = pins(HERE / "requirements.txt")
    named = {re.split(r"[=\[]", line)[0] for line in requirements() if not line.startswith("/")}
    assert named - constraints.keys() == pinned.keys() == {"matplotlib", "mutagen", "textstat"}
    ours = pins(ROOT / "requirements.txt")
    assert {name: ours[name] for name in pinned} == pinned
    assert "apache-airflow-providers-amazon" in constraints


@pytest.mark.parametrize("version", VERSIONS)
def test_botocore_of_the_image_is_new_enough(version: str) -> None:
    """1.36 (January 2025) is the first with request_checksum_calculation, which clients.py sets."""
    major, minor, _ = pins(HERE / f"constraints-{version}.txt")["botocore"].split(".")
    assert (int(major), int(minor)) >= (1, 36)


def test_the_wheel_and_the_sdist_bring_the_review_notebook(tmp_path: Path) -> None:
    original = (ROOT / "notebooks/03_review_catalog.ipynb").read_bytes()
    with (tmp_path / "a.whl").open("w+b") as file:
        WheelBuilder.from_ini_path(ROOT / "pyproject.toml", file).build()
    with zipfile.ZipFile(tmp_path / "a.whl") as wheel:
        assert wheel.read(NOTEBOOK) == original
    with tarfile.open(SdistBuilder.from_ini_path(ROOT / "pyproject.toml").build(tmp_path)) as sdist:
        sdist.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.glob("mvp_stories-*/")
    # In an sdist it is a link, as in the checkout; whoever builds a wheel from it needs the target.
    assert (folder / NOTEBOOK).read_bytes() == original


def test_the_operations_page_names_what_mwaa_needs() -> None:
    """The actions: of the Amazon provider's operators (9.25, 9.34) and of the DAG's own deletions."""
    page = (ROOT / "docs/operations.md").read_text("utf-8")
    section = page.partition("## MWAA\n")[2].partition("\n## ")[0]
    actions = (
        "CreateEndpointConfig DescribeEndpointConfig DeleteEndpointConfig CreateEndpoint DescribeEndpoint "
    )
    actions += "DeleteEndpoint AddTags"
    assert [action for action in actions.split() if f"{action}`" not in section] == []
    assert [version for version in VERSIONS if version not in section] == []
    assert requirements()[0] in section
