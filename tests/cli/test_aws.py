"""The command on the profile `aws`: what is missing is named with how to set it; doctor and voices."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.local_aws import LocalAws
from pipeline.cli.exit_codes import STATUS
from tests.command import Done, Stories

KEYS = {"AWS_ACCESS_KEY_ID": "AKIANOTREAL", "AWS_SECRET_ACCESS_KEY": "not-a-real-secret"}


def run(stories: Stories, *arguments: str, **environ: str) -> Done:
    """With no AWS in sight but what `environ` says."""
    mine = {name: value for name, value in stories.environment().items() if not name.startswith("AWS_")}
    nothing = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "none",
        "AWS_SHARED_CREDENTIALS_FILE": "none",
    }
    return stories(*arguments, "--profile", "aws", env={**mine, **nothing, **environ})


def told(aws: LocalAws) -> dict[str, str]:
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
def test_what_is_missing_is_one_line_that_says_how_to_set_it(
    stories: Stories, environ: dict[str, str], problem: str, named: str
) -> None:
    done = run(stories, "make", "a shy snail", **environ)
    (line,) = done.complaints
    assert named in line
    assert done.status == STATUS[problem]
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("endpoint", "named"), [("", "STORIES_ENDPOINT"), ("no-such-endpoint", "STORIES_ENDPOINT")]
)
def test_an_endpoint_that_is_not_there_is_named(
    stories: Stories, aws: LocalAws, endpoint: str, named: str
) -> None:
    done = run(stories, "make", "a shy snail", **{**told(aws), "STORIES_ENDPOINT": endpoint})
    (line,) = done.complaints
    assert named in line
    assert done.status == STATUS["no-endpoint"]


def test_a_story_is_made_listed_shown_and_paid_for(stories: Stories, aws: LocalAws) -> None:
    made = run(stories, "make", "a shy snail", "--locale", "fr-CA", "--json", **told(aws))
    (manifest,) = made.manifests
    assert manifest["locale"] == "fr-CA"
    assert manifest["story_id"][:12] in run(stories, "list", **told(aws)).out
    shown = run(stories, "show", manifest["story_id"][:8], **told(aws)).out
    assert f"{manifest['mp3']}?" in shown
    assert "X-Amz-Signature=" in shown
    assert "polly/neural/1" in run(stories, "cost", **told(aws)).out
    assert not stories.out.exists()


def test_doctor_finds_all_well_and_then_what_is_not(stories: Stories, aws: LocalAws) -> None:
    well = run(stories, "doctor", **told(aws))
    assert (well.status, "NO " in well.out) == (0, False)
    ill = run(stories, "doctor", **{**told(aws), "STORIES_BUCKET": "no-such-bucket"})
    assert ill.status == STATUS["not-ready"]
    assert "NO  bucket" in ill.out
    assert "ok  endpoint" in ill.out


def test_doctor_without_an_account_looks_at_weights_and_folders(stories: Stories) -> None:
    done = stories("doctor", "--profile", "draft")
    assert done.status == STATUS["not-ready"]
    assert "stories models fetch" in done.out
    assert stories("doctor").status == 0  # the fake profile needs nothing


def test_voices_are_shown_and_refreshed_from_the_service(
    stories: Stories, aws: LocalAws, tmp_path: Path
) -> None:
    assert "Joanna" in run(stories, "voices").out
    old = tmp_path / "voices.toml"
    old.write_text(
        'dated = "2020-01"\n[locales]\nen = "Nobody"\n[[voices]]\nid = "Nobody"\nlanguage = "en-US"\n'
        'engines = ["neural"]\n'
    )
    asked = run(stories, "voices", "refresh", **told(aws), STORIES_VOICES=str(old))
    assert "gone: Nobody" in asked.err
    assert f"written to {old}" in asked.err
    assert "Joanna" in old.read_text()
    again = run(stories, "voices", "refresh", **told(aws), STORIES_VOICES=str(old))
    assert "nothing has changed" in again.err
