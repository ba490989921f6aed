"""What AWS says of persons, accounts and keys is not repeated."""

from __future__ import annotations

import pytest

from tests.engines.aws.doctor.cloud import NUMBER, REGION, SESSION, Refusal, cloud, found


@pytest.mark.parametrize("operation", ["DescribeEndpoint", "GetPublicAccessBlock", "SimulatePrincipalPolicy"])
def test_neither_names_nor_account_numbers_nor_keys_are_repeated(operation: str) -> None:
    message = (
        f"User: {SESSION} is not authorized to perform: x:Y on resource: "
        f"arn:aws:sagemaker:{REGION}:{NUMBER}:endpoint/e (key AKIAIOSFODNN7EXAMPLE)"
    )
    findings = found(cloud(**{operation: Refusal("AccessDeniedException", 403, message)}))
    everything = " ".join(f"{one.told} {one.todo}" for one in findings.values())
    assert "is not authorized to perform: x:Y" in everything
    for secret in ("caller", NUMBER, "AKIA", "Studio"):
        assert secret not in everything


def test_a_bucket_that_is_called_after_the_account_is_told_whole() -> None:
    """As SageMaker's own default bucket is."""
    never = Refusal("NoSuchPublicAccessBlockConfiguration", 404)
    name = f"sagemaker-{REGION}-{NUMBER}"
    assert f"--bucket {name} " in found(cloud(GetPublicAccessBlock=never), bucket=name)["bucket private"].todo


def test_an_account_number_in_a_sentence_is_cut_short() -> None:
    said = Refusal("AccessDeniedException", 403, f"Endpoint e of account {NUMBER} not found.")
    assert "account …3333 not" in found(cloud(DescribeEndpoint=said))["endpoint"].told


def test_an_identity_that_is_the_last_word_is_not_repeated_either() -> None:
    denied = Refusal("AccessDeniedException", 403, f"ask {SESSION}")
    finding = found(cloud(DescribeEndpoint=denied))["endpoint"]
    assert "caller" not in finding.told
    assert "IAM" in finding.todo
