"""Whatever goes wrong: one plain line with a slug, an exit status, no traceback, nothing half-written."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess

import pytest

from pipeline.errors import ConfigError, NotFoundError, RequestError, StoreError
from tests.command import Done, Stories

IDEA = "a shy snail"


def failed(done: Done, problem: str) -> str:
    """Its only line, where everything else is as it should be."""
    assert done.problem == problem
    assert done.out == ""
    return done.complaints[0]


@pytest.mark.parametrize(
    ("problem", "idea"),
    [
        ("empty-idea", " \t "),
        ("long-idea", "a" * 301),
        ("control-characters", "\x1b[31mcat"),
        ("no-words", "🐱🐱"),
        ("unknown-idea-language", "kettu joka pelkää sadetta"),
        ("unsafe-violence", "a bloody massacre"),
    ],
)
def test_a_bad_idea_is_rejected_and_nothing_written(stories: Stories, problem: str, idea: str) -> None:
    failed(stories("make", idea), problem)
    assert not stories.out.exists()


def test_exit_statuses_are_those_of_the_error_classes(stories: Stories) -> None:
    assert stories("make", "!!!").status == RequestError.exit_status
    assert stories("make", IDEA, "--profile", "cloud").status == ConfigError.exit_status
    assert stories("show", "deadbeef").status == NotFoundError.exit_status
    stories.out.write_text("")
    assert stories("make", IDEA).status == StoreError.exit_status


def test_make_needs_either_an_idea_or_an_id(stories: Stories) -> None:
    assert "give either an idea" in failed(stories("make"), "empty-idea")
    failed(stories("make", IDEA, "--id", "abcd"), "empty-idea")


@pytest.mark.parametrize("tag", ["sv", "english", ""])
def test_an_unknown_locale_lists_the_known_ones(stories: Stories, tag: str) -> None:
    line = failed(stories("make", IDEA, "--locale", "fr", "--locale", tag), "unknown-locale")
    assert "there are en, fr, it, es, de, pt, nl, ar" in line
    assert not stories.out.exists()


def test_an_experimental_locale_is_rejected_before_anything_is_fetched(stories: Stories) -> None:
    done = stories("make", IDEA, "--profile", "embedded", "--locale", "ar")
    assert "--experimental" in failed(done, "experimental-locale")
    assert "Fetching" not in done.err
    assert not stories.out.exists()
    assert not stories.models.exists()


@pytest.mark.parametrize("variant", ["-1", str(2**53)])
def test_a_variant_out_of_range_is_rejected(stories: Stories, variant: str) -> None:
    failed(stories("make", IDEA, "--variant", variant), "bad-variant")
    assert not stories.out.exists()


def test_an_unknown_profile_lists_the_known_ones(stories: Stories) -> None:
    line = failed(stories("make", IDEA, "--profile", "cloud"), "unknown-profile")
    assert "draft, embedded, fake" in line


@pytest.mark.parametrize("verb", [["show"], ["play"], ["publish"], ["make", "--id"]])
@pytest.mark.parametrize(
    ("story_id", "problem"), [("zzzz", "bad-id"), ("../../etc", "bad-id"), ("deadbeef", "not-found")]
)
def test_an_id_of_no_story(stories: Stories, verb: list[str], story_id: str, problem: str) -> None:
    failed(stories(*verb, story_id), problem)


@pytest.mark.parametrize("story_id", ["abc", "", "7F8D", "\x1b[31m"])
def test_a_malformed_id_is_rejected(stories: Stories, story_id: str) -> None:
    assert "\x1b" not in failed(stories("show", story_id), "bad-id")


def test_a_file_in_place_of_the_folder_stays_as_it_is(stories: Stories) -> None:
    stories.out.write_text("mine")
    assert "--out" in failed(stories("make", IDEA), "unwritable")
    assert stories.out.read_text() == "mine"


@pytest.mark.parametrize("folder", ["/proc/stories", "o" * 300])
def test_a_folder_that_cannot_be_created(stories: Stories, folder: str) -> None:
    failed(stories("make", IDEA, "--out", folder), "unwritable")


def test_a_disk_that_accepts_no_more_and_then_does(stories: Stories) -> None:
    """The system refuses every file beyond 40 blocks of 512 bytes; the spoken segments are larger."""
    limited = ["sh", "-c", 'ulimit -f 40; exec "$@"', "sh"]
    line = failed(stories.process("make", IDEA, before=limited), "disk-full")
    assert "free some space and run it again" in line
    assert not [name for name in stories.files() if "manifest" in name or ".tmp-" in name]
    assert stories("make", IDEA).status == 0


def test_a_disk_that_is_really_full(stories: Stories) -> None:
    """A tmpfs of 200 kB in a mount namespace of its own, where this system lets one be made."""
    stories.out.mkdir()
    script = 'mount -t tmpfs -o size=200k none "$0" && exec "$@"'
    mounted = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, str(stories.out)]
    if (
        not shutil.which("unshare")
        or subprocess.run([*mounted, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no mount namespaces here; the limit on file sizes above stands for it")
    assert "is full" in failed(stories.process("make", IDEA, before=mounted), "disk-full")


def test_a_damaged_story_is_named(stories: Stories) -> None:
    (manifest,) = stories("make", IDEA, "--json").manifests
    damaged = stories.out / "stories" / manifest["story_id"] / "story.json"
    damaged.write_text("{")
    line = failed(stories("make", IDEA, "--locale", "fr"), "damaged-record")
    assert f"stories/{manifest['story_id']}/story.json" in line
    damaged.unlink()
    assert stories("make", IDEA, "--locale", "fr").status == 0


@pytest.mark.parametrize("model", ["/nowhere.gguf", "./nowhere.GGUF", "./nowhere"])
def test_a_model_that_does_not_exist(stories: Stories, model: str) -> None:
    assert "nowhere" in failed(stories("make", IDEA, "--model", model), "missing-weights")
    assert not [name for name in stories.files() if "manifest" in name]


@pytest.mark.parametrize("content", [b"", b"a text", b"GGUF" + bytes(1000)])
def test_a_file_that_is_no_model(stories: Stories, content: bytes) -> None:
    (stories.directory / "mine.gguf").write_bytes(content)
    assert "mine.gguf" in failed(stories("make", IDEA, "--model", "mine.gguf"), "corrupt-weights")


def test_an_unknown_model_lists_the_known_ones(stories: Stories) -> None:
    assert "smollm2-135m" in failed(stories("make", IDEA, "--model", "gpt"), "unknown-weights")


def test_weights_that_differ_from_the_pinned_ones(stories: Stories) -> None:
    stories.models.mkdir()
    (stories.models / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"GGUF and little more")
    line = failed(stories("make", IDEA, "--model", "smollm2-135m"), "corrupt-weights")
    assert "stories models fetch smollm2-135m --force" in line


def test_no_network_on_first_use(stories: Stories) -> None:
    """The clients of the registries are sent to a port where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
    offline = stories.environment(
        PIP_INDEX_URL=f"{nowhere}/simple", PIP_RETRIES="1", PIP_CONFIG_FILE=os.devnull, UV_INDEX_URL=nowhere
    )
    done = stories("make", IDEA, "--model", "smollm2-135m", env=offline)
    failed(done, "no-network")
    assert "Fetching 1 model, 93 MB in all" in done.err
    assert not list(stories.models.glob("*.gguf"))
