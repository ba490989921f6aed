"""The command on the profile `aws`: a missing setting is named with how to set it; doctor and voices."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.local_aws import LocalAws
from infra.local_aws.faults import Fault
from tests.command import Done, Stories
from tests.engines.aws.loopback import no_backoff

KEYS = {"AWS_ACCESS_KEY_ID": "AKIANOTREAL", "AWS_SECRET_ACCESS_KEY": "not-a-real-secret"}


def run(stories: Stories, *arguments: str, **environ: str) -> Done:
    """With no AWS settings but those of `environ`."""
    others = {name: value for name, value in stories.environment().items() if not name.startswith("AWS_")}
    no_account = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "none",
        "AWS_SHARED_CREDENTIALS_FILE": "none",
    }
    return stories(*arguments, "--profile", "aws", env={**others, **no_account, **environ})


def settings(aws: LocalAws) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "STORIES_"))}


@pytest.mark.parametrize(
    ("environ", "problem", "named"),
    [
        ({}, "no-bucket", "STORIES_BUCKET"),
        ({"STORIES_BUCKET": "a-bucket"}, "no-region", "AWS_REGION"),
        ({"STORIES_BUCKET": "a-bucket", "AWS_REGION": "eu-west-1"}, "no-credentials", "AWS_PROFILE"),
        (
            {
                "STORIES_BUCKET": "b-b",
                "AWS_REGION": "eu-west-1",
                "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
                **KEYS,
            },
            "unavailable",
            "check the network",
        ),
        ({"STORIES_BUCKET": "a-bucket", "STORIES_URL_SECONDS": "soon"}, "bad-setting", "STORIES_URL_SECONDS"),
    ],
)
def test_a_missing_setting_is_named_with_how_to_set_it(
    stories: Stories, environ: dict[str, str], problem: str, named: str
) -> None:
    done = run(stories, "make", "a shy snail", **environ)
    assert done.problem == problem
    assert named in done.complaints[0]


@pytest.mark.parametrize("endpoint", ["", "no-such-endpoint"])
def test_an_endpoint_that_does_not_exist_is_named(stories: Stories, aws: LocalAws, endpoint: str) -> None:
    done = run(stories, "make", "a shy snail", **{**settings(aws), "STORIES_ENDPOINT": endpoint})
    assert done.problem == "no-endpoint"
    assert "STORIES_ENDPOINT" in done.complaints[0]


def test_a_story_is_made_listed_shown_and_counted_in_the_cost(stories: Stories, aws: LocalAws) -> None:
    done = run(stories, "make", "a shy snail", "--locale", "fr-CA", "--json", **settings(aws))
    (manifest,) = done.manifests
    assert manifest["locale"] == "fr-CA"
    assert manifest["story_id"][:12] in run(stories, "list", **settings(aws)).out
    shown = run(stories, "show", manifest["story_id"][:8], **settings(aws)).out
    assert f"{manifest['mp3']}?" in shown
    assert "X-Amz-Signature=" in shown
    assert "polly/neural/1" in run(stories, "cost", **settings(aws)).out
    assert not stories.out.exists()


def test_doctor_passes_and_then_names_what_is_missing(stories: Stories, aws: LocalAws) -> None:
    ready = run(stories, "doctor", **settings(aws))
    assert (ready.status, "NO " in ready.out) == (0, False)
    lacking = run(stories, "doctor", **{**settings(aws), "STORIES_BUCKET": "no-such-bucket"})
    assert lacking.problem == "not-ready"
    assert "NO  bucket" in lacking.out
    assert "ok  endpoint" in lacking.out


def test_doctor_looks_at_bedrock_s_model_in_the_endpoint_s_place(stories: Stories, aws: LocalAws) -> None:
    bedrock = {**settings(aws), "STORIES_ENDPOINT": "", "STORIES_WRITER": "bedrock"}
    ready = run(stories, "doctor", "--model", "us.amazon.nova-lite-v1:0", **bedrock)
    assert (ready.status, "endpoint" in ready.out) == (0, False)
    assert "ok  model: us.amazon.nova-lite-v1:0 may be called" in ready.out
    # The writer of a local profile.
    local = stories("doctor", env={**stories.environment(), **bedrock})
    assert "NO  model: no model is set" in local.out
    assert "bucket" not in local.out


def test_doctor_that_can_look_at_nothing_fails(stories: Stories, monkeypatch: pytest.MonkeyPatch) -> None:
    """Port 9 of loopback refuses connections."""
    no_backoff(monkeypatch)
    address = {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", **KEYS}
    done = run(stories, "doctor", STORIES_BUCKET="a-bucket", STORIES_ENDPOINT="my-falcon", **address)
    assert done.problem == "not-checked"
    assert "ready for" not in done.err
    assert "could not be looked at: credentials, endpoint, bucket, bucket writable, voices;" in done.err
    assert "?   credentials: not checked: AWS STS cannot be reached" in done.out


def test_doctor_names_what_a_caller_without_iam_leaves_open(stories: Stories, aws: LocalAws) -> None:
    aws.inject("SimulatePrincipalPolicy", Fault("error503", None))
    done = run(stories, "doctor", **settings(aws))
    assert done.status == 0
    assert "ready for --profile aws; not looked at: permissions" in done.err


def test_doctor_without_an_account_checks_weights_and_folders(stories: Stories) -> None:
    done = stories("doctor", "--profile", "draft")
    assert done.problem == "not-ready"
    assert "stories models fetch" in done.out
    assert stories("doctor").status == 0  # the fake profile needs nothing


def test_voices_are_listed_and_refreshed_from_the_service(
    stories: Stories, aws: LocalAws, tmp_path: Path
) -> None:
    assert "Joanna" in run(stories, "voices").out
    old = tmp_path / "voices.toml"
    old.write_text(
        'dated = "2020-01"\n[locales]\nen = "Nobody"\n[[voices]]\nid = "Nobody"\nlanguage = "en-US"\n'
        'engines = ["neural"]\n'
    )
    refreshed = run(stories, "voices", "refresh", **settings(aws), STORIES_VOICES=str(old))
    assert "gone: Nobody" in refreshed.err
    assert f"written to {old}" in refreshed.err
    assert "Joanna" in old.read_text()
    again = run(stories, "voices", "refresh", **settings(aws), STORIES_VOICES=str(old))
    assert "nothing has changed" in again.err
