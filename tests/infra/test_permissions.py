"""Every function behind the policies of template.yaml, which moto's evaluator of IAM reads.

One run for all tests: some 45 calls of handlers with many hundred requests to the local AWS, some seconds.
"""

from __future__ import annotations

import pytest

from infra.local_aws import LocalAws
from infra.local_aws.authorization import Role
from infra.permissions import roles, table
from infra.permissions.calls import observed
from pipeline.storage import keys
from tests.infra.branches import logging_restored


@pytest.fixture(scope="module")
def observations(local_aws: LocalAws) -> dict[str, Role]:
    with logging_restored():
        return observed(local_aws)


def test_every_request_of_a_function_is_allowed(observations: dict[str, Role]) -> None:
    assert table.denied(observations) == []
    assert len(observations) == 6
    assert all(role.needed for role in observations.values())


def test_nothing_more_is_allowed_but_for_a_reason(observations: dict[str, Role]) -> None:
    unused = {
        (name, grant.action, grant.resource)
        for name, role in observations.items()
        for grant, is_used in table.used(role).items()
        if not is_used
    }
    assert [each for each in unused if each[1] not in table.REASONS] == []
    assert {action for _, action, _ in unused} == table.REASONS.keys()


def test_the_table_in_the_documentation_is_current(observations: dict[str, Role]) -> None:
    text = table.FILE.read_text("utf-8")
    assert table.document(text, table.rendered(observations)) == text, "run `make permissions`"


def test_policies_name_only_folders_of_the_store(observations: dict[str, Role]) -> None:
    folders = {
        grant.resource.partition("/")[2].partition("/")[0]
        for role in observations.values()
        for grant in roles.grants(role)
        if grant.resource.startswith("arn:aws:s3:::") and "/" in grant.resource
    }
    # runs/ is of batches, which are no functions.
    assert folders == set(keys.FOLDERS) - {"runs"}
