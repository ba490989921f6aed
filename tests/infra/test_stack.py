"""Deleting a stage's stack: only when its name is typed; its bucket stays."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from infra import stack

_TEMPLATE = {
    "Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "stories-of-test"}}},
    "Outputs": {"BucketName": {"Value": "stories-of-test"}, "ApiUrl": {"Value": "https://api.example/dev/"}},
}

# A region for each test, because moto keeps parts of deleted stacks.
_REGIONS = iter(boto3.Session().get_available_regions("cloudformation"))


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    # Without a reset, which would also empty the local AWS that other tests of this process share.
    aws = mock_aws()
    aws.start(reset=False)
    try:
        session = boto3.Session(region_name=next(_REGIONS))
        client = session.client("cloudformation")
        for stage in stack.STAGES:
            template = json.dumps(_TEMPLATE).replace("stories-of-test", f"stories-of-{stage}")
            client.create_stack(StackName=f"mvp-stories-{stage}", TemplateBody=template)
        yield session
        for stage in stack.STAGES:
            _delete_bucket(session, stage)
    finally:
        aws.stop(remove_data=False)


def _delete_bucket(session: boto3.Session, stage: str) -> None:
    bucket = session.resource("s3").Bucket(f"stories-of-{stage}")
    if bucket.creation_date:
        bucket.object_versions.delete()
        bucket.delete()


def test_nothing_is_deleted_unless_the_name_is_typed(
    session: boto3.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    deleted: list[str] = []
    for answer in ("", "yes", "mvp-stories-prod"):
        with pytest.raises(stack.RefusedError, match="Nothing was deleted"):
            stack.destroy(session, "dev", False, lambda _, answer=answer: answer, deleted.append)
    assert deleted == []
    assert "Stays: the bucket stories-of-dev" in capsys.readouterr().out


def test_a_stack_is_deleted_and_its_stories_stay(
    session: boto3.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    deleted: list[str] = []
    stack.destroy(session, "prod", False, lambda _: "mvp-stories-prod", deleted.append)
    assert deleted == ["mvp-stories-prod"]
    assert "stories-of-prod still exists" in capsys.readouterr().out
    session.client("s3").head_bucket(Bucket="stories-of-prod")


def test_devs_bucket_is_deleted_with_every_version_on_request(session: boto3.Session) -> None:
    s3 = session.client("s3")
    s3.put_bucket_versioning(Bucket="stories-of-dev", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        s3.put_object(Bucket="stories-of-dev", Key="stories/1/story.json", Body=body)
    s3.delete_object(Bucket="stories-of-dev", Key="stories/1/story.json")
    stack.destroy(session, "dev", True, lambda _: "mvp-stories-dev", lambda _: None)
    assert "stories-of-dev" not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}


def test_prods_bucket_is_never_deleted(session: boto3.Session) -> None:
    deleted: list[str] = []
    with pytest.raises(stack.RefusedError, match="dev only"):
        stack.destroy(session, "prod", True, lambda _: "mvp-stories-prod", deleted.append)
    assert deleted == []


def test_a_missing_stack_is_reported(session: boto3.Session) -> None:
    session.client("cloudformation").delete_stack(StackName="mvp-stories-dev")
    with pytest.raises(stack.RefusedError, match="mvp-stories-dev"):
        stack.outputs(session, "mvp-stories-dev")


@pytest.mark.parametrize("verb", [["caller"], ["destroy", "dev"]])
def test_missing_credentials_and_region_are_reported_with_what_to_do(
    verb: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert stack.main(verb) == 1
    assert "AWS_PROFILE" in capsys.readouterr().err
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert stack.main(verb) == 1
    assert "AWS_DEFAULT_REGION" in capsys.readouterr().err
